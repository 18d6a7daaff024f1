#include "autograd/ops/scans.hpp"

#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad {

namespace {

struct LinearRecurrence : Operation<LinearRecurrence> {  // y_i = a_i y_(i-1) + b_i, or y_i = a_i y_(i+1) + b_i
  static constexpr auto id = "linear_recurrence";
  std::int64_t axis;
  bool reverse;
  LinearRecurrence(std::int64_t axis_, bool reverse_) : axis(axis_), reverse(reverse_) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_dtypes(id, inputs[0], inputs[1], where);
    check_domain(Domain::numeric, id, inputs[0], where);
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  // The cotangents of b are l_i = g_i + a_(i+1) l_(i+1), those of a are l_i y_(i-1).
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    const Tensor& a = inputs[0];
    if (a.size(axis) == 0) return g;
    const Tensor factors = reverse ? pad(a, axis, 1, -1) : pad(a, axis, -1, 1);
    const Tensor all = record(Location::current(), LinearRecurrence(axis, !reverse), factors, g);
    if (input == 1) return all;
    // Where y begins, a is not read.
    return reverse ? pad(slice(all, axis, 0, -1) * slice(y, axis, 1, {}), axis, 0, 1)
                   : pad(slice(all, axis, 1, {}) * slice(y, axis, 0, -1), axis, 1, 0);
  }
  Tensor batched(const Examples& examples) const override {
    return record_spread(LinearRecurrence(axis + 1, reverse), examples);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::linear_recurrence(inputs[0], inputs[1], axis, reverse, y);
  }
  void describe(Fields& fields) const override {
    fields("axis", axis);
    fields("reverse", reverse);
  }
};

using Join = Tensor (*)(const Operand&, const Operand&);

// Each element takes in the results of 1, 2, 4, ... elements before it; where there are none, it stays.
Tensor scanned(const Tensor& x, std::int64_t axis, Join join) {
  const std::int64_t size = x.size(axis);
  Tensor result = x;
  for (std::int64_t shift = 1; shift < size; shift *= 2) {
    const Tensor later = slice(result, axis, shift, {}), before = slice(result, axis, 0, size - shift);
    result = concat({slice(result, axis, 0, shift), join(before, later)}, axis);
  }
  return result;
}

Tensor scan(const Operand& operand, std::int64_t axis, const char* call, Join join) {
  const CallScope scope(call, operand.where());
  const Tensor x = operand.tensor();
  check<DTypeError>(x.dtype() != boolean, operand.where(), call, ": needs numbers, got ", describe(x));
  return scanned(x, normalise_axis(axis, x.ndim(), call, operand.where()), join);
}

}  // namespace

Tensor linear_recurrence(const Operand& a, const Operand& b, std::int64_t axis) {
  const CallScope scope("linear_recurrence", a.where());
  auto [factor, term] = broadcast_together("linear_recurrence", a, b);
  axis = normalise_axis(axis, factor.ndim(), "linear_recurrence", a.where());
  return record(a.where(), LinearRecurrence(axis, false), std::move(factor), std::move(term));
}

Tensor cumprod(const Operand& operand, std::int64_t axis) {
  const CallScope scope("cumprod", operand.where());
  const Tensor x = is_mask(operand) ? cast(operand, int64) : operand.tensor();
  axis = normalise_axis(axis, x.ndim(), "cumprod", operand.where());
  if (x.size(axis) == 0) return x;
  const Tensor first = pad(slice(x, axis, 0, 1), axis, 0, x.size(axis) - 1);
  return record(operand.where(), LinearRecurrence(axis, false), x, first);
}

Tensor cummax(const Operand& x, std::int64_t axis) { return scan(x, axis, "cummax", maximum); }
Tensor cummin(const Operand& x, std::int64_t axis) { return scan(x, axis, "cummin", minimum); }
Tensor logcumsumexp(const Operand& x, std::int64_t axis) {
  check_domain(Domain::floating, "logcumsumexp", x.tensor(), x.where());
  return scan(x, axis, "logcumsumexp", logaddexp);
}

}  // namespace xgrad
