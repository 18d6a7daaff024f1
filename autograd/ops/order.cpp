#include "autograd/ops/order.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/core/fail.hpp"
#include "autograd/core/parallel.hpp"
#include "autograd/ops/any_all.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/table.hpp"

namespace xgrad {

namespace {

struct ArgSort : Operation<ArgSort> {  // the places of x in order, `count` of them from `first` on
  static constexpr auto id = "argsort";
  std::int64_t axis, first, count;
  bool descending;
  ArgSort(std::int64_t axis_, std::int64_t first_, std::int64_t count_, bool descending_)
      : axis(axis_), first(first_), count(count_), descending(descending_) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_domain(Domain::numeric, id, inputs[0], where);
    Shape shape = inputs[0].shape();
    constexpr std::int64_t most = std::int64_t{1} << 32;  // places beside keys of 32 bits
    check<LimitError>(inputs[0].dtype() != float32 || shape[axis] <= most, where, id, ": axis ", axis, " of ",
                      xgrad::describe(inputs[0]), " is too long, the most is ", most);
    shape[axis] = count;
    return {shape, int64};
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::argsort(inputs[0], axis, descending, first, y);
  }
  Tensor batched(const Examples& examples) const override {
    return record_spread(ArgSort(axis + 1, first, count, descending), examples);
  }
  void describe(Fields& fields) const override {
    fields("axis", axis);
    fields("first", first);
    fields("count", count);
    fields("descending", descending);
  }
};

Ordered chosen(const Tensor& x, std::int64_t axis, const Tensor& indices) {
  return {gather(x, axis, indices), indices};
}

// `result`, but NaN where the axis has a NaN.
Tensor unless_nan(const Tensor& x, std::int64_t axis, const Tensor& result) {
  if (!is_floating(x.dtype())) return result;
  return where(any(isnan(x), axis, keep_dims), std::numeric_limits<double>::quiet_NaN(), result);
}

Tensor places_in_order(const Tensor& x, std::int64_t axis, std::int64_t first, std::int64_t count, bool descending,
                       const Location& where) {
  return record(where, ArgSort(axis, first, count, descending), is_mask(x) ? cast(x, int64) : x);
}

Tensor without(const Tensor& x, std::int64_t axis, KeepDims keep) {
  return keep == KeepDims::yes ? x : squeeze(x, axis);
}

}  // namespace

Tensor argsort(const Operand& x, std::int64_t axis, bool descending) {
  const Tensor input = x.tensor();
  axis = normalise_axis(axis, input.ndim(), "argsort", x.where());
  return places_in_order(input, axis, 0, input.size(axis), descending, x.where());
}

Ordered sort(const Operand& x, std::int64_t axis, bool descending) {
  const CallScope scope("sort", x.where());
  return chosen(x.tensor(), axis, argsort(x, axis, descending));
}

Ordered topk(const Operand& operand, std::int64_t k, std::int64_t axis, bool largest) {
  const CallScope scope("topk", operand.where());
  const Tensor x = operand.tensor();
  axis = normalise_axis(axis, x.ndim(), "topk", operand.where());
  check<ValueError>(k >= 0 && k <= x.size(axis), operand.where(), "topk: ", k, " of ", x.size(axis), " elements");
  return chosen(x, axis, places_in_order(x, axis, 0, k, largest, operand.where()));
}

Ordered kthvalue(const Operand& operand, std::int64_t k, std::int64_t axis, KeepDims keep) {
  const CallScope scope("kthvalue", operand.where());
  const Tensor x = operand.tensor();
  axis = normalise_axis(axis, x.ndim(), "kthvalue", operand.where());
  check<ValueError>(k >= 1 && k <= x.size(axis), operand.where(), "kthvalue: the ", k, "-th of ", x.size(axis),
                    " elements");
  const Ordered all = chosen(x, axis, places_in_order(x, axis, k - 1, 1, false, operand.where()));
  return {without(all.values, axis, keep), without(all.indices, axis, keep)};
}

Tensor median(const Operand& x) {
  const CallScope scope("median", x.where());
  const Tensor all = x.tensor();
  return median(reshape(all, {all.numel()}), 0);
}

Tensor median(const Operand& operand, std::int64_t axis, KeepDims keep) {
  const CallScope scope("median", operand.where());
  const Tensor x = operand.tensor();
  axis = normalise_axis(axis, x.ndim(), "median", operand.where());
  check<ValueError>(x.size(axis) > 0, operand.where(), "median: axis ", axis, " of ", describe(x), " has no elements");
  const Ordered middle = kthvalue(x, (x.size(axis) + 1) / 2, axis, keep_dims);
  return without(unless_nan(x, axis, middle.values), axis, keep);
}

Tensor quantile(const Operand& x, double q) {
  const CallScope scope("quantile", x.where());
  const Tensor all = x.tensor();
  return quantile(reshape(all, {all.numel()}), q, 0);
}

