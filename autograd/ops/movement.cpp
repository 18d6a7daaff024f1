#include "autograd/ops/movement.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "autograd/core/access.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/ops/operand_tensor.hpp"
#include "autograd/ops/pieces.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

struct Reshape : Operation<Reshape> {  // the same elements under another shape
  static constexpr auto id = "reshape";
  Shape shape;
  explicit Reshape(const Shape& to) : shape(to) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override { return {shape, inputs[0].dtype()}; }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return reshape(g, inputs[0].shape());
  }
  void run(std::span<const View>, const View&, const Location&) const override {}  // shares the input's elements
  Lowering lower() const override { return {.kind = Lowering::Kind::alias, .moves = true}; }
  Tensor batched(const Examples& examples) const override { return reshape(examples.inputs[0], examples.shape()); }
  void describe(Fields&) const override {}  // the result's shape says it
};

struct BroadcastTo : Operation<BroadcastTo> {  // axes of size 1 repeated
  static constexpr auto id = "broadcast_to";
  Shape shape;
  explicit BroadcastTo(const Shape& to) : shape(to) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_shape(shape, item_size(inputs[0].dtype()), id, where);
    return {shape, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    std::vector<std::int64_t> repeated;
    for (std::int64_t axis = 0; axis < shape.ndim(); ++axis)
      if (inputs[0].shape()[axis] != shape[axis]) repeated.push_back(axis);
    return sum(g, repeated, keep_dims);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::broadcast(inputs[0], y);
  }
  bool move(Access& x) const override {
    x.broadcast(shape);
    return true;
  }
  Lowering lower() const override { return {.kind = Lowering::Kind::broadcast, .moves = true}; }
  Tensor batched(const Examples& examples) const override { return broadcast_to(examples.inputs[0], examples.shape()); }
  void describe(Fields&) const override {}  // the result's shape says it
};

// Whether an entry is the product of two repeated factors, as the derivative of a weight is for one example. Then the
// factors are permuted before they are repeated, instead of the product.
bool is_outer_product(const Entry& entry) {
  const auto is_repeated = [](const Tensor& x) { return x.entry()->kind == Lowering::Kind::broadcast; };
  return entry.instruction == Instruction::mul && entry.input_count == 2 && is_repeated(entry.input(0)) &&
         is_repeated(entry.input(1)) && entry.tracked == (entry.input(0).tracked() || entry.input(1).tracked());
}
Tensor permuted_factor(const Tensor& product, std::size_t i, const std::vector<std::int64_t>& axes) {
  const Tensor& repeated = product.entry()->input(i);
  const Tensor& factor = repeated.entry()->input_count == 1 ? repeated.entry()->input(0) : repeated;
  return permute(factor, axes);
}

