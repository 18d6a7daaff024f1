#include "autograd/ops/reduce.hpp"

#include <bit>
#include <vector>

#include "autograd/ops/create.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/scans.hpp"

namespace xgrad {

namespace {

// y = f over axes, which stay with size 1. Self gives `id`, `instruction` and vjp(g, x, y).
template <class Self>
struct Reduction : Operation<Self> {
  static constexpr DType of_mask = float32;    // the dtype in which a mask is reduced
  static constexpr DType from_mask = boolean;  // the dtype of the result then
  AxisSet axes;
  explicit Reduction(AxisSet set) : axes(set) {}

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_domain(Domain::numeric, Self::id, inputs[0], where);
    return {reduced_shape(inputs[0].shape(), axes), inputs[0].dtype()};
  }
  bool differentiable() const override { return true; }
  Tensor pullback(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const override {
    return this->self().vjp(g, inputs[0], y);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::reduce(Self::instruction, inputs[0], axes, y);
  }
  Lowering lower() const override {
    return {.kind = Lowering::Kind::reduction,
            .instruction = Self::instruction,
            .moves = Self::instruction == Instruction::sum,
            .axes = axes};
  }
  Tensor batched(const Examples& examples) const override { return record_spread(Self(behind_front(axes)), examples); }
  void describe(Fields& fields) const override { fields("axes", axes); }
};

struct Sum : Reduction<Sum> {
  using Reduction::Reduction;
  static constexpr auto id = "sum";
  static constexpr auto instruction = Instruction::sum;
  static constexpr DType of_mask = float64;  // counts to 2^53
  static constexpr DType from_mask = int64;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const { return broadcast_to(g, x.shape()); }
};

struct Prod : Reduction<Prod> {
  using Reduction::Reduction;
  static constexpr auto id = "prod";
  static constexpr auto instruction = Instruction::prod;
  static constexpr DType from_mask = int64;
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor&) const {
    if (x.numel() == 0) return zeros_like(x);
    const std::int64_t first = std::countr_zero(axes.mask()), last = 63 - std::countl_zero(axes.mask());
    const bool neighbours = last - first + 1 == std::popcount(axes.mask());
    return broadcast_to(g, x.shape()) * (neighbours ? others_along(x, first, last) : others_apart(x));
  }

 private:
  // The product of the others along adjacent axes, which are joined.
  static Tensor others_along(const Tensor& x, std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> sizes(x.shape().begin(), x.shape().begin() + first);
    sizes.push_back(-1);
    sizes.insert(sizes.end(), x.shape().begin() + last + 1, x.shape().end());
    return reshape(product_of_others(reshape(x, sizes), first), x.shape());
  }
  Tensor others_apart(const Tensor& x) const {
    std::vector<std::int64_t> order, reduced, back(static_cast<std::size_t>(x.ndim()));
    for (std::int64_t axis = 0; axis < x.ndim(); ++axis) (axes.contains(axis) ? reduced : order).push_back(axis);
    const auto first = std::ssize(order);
    order.insert(order.end(), reduced.begin(), reduced.end());
    for (std::size_t i = 0; i < order.size(); ++i)
      back[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
    return permute(others_along(permute(x, order), first, x.ndim() - 1), back);  // the reduced axes last
  }
};

// Equal extremes share the cotangent evenly. No element equals a NaN extreme, so 0 / 0 makes its derivative NaN.
template <class Self>
struct Extreme : Reduction<Self> {
  using Reduction<Self>::Reduction;
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    const Shape& shape = inputs[0].shape();
    for (std::int64_t axis = 0; axis < shape.ndim(); ++axis)
      check<ValueError>(!this->axes.contains(axis) || shape[axis] > 0, where, Self::id, ": axis ", axis, " of ",
                        xgrad::describe(inputs[0]), " has no elements");
    return Reduction<Self>::infer(inputs, where);
  }
  Tensor vjp(const Tensor& g, const Tensor& x, const Tensor& y) const {
    const Tensor here = cast(x == broadcast_to(y, x.shape()), x.dtype());
    return here * broadcast_to(g / record(Location::current(), Sum(this->axes), here), x.shape());
  }
};

struct Max : Extreme<Max> {
  using Extreme::Extreme;
  static constexpr auto id = "max";
  static constexpr auto instruction = Instruction::max;
};
struct Min : Extreme<Min> {
  using Extreme::Extreme;
  static constexpr auto id = "min";
  static constexpr auto instruction = Instruction::min;
};

// The index of the extreme, which has no derivative.
template <class Self>
struct ArgExtreme : Operation<Self> {
  std::int64_t axis;
  explicit ArgExtreme(std::int64_t axis_) : axis(axis_) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_domain(Domain::numeric, Self::id, inputs[0], where);
    Shape shape = inputs[0].shape();
    check<ValueError>(shape[axis] > 0, where, Self::id, ": axis ", axis, " of ", xgrad::describe(inputs[0]),
                      " has no elements");
    shape[axis] = 1;
    return {shape, int64};
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::arg_extreme(Self::instruction, inputs[0], axis, y);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(Self(axis + 1), examples); }
  void describe(Fields& fields) const override { fields("axis", axis); }
};