Tensor quantile(const Operand& operand, double q, std::int64_t axis, KeepDims keep) {
  const CallScope scope("quantile", operand.where());
  const Tensor x = operand.tensor();
  axis = normalise_axis(axis, x.ndim(), "quantile", operand.where());
  check<DTypeError>(is_floating(x.dtype()), operand.where(), "quantile: needs a floating dtype, got ", describe(x));
  check<ValueError>(q >= 0 && q <= 1, operand.where(), "quantile: ", q, " is not between 0 and 1");
  check<ValueError>(x.size(axis) > 0, operand.where(), "quantile: axis ", axis, " of ", describe(x),
                    " has no elements");
  const double place = q * static_cast<double>(x.size(axis) - 1), below = std::floor(place);
  const auto first = static_cast<std::int64_t>(below);
  const Tensor sorted = sort(x, axis).values, low = slice(sorted, axis, first, first + 1);
  const Tensor between = place == below ? low : lerp(low, slice(sorted, axis, first + 1, first + 2), place - below);
  return without(unless_nan(x, axis, between), axis, keep);
}

Tensor unique(const Operand& operand) {
  const CallScope scope("unique", operand.where());
  const NoGrad untracked;
  const Tensor x = operand.tensor();
  if (x.numel() == 0) return stop_gradient(reshape(x, {0}));
  const Tensor sorted = sort(reshape(x, {x.numel()})).values;
  const Tensor next = slice(sorted, 0, 1, {}), before = slice(sorted, 0, 0, -1);
  // NaNs count as equal here.
  Tensor differs = next != before;
  if (is_floating(x.dtype())) differs = logical_and(differs, logical_not(logical_and(isnan(next), isnan(before))));
  std::vector<std::int64_t> places{0};
  const std::span<const bool> values = differs.data<bool>();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i]) places.push_back(static_cast<std::int64_t>(i) + 1);
  return take(sorted, tensor(places));
}

namespace {

// NaN is the last.
template <class T>
bool above(T a, T b) {
  return a < b || (b != b && a == a);
}

template <class T>
std::vector<std::int64_t> places_of(std::span<const T> values, std::span<const T> list, bool right,
                                    const Location& where) {
  check<ValueError>(std::ranges::is_sorted(list, above<T>), where, "searchsorted: the vector is not sorted");
  std::vector<std::int64_t> places(values.size());
  parallel_elements(std::ssize(values), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    const auto found = right ? std::ranges::upper_bound(list, values[at], above<T>)
                             : std::ranges::lower_bound(list, values[at], above<T>);
    places[at] = found - list.begin();
  });
  return places;
}

}  // namespace

Tensor searchsorted(const Operand& sorted, const Operand& values, bool right) {
  const CallScope scope("searchsorted", sorted.where());
  const Tensor list = sorted.tensor(), wanted = values.tensor_like(zeros({}, list.dtype()));
  check<ShapeError>(list.ndim() == 1, sorted.where(), "searchsorted: needs a vector, got ", describe(list));
  check<DTypeError>(list.dtype() == wanted.dtype(), sorted.where(), "searchsorted: dtypes differ: ", describe(list),
                    " and ", describe(wanted));
  const std::vector<std::int64_t> places = dispatch(list.dtype(), [&](auto zero) {
    using T = decltype(zero);
    return places_of(wanted.data<T>(), list.data<T>(), right, sorted.where());
  });
  return reshape(tensor(places), wanted.shape());
}

Tensor bincount(const Operand& operand, std::int64_t least) {
  const CallScope scope("bincount", operand.where());
  const Tensor x = operand.tensor();
  check<DTypeError>(x.dtype() == int64, operand.where(), "bincount: needs int64, got ", describe(x));
  std::int64_t last = std::max<std::int64_t>(least, 0) - 1;
  for (const std::int64_t number : x.data<std::int64_t>()) {
    check<ValueError>(number >= 0, operand.where(), "bincount: a number is ", number);
    last = std::max(last, number);
  }
  check_table(last, 1, "bincount", operand.where());
  const std::int64_t count = last + 1;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(count));
  for (const std::int64_t number : x.data<std::int64_t>()) ++counts[static_cast<std::size_t>(number)];
  return tensor(counts);
}

Tensor histogram(const Operand& operand, std::int64_t bins, double low, double high) {
  const CallScope scope("histogram", operand.where());
  check<ValueError>(bins > 0, operand.where(), "histogram: ", bins, " parts");
  check_table(bins, 1, "histogram", operand.where());
  check<ValueError>(std::isfinite(low) && std::isfinite(high) && low < high, operand.where(), "histogram: from ", low,
                    " to ", high);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(bins));
  for (const double x : operand.tensor().to_vector()) {
    if (!(x >= low && x <= high)) continue;
    // Halves, because the distance itself may overflow.
    const double part = (x / 2 - low / 2) / (high / 2 - low / 2) * static_cast<double>(bins);
    ++counts[static_cast<std::size_t>(std::min(static_cast<std::int64_t>(part), bins - 1))];
  }
  return tensor(counts);
}

}  // namespace xgrad