struct Permute : Operation<Permute> {  // output axis i is input axis order[i]
  static constexpr auto id = "permute";
  Shape order;
  explicit Permute(const Shape& axes) : order(axes) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    Shape shape = order;
    for (std::int64_t& size : std::span(shape.data(), static_cast<std::size_t>(shape.ndim())))
      size = inputs[0].shape()[size];
    return {shape, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const {
    Shape back = order;
    for (std::int64_t axis = 0; axis < order.ndim(); ++axis) back[order[axis]] = axis;
    return record(Location::current(), Permute(back), g);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::permute(inputs[0], order, y);
  }
  Lowering lower() const override {
    bool swapped = order.ndim() >= 2;
    for (std::int64_t axis = 0; axis < order.ndim(); ++axis) {
      const std::int64_t last = order.ndim() - 1, want = axis == last ? last - 1 : axis == last - 1 ? last : axis;
      swapped = swapped && order[axis] == want;
    }
    return {.kind = swapped ? Lowering::Kind::transposition : Lowering::Kind::strided, .moves = true};
  }
  bool move(Access& x) const override {
    x.permute(order);
    return true;
  }
  Tensor batched(const Examples& examples) const override {
    std::vector<std::int64_t> axes{0};
    for (const std::int64_t axis : order) axes.push_back(axis + 1);
    const Tensor& x = examples.inputs[0];
    if (!is_outer_product(*x.entry())) return permute(x, axes);
    return broadcast_to(mul(permuted_factor(x, 0, axes), permuted_factor(x, 1, axes)), examples.shape());
  }
  void describe(Fields& fields) const override { fields("order", order); }
};

struct Slice : Operation<Slice> {  // y_i = x_(start + i step) along an axis
  static constexpr auto id = "slice";
  std::int64_t axis, start, step, count;
  Slice(std::int64_t axis_, std::int64_t start_, std::int64_t step_, std::int64_t count_)
      : axis(axis_), start(start_), step(step_), count(count_) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    Shape shape = inputs[0].shape();
    shape[axis] = count;
    return {shape, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    const std::int64_t covered = count == 0 ? 0 : (count - 1) * step + 1;
    return pad(g, axis, start, inputs[0].size(axis) - start - covered, 0, step - 1);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::slice(inputs[0], axis, start, step, y);
  }
  Tensor batched(const Examples& examples) const override {
    return record_spread(Slice(axis + 1, start, step, count), examples);
  }
  Lowering lower() const override { return {.kind = Lowering::Kind::shifted, .moves = true}; }
  bool move(Access& x) const override {
    x.slice(axis, start, step, count);
    return true;
  }
  void describe(Fields& fields) const override {
    fields("axis", axis);
    fields.dynamic("start", start);
    fields("step", step);
    fields("count", count);
  }
};

struct Pad : Operation<Pad> {  // y_(before + i (interior + 1)) = x_i along an axis, else value
  static constexpr auto id = "pad";
  std::int64_t axis, before, after, interior;
  double value;
  Pad(std::int64_t axis_, std::int64_t before_, std::int64_t after_, std::int64_t interior_, double value_)
      : axis(axis_), before(before_), after(after_), interior(interior_), value(value_) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    Shape shape = inputs[0].shape();
    const std::int64_t size = shape[axis];
    std::int64_t covered = 0;
    const bool fits = interior < std::numeric_limits<std::int64_t>::max() &&
                      (size == 0 || (!__builtin_mul_overflow(size - 1, interior + 1, &covered) &&
                                     !__builtin_add_overflow(covered, std::int64_t{1}, &covered)));
    std::int64_t padding = 0;
    check<LimitError>(fits && !__builtin_add_overflow(before, after, &padding) &&
                          !__builtin_add_overflow(covered, padding, &shape[axis]),
                      where, "pad: the size of axis ", axis, " overflows");
    check_shape(shape, item_size(inputs[0].dtype()), id, where);
    return {shape, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return record(Location::current(), Slice(axis, before, interior + 1, inputs[0].size(axis)), g);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::pad(inputs[0], axis, before, interior, value, y);
  }
  Tensor batched(const Examples& examples) const override {
    return record_spread(Pad(axis + 1, before, after, interior, value), examples);
  }
  Lowering lower() const override {
    return {.kind = interior == 0 ? Lowering::Kind::shifted : Lowering::Kind::opaque, .moves = true};
  }
  bool move(Access& x) const override { return x.pad(axis, before, after, value); }
  void describe(Fields& fields) const override {
    fields("axis", axis);
    fields.dynamic("before", before);
    fields.dynamic("after", after);
    fields("interior", interior);
    fields("value", value);
  }
};

struct Flip : Operation<Flip> {  // axes reversed
  static constexpr auto id = "flip";
  AxisSet axes;
  explicit Flip(AxisSet set) : axes(set) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const {
    return record(Location::current(), Flip(axes), g);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::flip(inputs[0], axes, y);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(Flip(behind_front(axes)), examples); }
  Lowering lower() const override { return {.kind = Lowering::Kind::shifted, .moves = true}; }
  bool move(Access& x) const override {
    for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(x.axes.size()); ++axis)
      if (axes.contains(axis)) x.flip(axis);
    return true;
  }
  void describe(Fields& fields) const override { fields("axes", axes); }
};

}  // namespace

std::optional<Piece> piece_of(const Tensor& x) {
  const auto* pad = dynamic_cast<const Pad*>(x.entry()->primitive);
  if (!pad || pad->interior != 0 || pad->value != 0 || x.entry()->input_count != 1) return {};
  return Piece{x.entry()->input(0), pad->axis, pad->before};
}

