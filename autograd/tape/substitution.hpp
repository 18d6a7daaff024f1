#pragma once

#include <span>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// While a Substitution lives, Parameters hold other Tensors with their history, so that derivatives flow through them
/// to what these were computed from. Afterwards the Parameters hold their own values again, frozen if they were frozen
/// in between; a Parameter that was assigned holds that value from then on. Of several Substitutions the latest counts.
/// As with every change of a Parameter, no other thread may use them meanwhile.
class Substitution {
 public:
  /// ValueError for another number of values, GraphError, ShapeError or DTypeError for one that is not like its
  /// Parameter.
  Substitution(std::span<const Parameter> parameters, std::span<const Tensor> values,
               const Location& where = Location::current());
  ~Substitution();
  Substitution(const Substitution&) = delete;
  Substitution& operator=(const Substitution&) = delete;

 private:
  std::vector<Parameter> parameters_;
};

}  // namespace xgrad
