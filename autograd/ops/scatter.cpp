#include "autograd/ops/scatter.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/index_checks.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/order.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

// For each index: the place of the largest element that goes to it, or -1.
struct ScatterArgMax : Operation<ScatterArgMax> {
  static constexpr auto id = "scatter_argmax";
  std::int64_t axis, size;
  ScatterArgMax(std::int64_t axis_, std::int64_t size_) : axis(axis_), size(size_) {}

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_domain(Domain::numeric, id, inputs[0], where);
    Shape shape = inputs[0].shape();
    shape[axis] = size;
    check_shape(shape, item_size(int64), id, where);
    return {shape, int64};
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::scatter_argmax(inputs[0], inputs[1], axis, y, where);
  }
  Tensor batched(const Examples& examples) const override {
    return record_spread(ScatterArgMax(axis + 1, size), examples);
  }
  void describe(Fields& fields) const override {
    fields("axis", axis);
    fields("size", size);
  }
};

// lowest + 0, 1, ... along an axis of this shape.
Tensor counted(const Shape& shape, std::int64_t axis, std::int64_t lowest) {
  Shape line = Shape::filled(shape.ndim(), 1);
  line[axis] = shape[axis];
  return broadcast_to(reshape(arange(shape[axis]) + lowest, line), shape);
}

// Adds up `source` at the indices of an axis of `size` elements.
Tensor added_up(std::int64_t axis, std::int64_t size, const Tensor& index, const Tensor& source) {
  Shape shape = index.shape();
  shape[axis] = size;
  return scatter_add(zeros(shape, source.dtype()), axis, index, source);
}

// Elements that come from an axis and go to indices of another one, which has `size` elements.
struct Arrivals {
  std::int64_t axis, size;
  Tensor index, source;

  Arrivals with_self(const Tensor& x) const {
    return {axis, size, concat({counted(x.shape(), axis, 0), index}, axis), concat({x, source}, axis)};
  }
  Arrivals with(const Tensor& other) const { return {axis, size, index, other}; }
  Tensor sum() const { return added_up(axis, size, index, source); }
  Tensor counts(DType dtype) const { return added_up(axis, size, index, ones(index.shape(), dtype)); }
  /// For each element, the value at its index.
  Tensor back(const Tensor& at_indices) const { return gather(at_indices, axis, index); }
};

// For each index, the place of one of the elements that go to it.
struct Winners {
  Tensor places;

  /// The elements with the largest value, of equal ones the last.
  Winners(const Arrivals& arrivals, const Tensor& values)
      : places(record(Location::current(), ScatterArgMax(arrivals.axis, arrivals.size), values, arrivals.index)) {}
  /// The last elements, because all that go to an index have equal indices.
  explicit Winners(const Arrivals& arrivals) : Winners(arrivals, arrivals.index) {}

  /// The elements at these places; any element where none goes.
  Tensor of(const Tensor& elements, std::int64_t axis) const { return gather(elements, axis, maximum(places, 0)); }
  /// Whether any element goes to an index.
  Tensor arrived() const { return places >= 0; }
};

// The most elements that arrive at one index, if that is known, else all.
std::int64_t most_arrivals(const Arrivals& arrivals) {
  const std::int64_t axis = arrivals.axis, count = arrivals.index.size(axis);
  if (!arrivals.index.evaluated()) return count;
  const Tensor lines = reshape(moveaxis(arrivals.index, axis, -1), {-1, count});
  std::int64_t most = 0;
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(arrivals.size));
  const std::span<const std::int64_t> indices = lines.data<std::int64_t>();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (i % static_cast<std::size_t>(count) == 0) std::ranges::fill(numbers, 0);
    most = std::max(most, ++numbers[static_cast<std::size_t>(indices[i])]);
  }
  return most;
}

// Sorts the elements by their indices. In steps of doubling distance each is multiplied by earlier ones with the same
// index, of which there are at most `most`; the last of them has the whole product.
Tensor products(const Arrivals& arrivals, std::int64_t most) {
  const std::int64_t axis = arrivals.axis, count = arrivals.index.size(axis);
  const Tensor order = argsort(arrivals.index, axis), index = gather(arrivals.index, axis, order);
  Tensor product = gather(arrivals.source, axis, order);
  for (std::int64_t shift = 1; shift < std::min(most, count); shift *= 2) {
    const Tensor later = slice(product, axis, shift, {}), before = slice(product, axis, 0, count - shift);
    const Tensor together = slice(index, axis, shift, {}) == slice(index, axis, 0, count - shift);
    product = concat({slice(product, axis, 0, shift), where(together, before * later, later)}, axis);
  }
  const Tensor unsorted = gather(product, axis, argsort(order, axis));
  return Winners(arrivals).of(unsorted, axis);
}

// Values in the opposite order; NaN stays NaN.
Tensor reversed(const Tensor& values) { return is_floating(values.dtype()) ? -values : bitwise_not(values); }