Tensor reshape(const Operand& x, const Shape& shape) {
  const Location& where = x.where();
  OperandTensor held(x);
  const Tensor& input = *held;
  Shape to = shape;
  std::int64_t inferred = -1;
  for (std::int64_t axis = 0; axis < to.ndim(); ++axis) {
    if (to[axis] != -1) continue;
    check<ShapeError>(inferred < 0, where, "reshape: more than one size is -1 in ", shape);
    inferred = axis;
    to[axis] = 1;
  }
  check_shape(to, item_size(input.dtype()), "reshape", where);
  if (inferred >= 0) {
    const std::int64_t others = to.numel();
    check<ShapeError>(others > 0 && input.numel() % others == 0, where, "reshape: the size -1 in ", shape,
                      " cannot be inferred for ", describe(input));
    to[inferred] = input.numel() / others;
  }
  if (to == input.shape()) return held.take();
  check<ShapeError>(to.numel() == input.numel(), where, "reshape: ", describe(input), " has ", input.numel(),
                    " elements, shape ", shape, " has ", to.numel());
  return record(where, Reshape(to), held.take());
}

Tensor permute(const Operand& x, const std::vector<std::int64_t>& order) {
  const Location& where = x.where();
  OperandTensor held(x);
  const Tensor& input = *held;
  check<AxisError>(static_cast<std::int64_t>(order.size()) == input.ndim(), where, "permute: ", order.size(),
                   " axes are given for ", describe(input));
  normalise_axes(order, input.ndim(), "permute", where);
  Shape axes(order);
  bool moved = false;
  for (std::int64_t i = 0; i < axes.ndim(); ++i) {
    axes[i] = axes[i] < 0 ? axes[i] + input.ndim() : axes[i];
    moved = moved || axes[i] != i;
  }
  return moved ? record(where, Permute(axes), held.take()) : held.take();
}

Tensor transpose(const Operand& x, std::int64_t axis0, std::int64_t axis1) {
  OperandTensor held(x);
  const Tensor& input = *held;
  const std::int64_t a = normalise_axis(axis0, input.ndim(), "transpose", x.where());
  const std::int64_t b = normalise_axis(axis1, input.ndim(), "transpose", x.where());
  if (a == b) return held.take();
  Shape order = input.shape();
  std::iota(order.data(), order.data() + order.ndim(), 0);
  std::swap(order[a], order[b]);
  return record(x.where(), Permute(order), held.take());
}

Tensor broadcast_to(const Operand& x, const Shape& shape) {
  const Location& where = x.where();
  OperandTensor held(x);
  const Tensor& input = *held;
  if (input.shape() == shape) return held.take();
  const std::int64_t added = shape.ndim() - input.ndim();
  check<ShapeError>(added >= 0, where, "broadcast_to: ", describe(input), " has more axes than ", shape);
  Shape to = shape, padded = Shape::filled(shape.ndim(), 1);
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) {
    if (axis >= added) padded[axis] = input.shape()[axis - added];
    if (to[axis] == -1 && axis >= added) to[axis] = padded[axis];
    check<ShapeError>(padded[axis] == to[axis] || (padded[axis] == 1 && to[axis] >= 0), where, "broadcast_to: size ",
                      padded[axis], " cannot become ", to[axis], " at axis ", axis, ": ", describe(input), " to ",
                      shape);
  }
  Tensor aligned = padded == input.shape() ? held.take() : reshape(Operand(input, where), padded);
  if (padded == to) return aligned;
  return record(where, BroadcastTo(to), std::move(aligned));
}

Tensor slice(const Operand& x, std::int64_t axis, std::optional<std::int64_t> start, std::optional<std::int64_t> stop,
             std::int64_t step) {
  const Location& where = x.where();
  OperandTensor held(x);
  const Tensor& input = *held;
  axis = normalise_axis(axis, input.ndim(), "slice", where);
  check<ValueError>(step != 0, where, "slice: the step is 0");
  const std::int64_t size = input.shape()[axis];
  if (step < 0) {  // the same elements, counted from the end
    const auto mirror = [&](std::int64_t index) {
      return size - 1 - (index < 0 ? std::max<std::int64_t>(index + size, -1) : std::min(index, size - 1));
    };
    const std::int64_t first = start ? mirror(*start) : 0, last = stop ? mirror(*stop) : size;
    const Tensor flipped = flip(Operand(input, where), axis);
    check<ValueError>(step > std::numeric_limits<std::int64_t>::min(), where, "slice: the step overflows");
    return slice(Operand(flipped, where), axis, first, last, -step);
  }
  const auto bound = [&](std::int64_t index) {
    return std::clamp<std::int64_t>(index < 0 ? index + size : index, 0, size);
  };
  const std::int64_t first = bound(start.value_or(0)), last = bound(stop.value_or(size));
  const std::int64_t count = last > first ? (last - first - 1) / step + 1 : 0;
  if (count == size && step == 1) return held.take();
  return record(where, Slice(axis, count ? first : 0, count > 1 ? step : 1, count), held.take());
}

