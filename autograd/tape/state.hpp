#pragma once

#include <string>
#include <vector>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// One named piece of an object's state.
struct NamedTensor {
  std::string name;
  Tensor value;
};

/// A Parameter of a model, with its name there: `hidden.weight`.
struct NamedParameter {
  std::string name;
  Parameter parameter;
};

/// Something whose state can be saved and loaded: a model, an optimiser.
class Stateful {
 public:
  virtual ~Stateful() = default;

  /// Everything to save, in a fixed order; names are unique.
  virtual std::vector<NamedTensor> state() const = 0;
  /// Takes over a saved state, in any order. When it does not fit, throws one FormatError that lists all differences
  /// (missing, unexpected, another shape, another dtype) and changes nothing.
  virtual void load_state(const std::vector<NamedTensor>& saved, const Location& where = Location::current()) = 0;

 protected:
  Stateful() = default;
  Stateful(const Stateful&) = default;
  Stateful(Stateful&&) = default;
  Stateful& operator=(const Stateful&) = default;
  Stateful& operator=(Stateful&&) = default;
};

/// The saved values in the order of `expected`; FormatError listing all differences in names, shapes and dtypes.
std::vector<Tensor> match_state(const std::vector<NamedTensor>& expected, const std::vector<NamedTensor>& saved,
                                const char* operation, const Location& where);

}  // namespace xgrad