// The extremes themselves are found without derivatives. These come with what the equal ones are beside them, which is
// 0, in equal parts; of infinite ones the parts of themselves. Where the extreme is NaN nothing equals it, and 0 / 0
// makes both NaN.
Tensor extremes(const Arrivals& arrivals, bool largest) {
  const Tensor values = stop_gradient(arrivals.source);
  const Tensor extreme = Winners(arrivals, largest ? values : reversed(values)).of(values, arrivals.axis);
  if (!arrivals.source.tracked()) return extreme;
  const Tensor here = arrivals.back(extreme), equal = values == here;
  const Arrivals shares = arrivals.with(cast(equal, values.dtype()));
  const Tensor part = shares.source / shares.back(shares.sum());
  const Tensor centre = where(isfinite(extreme), extreme, 0);
  const Tensor beside = (arrivals.source - arrivals.back(centre)) * part;
  return centre + arrivals.with(where(logical_or(equal, isnan(here)), beside, 0)).sum();
}

Tensor reduced(const Arrivals& arrivals, ScatterReduction reduction, std::int64_t most) {
  switch (reduction) {
    case ScatterReduction::sum:
      return arrivals.sum();
    case ScatterReduction::prod:
      return products(arrivals, most);
    case ScatterReduction::mean:
      return arrivals.sum() / arrivals.counts(arrivals.source.dtype());
    case ScatterReduction::max:
      return extremes(arrivals, true);
    case ScatterReduction::min:
      return extremes(arrivals, false);
  }
  return {};
}

// The operands, checked, and the part of x that lies, off the axis, within the indices.
struct Target {
  Tensor x, part;
  Arrivals arrivals;

  Target(const Operand& operand, std::int64_t given, const Operand& indices, const Operand& source, const char* call) {
    const Location& where = operand.where();
    x = operand.tensor();
    const Tensor index = indices.tensor();
    const std::int64_t axis = normalise_axis(given, x.ndim(), call, where);
    check_index(x, index, axis, call, where);
    check_known_indices(index, x.size(axis), call, where);
    const Tensor from = source.tensor_like(zeros(index.shape(), x.dtype()));
    check<ShapeError>(from.shape() == index.shape(), where, call, ": source and index differ: source ", describe(from),
                      ", index ", describe(index));
    check<DTypeError>(from.dtype() == x.dtype(), where, call, ": dtypes differ: data ", describe(x), ", source ",
                      describe(from));
    part = x;
    for (std::int64_t i = 0; i < x.ndim(); ++i)
      if (i != axis && index.size(i) < x.size(i)) part = slice(part, i, 0, index.size(i));
    arrivals = {axis, x.size(axis), index, from};
  }

  bool nothing_arrives() const { return arrivals.index.numel() == 0; }
  /// x with these values where something arrives.
  Tensor with(Tensor values, Tensor arrived) const {
    for (std::int64_t i = 0; i < x.ndim(); ++i) {
      const std::int64_t beyond = x.size(i) - values.size(i);
      if (beyond == 0) continue;
      values = pad(values, i, 0, beyond);
      arrived = pad(arrived, i, 0, beyond);
    }
    return where(arrived, values, x);
  }
};

}  // namespace

Tensor scatter(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source) {
  const CallScope scope("scatter", x.where());
  const Target target(x, axis, index, source, "scatter");
  if (target.nothing_arrives()) return target.x;
  const Winners last(target.arrivals);
  return target.with(last.of(target.arrivals.source, target.arrivals.axis), last.arrived());
}

Tensor scatter_reduce(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source,
                      ScatterReduction reduction, bool include_self) {
  const CallScope scope("scatter_reduce", x.where());
  const Target target(x, axis, index, source, "scatter_reduce");
  const DType dtype = target.x.dtype();
  const bool takes = reduction == ScatterReduction::mean ? is_floating(dtype) : dtype != boolean;
  check<DTypeError>(takes, x.where(), "scatter_reduce: needs ",
                    reduction == ScatterReduction::mean ? "a floating dtype" : "numbers", ", got ", describe(target.x));
  if (target.nothing_arrives()) return target.x;
  const Arrivals& arrivals = target.arrivals;
  // Counted first, because the error for an index that is out of range names its place here.
  const Tensor arrived = arrivals.counts(int64) > 0;
  const std::int64_t most = reduction == ScatterReduction::prod ? most_arrivals(arrivals) + include_self : 0;
  return target.with(reduced(include_self ? arrivals.with_self(target.part) : arrivals, reduction, most), arrived);
}

Tensor put(const Operand& x, const Operand& index, const Operand& source, bool accumulate) {
  const CallScope scope("put", x.where());
  const Tensor data = x.tensor(), at = index.tensor(), from = source.tensor_like(zeros(at.shape(), data.dtype()));
  check<ShapeError>(from.shape() == at.shape(), x.where(), "put: source and index differ: source ", describe(from),
                    ", index ", describe(at));
  const Tensor line = reshape(data, {data.numel()}), places = reshape(at, {at.numel()}),
               values = reshape(from, {at.numel()});
  check_known_indices(at, data.numel(), "put", x.where());
  return reshape(accumulate ? scatter_add(line, 0, places, values) : scatter(line, 0, places, values), data.shape());
}

}  // namespace xgrad
