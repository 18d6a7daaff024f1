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
    // The first a is not read.
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

Tensor recurrence_from_end(const Tensor& a, const Tensor& b, std::int64_t axis) {
  return record(Location::current(), LinearRecurrence(axis, true), a, b);
}

// Element i - 1 or i + 1 of an axis at place i, and `edge` where there is none.
Tensor before(const Tensor& x, std::int64_t axis, double edge) { return pad(slice(x, axis, 0, -1), axis, 1, 0, edge); }
Tensor behind(const Tensor& x, std::int64_t axis, double edge) { return pad(slice(x, axis, 1, {}), axis, 0, 1, edge); }

// y_i = f(x_0, ..., x_i) along an axis. Self gives `id`, `domain`, compute(x, y) and vjp(g, x, y).
template <class Self>
struct Running : Operation<Self> {
  std::int64_t axis;
  explicit Running(std::int64_t axis_) : axis(axis_) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_domain(Self::domain, Self::id, inputs[0], where);
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  bool differentiable() const override { return true; }
  Tensor pullback(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const override {
    return g.size(axis) == 0 ? g : this->self().vjp(g, inputs[0], y);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    this->self().compute(inputs[0], y);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(Self(axis + 1), examples); }
  void describe(Fields& fields) const override { fields("axis", axis); }
};

struct CumProd : Running<CumProd> {
  using Running::Running;
  static constexpr auto id = "cumprod";
  static constexpr Domain domain = Domain::numeric;
  void compute(const View& x, const View& y) const { kernels::cumprod(x, axis, y); }
  // As of y_i = x_i y_(i-1): l_i y_(i-1), with l_i = g_i + x_(i+1) l_(i+1).
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor& y) const {
    return recurrence_from_end(behind(x, axis, 0), g, axis) * before(y, axis, 1);
  }
};

struct ProductOfOthers : Running<ProductOfOthers> {  // y_i = the product of all x_j with j != i
  using Running::Running;
  static constexpr auto id = "product_of_others";
  static constexpr Domain domain = Domain::numeric;
  void compute(const View& x, const View& y) const { kernels::product_of_others(x, axis, y); }
  // y_i = p_i s_i, the products of what is before and behind, p_i = x_(i-1) p_(i-1) and s_i = x_(i+1) s_(i+1). By x_k:
  // p_k r_(k+1) + s_k q_(k-1), with r_i = g_i s_i + x_i r_(i+1) and q_i = g_i p_i + x_i q_(i-1).
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const {
    const Tensor p = before(cumprod(x, axis), axis, 1);
    const Tensor s = flip(before(cumprod(flip(x, axis), axis), axis, 1), axis);
    const Tensor r = recurrence_from_end(x, g * s, axis), q = linear_recurrence(x, g * p, axis);
    return p * behind(r, axis, 0) + s * before(q, axis, 0);
  }
};

// Equal elements share the derivative of the extreme. No element equals a NaN, so 0 / 0 makes the derivative NaN.
template <class Self>
struct RunningExtreme : Running<Self> {
  using Running<Self>::Running;
  static constexpr Domain domain = Domain::numeric;
  void compute(const View& x, const View& y) const { kernels::running_extreme(Self::instruction, x, this->axis, y); }
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor& y) const {
    const std::int64_t along = this->axis;
    const Tensor here = cast(x == y, x.dtype()), last = before(y, along, 0);
    const Tensor count = linear_recurrence(cast(y == last, x.dtype()), here, along);
    return here * recurrence_from_end(cast(y == behind(y, along, 0), x.dtype()), g / count, along);
  }
};
struct CumMax : RunningExtreme<CumMax> {
  using RunningExtreme::RunningExtreme;
  static constexpr auto id = "cummax";
  static constexpr auto instruction = Instruction::max;
};
struct CumMin : RunningExtreme<CumMin> {
  using RunningExtreme::RunningExtreme;
  static constexpr auto id = "cummin";
  static constexpr auto instruction = Instruction::min;
};

// a - b for a <= b; where both are infinite, 0 or, of numbers whose e^x is 0, -inf.
Tensor below(const Tensor& a, const Tensor& b) { return where(logical_and(a == b, isinf(a)), minimum(a, 0), a - b); }

struct LogCumSumExp : Running<LogCumSumExp> {  // y_i = log(e^x_0 + ... + e^x_i)
  using Running::Running;
  static constexpr auto id = "logcumsumexp";
  static constexpr Domain domain = Domain::floating;
  void compute(const View& x, const View& y) const { kernels::logcumsumexp(x, axis, y); }
  // The sum of g_i e^(x_k - y_i) for i >= k is e^(x_k - y_k) l_k, with l_k = g_k + e^(y_k - y_(k+1)) l_(k+1): no power
  // is above 1.
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor& y) const {
    const Tensor next = concat({slice(y, axis, 1, {}), slice(y, axis, -1, {})}, axis);
    return exp(below(x, y)) * recurrence_from_end(exp(below(y, next)), g, axis);
  }
};

template <class P>
Tensor record_running(const Operand& x, std::int64_t axis) {
  const Tensor input = x.tensor();
  return record(x.where(), P(normalise_axis(axis, input.ndim(), P::id, x.where())), input);
}

}  // namespace

Tensor linear_recurrence(const Operand& a, const Operand& b, std::int64_t axis) {
  const CallScope scope("linear_recurrence", a.where());
  auto [factor, term] = broadcast_together("linear_recurrence", a, b);
  axis = normalise_axis(axis, factor.ndim(), "linear_recurrence", a.where());
  return record(a.where(), LinearRecurrence(axis, false), std::move(factor), std::move(term));
}

Tensor cumprod(const Operand& operand, std::int64_t axis) {
  const Tensor x = is_mask(operand) ? cast(operand, int64) : operand.tensor();
  return record_running<CumProd>(Operand(x, operand.where()), axis);
}
Tensor product_of_others(const Operand& x, std::int64_t axis) { return record_running<ProductOfOthers>(x, axis); }

Tensor cummax(const Operand& x, std::int64_t axis) { return record_running<CumMax>(x, axis); }
Tensor cummin(const Operand& x, std::int64_t axis) { return record_running<CumMin>(x, axis); }
Tensor logcumsumexp(const Operand& x, std::int64_t axis) { return record_running<LogCumSumExp>(x, axis); }

}  // namespace xgrad