Tensor select(const Operand& x, std::int64_t axis, std::int64_t index) {
  const Location& where = x.where();
  const OperandTensor held(x);
  const Tensor& input = *held;
  axis = normalise_axis(axis, input.ndim(), "select", where);
  const std::int64_t size = input.shape()[axis];
  check<IndexError>(index >= -size && index < size, where, "select: index ", index, " is out of range for axis ", axis,
                    " of ", describe(input));
  const std::int64_t at = index < 0 ? index + size : index;
  const Tensor kept = slice(Operand(input, where), axis, at, at + 1);
  return squeeze(Operand(kept, where), axis);
}

Tensor pad(const Operand& x, std::int64_t axis, std::int64_t before, std::int64_t after, double value,
           std::int64_t interior) {
  const Location& where = x.where();
  Tensor input = x.tensor();
  axis = normalise_axis(axis, input.ndim(), "pad", where);
  check_value(value, input.dtype(), "pad", where);
  check<ValueError>(interior >= 0, where, "pad: the interior padding ", interior, " is negative");
  constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  check<ShapeError>(before > lowest && after > lowest, where, "pad: cuts more elements than there can be");
  const auto put = [&](std::int64_t front, std::int64_t back, std::int64_t between) {
    if (front || back || between) input = record(where, Pad(axis, front, back, between, value), input);
  };
  put(std::max<std::int64_t>(before, 0), std::max<std::int64_t>(after, 0), interior);
  const std::int64_t size = input.size(axis), first = before < 0 ? -before : 0, cut = after < 0 ? -after : 0;
  check<ShapeError>(first >= 0 && cut >= 0 && first <= size && cut <= size - first, where, "pad: cuts ", first, " and ",
                    cut, " elements from axis ", axis, " of ", describe(input));
  return slice(Operand(input, where), axis, first, size - cut);
}

Tensor flip(const Operand& x, const Axes& axes) {
  const Tensor input = x.tensor();
  const AxisSet set = normalise_axes(axes, input.ndim(), "flip", x.where());
  return set.empty() ? input : record(x.where(), Flip(set), input);
}

Tensor squeeze(const Operand& x, const Axes& axes) {
  const OperandTensor held(x);
  const Tensor& input = *held;
  AxisSet set;
  for (std::int64_t axis = 0; axis < input.ndim(); ++axis)
    if (axes.is_all() && input.shape()[axis] == 1) set.insert(axis);
  if (!axes.is_all()) set = normalise_axes(axes, input.ndim(), "squeeze", x.where());
  for (std::int64_t axis = 0; axis < input.ndim(); ++axis)
    check<ShapeError>(!set.contains(axis) || input.shape()[axis] == 1, x.where(), "squeeze: axis ", axis, " of ",
                      describe(input), " is not of size 1");
  return reshape(Operand(input, x.where()), without_axes(input.shape(), set));
}

Tensor unsqueeze(const Operand& x, std::int64_t axis) {
  const OperandTensor held(x);
  const Tensor& input = *held;
  const std::int64_t at = normalise_axis(axis, input.ndim() + 1, "unsqueeze", x.where());
  std::vector<std::int64_t> sizes(input.shape().begin(), input.shape().end());
  sizes.insert(sizes.begin() + at, 1);
  return reshape(Operand(input, x.where()), sizes);
}

Tensor flatten(const Operand& x, std::int64_t first, std::int64_t last) {
  const OperandTensor held(x);
  const Tensor& input = *held;
  if (input.ndim() == 0) return reshape(Operand(input, x.where()), {1});
  const std::int64_t from = normalise_axis(first, input.ndim(), "flatten", x.where());
  const std::int64_t to = normalise_axis(last, input.ndim(), "flatten", x.where());
  check<AxisError>(from <= to, x.where(), "flatten: first axis ", first, " comes after last axis ", last);
  std::vector<std::int64_t> sizes;
  for (std::int64_t axis = 0; axis < input.ndim(); ++axis)
    if (axis <= from || axis > to)
      sizes.push_back(input.shape()[axis]);
    else
      sizes.back() *= input.shape()[axis];
  return reshape(Operand(input, x.where()), sizes);
}

}  // namespace xgrad