struct ArgMax : ArgExtreme<ArgMax> {
  using ArgExtreme::ArgExtreme;
  static constexpr auto id = "argmax";
  static constexpr auto instruction = Instruction::max;
};
struct ArgMin : ArgExtreme<ArgMin> {
  using ArgExtreme::ArgExtreme;
  static constexpr auto id = "argmin";
  static constexpr auto instruction = Instruction::min;
};

struct CumSum : Operation<CumSum> {  // y_i = x_0 + ... + x_i
  static constexpr auto id = "cumsum";
  std::int64_t axis;
  bool reverse;
  CumSum(std::int64_t axis_, bool reverse_) : axis(axis_), reverse(reverse_) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_domain(Domain::numeric, id, inputs[0], where);
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const {
    return cumsum(g, axis, !reverse);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::cumsum(inputs[0], axis, reverse, y);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(CumSum(axis + 1, reverse), examples); }
  Lowering lower() const override { return {.moves = true}; }
  void describe(Fields& fields) const override {
    fields("axis", axis);
    fields("reverse", reverse);
  }
};

template <class P>
Tensor record_reduction(const Operand& x, const Axes& axes, KeepDims keep) {
  const Location& where = x.where();
  if (is_mask(x)) {  // reduced as zeros and ones, fused with what made the mask
    const CallScope scope(P::id, where);
    return cast(record_reduction<P>(cast(x, P::of_mask), axes, keep), P::from_mask);
  }
  const Tensor input = x.tensor();
  const AxisSet set = normalise_axes(axes, input.ndim(), P::id, where);
  if (set.empty() && input.numel() > 0) {
    check_domain(Domain::numeric, P::id, input, where);
    return input;
  }
  const Tensor kept = record(where, P(set), input);
  return keep == KeepDims::yes ? kept : reshape(Operand(kept, where), without_axes(input.shape(), set));
}

template <class P>
Tensor record_arg(const Operand& x, std::int64_t axis, KeepDims keep) {
  const Location& where = x.where();
  const Tensor input = is_mask(x) ? cast(x, float32) : x.tensor();
  const Tensor kept = record(where, P(normalise_axis(axis, input.ndim(), P::id, where)), input);
  return keep == KeepDims::yes ? kept : squeeze(Operand(kept, where), axis);
}

}  // namespace

Tensor sum(const Operand& x, const Axes& axes, KeepDims keep) { return record_reduction<Sum>(x, axes, keep); }
Tensor prod(const Operand& x, const Axes& axes, KeepDims keep) { return record_reduction<Prod>(x, axes, keep); }
Tensor max(const Operand& x, const Axes& axes, KeepDims keep) { return record_reduction<Max>(x, axes, keep); }
Tensor min(const Operand& x, const Axes& axes, KeepDims keep) { return record_reduction<Min>(x, axes, keep); }
Tensor argmax(const Operand& x, std::int64_t axis, KeepDims keep) { return record_arg<ArgMax>(x, axis, keep); }
Tensor argmin(const Operand& x, std::int64_t axis, KeepDims keep) { return record_arg<ArgMin>(x, axis, keep); }

Tensor cumsum(const Operand& x, std::int64_t axis, bool reverse) {
  const Tensor input = is_mask(x) ? cast(x, int64) : x.tensor();
  return record(x.where(), CumSum(normalise_axis(axis, input.ndim(), "cumsum", x.where()), reverse), input);
}

}  // namespace xgrad
