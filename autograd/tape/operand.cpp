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

Tensor Operand::other_tensor() const {
  if (parameter_ && parameter_->defined()) return *parameter_;
  check<GraphError>(is_number(), where_, "an operand is an undefined Tensor");
  return full({}, scalar_, scalar_.is_whole() ? int64 : float32, where_);
}

void Operand::check_beside(const Tensor& other) const {
  check<DTypeError>(other.dtype() != boolean, where_, "the number ", number(), " stands beside ", describe(other));
  check<DTypeError>(scalar_.is_whole(), where_, "the number ", number(),
                    number() == std::floor(number()) && std::abs(number()) < 1e15 ? ".0" : "", " has a point, beside ",
                    describe(other), "; cast that to a floating dtype");
}

Tensor Operand::number_like(const Tensor& other) const {
  if (!is_floating(other.dtype())) [[unlikely]]
    check_beside(other);
  return full(other.shape(), scalar_, other.dtype(), where_);
}

std::pair<Tensor, Tensor> tensors_of(const Operand& a, const Operand& b) {
  if (b.is_number() && !a.is_whole_number()) {
    Tensor first = a.tensor(), second = b.tensor_like(first);
    return {std::move(first), std::move(second)};
  }
  Tensor second = b.tensor(), first = a.tensor_like(second);
  return {std::move(first), std::move(second)};
}

Tensor full(const Shape& shape, AnyNumber value, DType dtype, const Location& where) {
  if (dtype == int64 && !value.is_whole()) {
    const double number = value.number();
    check<ValueError>(std::abs(number) <= exact_limit && number == std::floor(number), where, "full: ", number,
                      " is not exact as int64 number");
    value = static_cast<std::int64_t>(number);
  }
  return record(where, Full(value, shape, dtype));
}

}  // namespace xgrad
