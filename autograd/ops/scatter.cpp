#include "autograd/ops/scatter.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/index_checks.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/order.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

// lowest + 0, 1, ... along an axis of this shape.
Tensor counted(const Shape& shape, std::int64_t axis, std::int64_t lowest) {
  Shape line = Shape::filled(shape.ndim(), 1);
  line[axis] = shape[axis];
  return broadcast_to(reshape(arange(shape[axis]) + lowest, line), shape);
}

// What is added up at the indices of an axis of `size` elements.
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
  Tensor sum() const { return added_up(axis, size, index, source); }
  Tensor counts(DType dtype) const { return added_up(axis, size, index, ones(index.shape(), dtype)); }
  /// For each element what its index has.
  Tensor back(const Tensor& at_indices) const { return gather(at_indices, axis, index); }
};

// The arrivals sorted by their indices, in runs of equal ones.
class Runs {
 public:
  /// Within a run they keep their order, or are ordered by the values.
  explicit Runs(const Arrivals& arrivals) : arrivals_(arrivals) { set(argsort(arrivals.index, arrivals.axis)); }
  Runs(const Arrivals& arrivals, const Tensor& by_value) : arrivals_(arrivals) {
    const Tensor by_index = argsort(gather(arrivals.index, arrivals.axis, by_value), arrivals.axis);
    set(gather(by_value, arrivals.axis, by_index));
  }

  const Tensor& source() const { return source_; }
  /// Which of the sorted neighbours, so far apart, are in one run.
  Tensor together(std::int64_t distance) const {
    return slice(index_, axis(), distance, {}) == slice(index_, axis(), 0, index_.size(axis()) - distance);
  }
  /// For each index the last of its run among the sorted elements; something where none arrives.
  Tensor last(const Tensor& sorted) const { return gather(sorted, axis(), maximum(ends_ - 1, 0)); }
  /// Which indices occur.
  Tensor arrived() const { return ends_ > 0; }

 private:
  std::int64_t axis() const { return arrivals_.axis; }

  // The ends are marked by their places, which go back to where the indices stand and from there to the indices, so
  // that what is out of range is found where the user has put it.
  void set(const Tensor& order) {
    index_ = gather(arrivals_.index, axis(), order);
    source_ = gather(arrivals_.source, axis(), order);
    Shape end = index_.shape();
    end[axis()] = 1;
    const Tensor is_last = concat({logical_not(together(1)), ones(end, boolean)}, axis());
    const Tensor marks = where(is_last, counted(index_.shape(), axis(), 1), 0);
    ends_ = added_up(axis(), arrivals_.size, arrivals_.index, added_up(axis(), index_.size(axis()), order, marks));
  }

  const Arrivals& arrivals_;
  Tensor index_, source_, ends_;
};

// By doubling, each element takes in its neighbours within the run.
Tensor products(const Arrivals& arrivals) {
  const Runs runs(arrivals);
  const std::int64_t axis = arrivals.axis, size = arrivals.index.size(axis);
  Tensor product = runs.source();
  for (std::int64_t shift = 1; shift < size; shift *= 2) {
    const Tensor later = slice(product, axis, shift, {}), before = slice(product, axis, 0, size - shift);
    product = concat({slice(product, axis, 0, shift), where(runs.together(shift), before * later, later)}, axis);
  }
  return runs.last(product);
}

// The extremes themselves are found without derivatives. These come with what the equal ones are beside them, which is
// 0, in equal parts; of infinite ones the parts of themselves. Where the extreme is NaN nothing equals it, and 0 / 0
// makes both NaN.
Tensor extremes(const Arrivals& arrivals, bool largest) {
  const std::int64_t axis = arrivals.axis;
  const Arrivals stopped{axis, arrivals.size, arrivals.index, stop_gradient(arrivals.source)};
  const Tensor& values = stopped.source;
  const bool floating = is_floating(values.dtype());
  // The last of a run is the extreme; NaN is the last in both orders.
  const Tensor order = largest    ? argsort(values, axis)
                       : floating ? argsort(-values, axis)
                                  : argsort(values, axis, true);
  const Runs runs(stopped, order);
  const Tensor extreme = runs.last(runs.source());
  if (!arrivals.source.tracked()) return extreme;
  const Tensor here = stopped.back(extreme), equal = values == here;
  const Arrivals shares{axis, arrivals.size, arrivals.index, cast(equal, values.dtype())};
  const Tensor part = shares.source / shares.back(shares.sum());
  const Tensor centre = where(isfinite(extreme), extreme, 0);
  const Tensor beside = (arrivals.source - stopped.back(centre)) * part;
  const Arrivals parts{axis, arrivals.size, arrivals.index, where(logical_or(equal, isnan(here)), beside, 0)};
  return centre + parts.sum();
}

Tensor met(const Arrivals& arrivals, Meeting meeting) {
  switch (meeting) {
    case Meeting::sum:
      return arrivals.sum();
    case Meeting::prod:
      return products(arrivals);
    case Meeting::mean:
      return arrivals.sum() / arrivals.counts(arrivals.source.dtype());
    case Meeting::max:
      return extremes(arrivals, true);
    case Meeting::min:
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
  const Runs runs(target.arrivals);
  return target.with(runs.last(runs.source()), runs.arrived());
}

Tensor scatter_reduce(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source, Meeting meeting,
                      bool include_self) {
  const CallScope scope("scatter_reduce", x.where());
  const Target target(x, axis, index, source, "scatter_reduce");
  const DType dtype = target.x.dtype();
  const bool takes = meeting == Meeting::mean ? is_floating(dtype) : dtype != boolean;
  check<DTypeError>(takes, x.where(), "scatter_reduce: needs ",
                    meeting == Meeting::mean ? "a floating dtype" : "numbers", ", got ", describe(target.x));
  if (target.nothing_arrives()) return target.x;
  const Arrivals& arrivals = target.arrivals;
  const Tensor result = met(include_self ? arrivals.with_self(target.part) : arrivals, meeting);
  return target.with(result, arrivals.counts(int64) > 0);
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
