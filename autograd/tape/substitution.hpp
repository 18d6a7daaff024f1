#pragma once

#include <span>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// While it lives, Parameters hold other Tensors, and these with their history: what is recorded meanwhile is a
/// function of those, through which derivatives flow. Afterwards they hold what they held, frozen if they were frozen
/// in between, but for those that were assigned: these hold what they were given, from then on. Of several
/// Substitutions the latest counts. As with every change of a Parameter, no other thread may use them meanwhile.
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
