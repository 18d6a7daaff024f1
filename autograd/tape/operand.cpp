#include "autograd/tape/operand.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/tape/full.hpp"
#include "autograd/tape/parameter.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {
constexpr double exact_limit = 9007199254740992.0;  // 2^53: whole numbers up to here are exact as doubles
}

Operand::Operand(const Parameter& parameter, const Location& where) noexcept : where_(where) {
  static const Tensor undefined;
  tensor_ = parameter.defined() ? &parameter.value() : &undefined;
}

Tensor Operand::number_tensor() const {
  check<GraphError>(is_number(), where_, "an operand is an undefined Tensor");
  return full({}, number_, whole_ ? int64 : float32, where_);
}

Tensor Operand::number_like(const Tensor& other) const {
  check<DTypeError>(other.dtype() != boolean, where_, "the number ", number_, " stands beside ", describe(other));
  check<DTypeError>(other.dtype() != int64 || whole_, where_, "the number ", number_, " is not whole, beside ",
                    describe(other));
  return full(other.shape(), number_, other.dtype(), where_);
}

Tensor full(const Shape& shape, double value, DType dtype, const Location& where) {
  check<ValueError>(dtype != int64 || std::abs(value) <= exact_limit, where, "full: ", value,
                    " is not exact as int64 number");
  return record(where, Full(value, shape, dtype));
}

}  // namespace xgrad
