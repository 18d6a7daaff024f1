#include "autograd/ops/windows.hpp"

#include <algorithm>

#include "autograd/core/access.hpp"
#include "autograd/core/axes.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

constexpr std::int64_t most = std::int64_t{1} << 40;  // so that sums of such numbers do not overflow

Tensor joined(std::vector<Tensor> parts, std::int64_t axis, const Location& where) {
  std::erase_if(parts, [axis](const Tensor& part) { return part.size(axis) == 0; });
  return parts.size() == 1 ? parts[0] : concat(parts, axis, where);
}

Tensor repeated(const Tensor& x, std::int64_t axis, std::int64_t times) {
  Shape shape = x.shape();
  shape[axis] = times;
  return broadcast_to(x, shape);
}

Tensor padded(const Tensor& x, const Around& around, std::int64_t axis, PadMode mode, const Location& where) {
  const auto [given, before, after] = around;
  const std::int64_t size = x.size(axis), larger = std::max(before, after);
  check<ValueError>(before >= 0 && after >= 0, where, "pad: ", before, " and ", after, " elements around axis ", given,
                    " are cut off by PadMode::constant alone");
  if (larger == 0) return x;
  const bool enough = mode == PadMode::reflect ? larger < size : mode == PadMode::circular ? larger <= size : size > 0;
  check<ValueError>(enough, where, "pad: ", before, " and ", after, " elements around axis ", given, " of ",
                    describe(x), ", which has too few");
  if (mode == PadMode::reflect)
    return joined(
        {flip(slice(x, axis, 1, before + 1), axis), x, flip(slice(x, axis, size - 1 - after, size - 1), axis)}, axis,
        where);
  if (mode == PadMode::circular)
    return joined({slice(x, axis, size - before, size), x, slice(x, axis, 0, after)}, axis, where);
  return joined(
      {repeated(slice(x, axis, 0, 1), axis, before), x, repeated(slice(x, axis, size - 1, size), axis, after)}, axis,
      where);
}

// The windows with their axes counted from the front.
std::vector<Window> checked(const std::vector<Window>& windows, std::int64_t ndim, const char* call,
                            const Location& where) {
  std::vector<Window> list = windows;
  for (Window& window : list) {
    const std::int64_t given = window.axis;
    window.axis = normalise_axis(given, ndim, call, where);
    const auto same = std::ranges::count(list, window.axis, &Window::axis);
    check<ValueError>(same == 1, where, call, ": two windows of axis ", window.axis);
    const auto is_count = [](std::int64_t number, std::int64_t least) { return number >= least && number < most; };
    check<ValueError>(is_count(window.size, 1) && is_count(window.stride, 1) && is_count(window.dilation, 1), where,
                      call, ": windows of ", window.size, " elements, stride ", window.stride, ", dilation ",
                      window.dilation, " on axis ", given);
    check<ValueError>(is_count(window.before, 0) && is_count(window.after, 0), where, call, ": ", window.before,
                      " and ", window.after, " elements around axis ", given);
    check<ValueError>(window.size <= most / window.dilation, where, call, ": windows of ", window.size,
                      " elements, dilation ", window.dilation, " on axis ", given);
  }
  return list;
}

// The shape that unfold gives, with the axes of places before the first axis that has windows. Windows are in the order
// of their axes.
Shape unfolded_shape(const Shape& shape, const std::vector<Window>& windows) {
  std::vector<std::int64_t> sizes(shape.begin(), shape.end()), places;
  for (const Window& window : windows) {
    sizes[static_cast<std::size_t>(window.axis)] = window.count(shape[window.axis]);
    places.push_back(window.size);
  }
  sizes.insert(sizes.begin() + windows.front().axis, places.begin(), places.end());
  return sizes;
}

// The common part of Unfold and Fold: the windows, in the order of their axes, and the plain shape.
template <class Self>
struct OfWindows : Operation<Self> {
  std::vector<Window> windows;
  Shape plain;
  OfWindows(std::vector<Window> list, const Shape& shape) : windows(std::move(list)), plain(shape) {}

  std::vector<kernels::Sliding> sliding() const {
    std::vector<kernels::Sliding> all;
    for (const Window& w : windows) all.push_back({w.axis, w.size, w.stride, w.dilation, w.before});
    return all;
  }
  Lowering lower() const override {
    // Padding is not made of elements.
    const bool inside = std::ranges::all_of(windows, [](const Window& w) { return w.before == 0 && w.after == 0; });
    return {.kind = inside ? Self::kind : Lowering::Kind::opaque, .moves = true};
  }
  // The axes of places stand before the first axis that has windows, in the order of their axes. So they are inserted
  // from the last window to the first, each before those that are there.
  bool move(Access& x) const override {
    const std::int64_t front = windows.front().axis;
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const Window& w = windows[windows.size() - 1 - i];
      const std::int64_t axis = w.axis + static_cast<std::int64_t>(i);
      if (!x.windows(axis, w.count(plain[w.axis]), w.stride, w.size, w.dilation, front)) return false;
    }
    return true;
  }
  void describe(Fields& fields) const override {
    std::vector<std::int64_t> numbers;
    for (const Window& w : windows)
      numbers.insert(numbers.end(), {w.axis, w.size, w.stride, w.dilation, w.before, w.after});
    fields("plain", plain);
    for (std::size_t i = 0; i < numbers.size(); ++i) fields("window", numbers[i]);
  }
  // The windows, with one more axis in front.
  std::vector<Window> behind_front() const {
    std::vector<Window> list = windows;
    for (Window& window : list) ++window.axis;
    return list;
  }
};

struct Fold : OfWindows<Fold> {  // y_e = sum of x at all places in windows that have the element e
  static constexpr auto id = "fold";
  static constexpr auto kind = Lowering::Kind::strided_sum;
  using OfWindows::OfWindows;
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_shape(plain, item_size(inputs[0].dtype()), id, where);
    return {plain, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const;
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::fold(inputs[0], sliding(), y);
  }
  Tensor batched(const Examples& examples) const override {
    return record_spread(Fold(behind_front(), with_front(examples.count, plain)), examples);
  }
};

struct Unfold : OfWindows<Unfold> {  // the elements of all windows
  static constexpr auto id = "unfold";
  static constexpr auto kind = Lowering::Kind::strided;
  double value;
  Unfold(std::vector<Window> list, const Shape& shape, double around)
      : OfWindows(std::move(list), shape), value(around) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    const Shape shape = unfolded_shape(plain, windows);
    check_shape(shape, item_size(inputs[0].dtype()), id, where);
    return {shape, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const {
    return record(Location::current(), Fold(windows, plain), g);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::unfold(inputs[0], sliding(), value, y);
  }
  void describe(Fields& fields) const override {
    OfWindows::describe(fields);
    fields("value", value);
  }
  Tensor batched(const Examples& examples) const override {
    return record_spread(Unfold(behind_front(), with_front(examples.count, plain), value), examples);
  }
};

Tensor Fold::vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const {
  return record(Location::current(), Unfold(windows, plain, 0), g);
}

std::vector<Window> by_axis(std::vector<Window> list) {
  std::ranges::sort(list, {}, &Window::axis);
  return list;
}

// x with each axis that windows tile divided into their numbers and the places inside.
struct Tiled {
  std::vector<std::int64_t> sizes, order;  // of the parts; where each axis of the windows stands among them

  Tiled(const Shape& shape, const std::vector<Window>& list, WindowAxes axes) {
    std::vector<std::int64_t> places(list.size());  // by window
    std::int64_t front = shape.ndim();
    for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) {
      order.push_back(std::ssize(sizes));
      const auto window = std::ranges::find(list, axis, &Window::axis);
      if (window == list.end()) {
        sizes.push_back(shape[axis]);
        continue;
      }
      front = std::min(front, axis);
      places[static_cast<std::size_t>(window - list.begin())] = std::ssize(sizes) + 1;
      sizes.insert(sizes.end(), {shape[axis] / window->size, window->size});
    }
    if (axes == WindowAxes::before) std::ranges::sort(places);
    order.insert(axes == WindowAxes::before ? order.begin() + front : order.end(), places.begin(), places.end());
  }
  std::vector<std::int64_t> back() const {
    std::vector<std::int64_t> inverse(order.size());
    for (std::size_t i = 0; i < order.size(); ++i)
      inverse[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
    return inverse;
  }
};

// Where each axis of `WindowAxes::last` stands in `WindowAxes::before`.
std::vector<std::int64_t> order_of_last(const std::vector<Window>& list, std::int64_t ndim) {
  const std::vector<Window> sorted = by_axis(list);
  const std::int64_t first = sorted.front().axis, added = static_cast<std::int64_t>(list.size());
  std::vector<std::int64_t> order;
  for (std::int64_t axis = 0; axis < ndim; ++axis) order.push_back(axis < first ? axis : axis + added);
  for (const Window& window : list)
    order.push_back(first + (std::ranges::find(sorted, window.axis, &Window::axis) - sorted.begin()));
  return order;
}

}  // namespace

std::int64_t Window::count(std::int64_t elements) const {
  const std::int64_t last = elements + before + after - dilation * (size - 1) - 1;  // the last place of a window
  return last < 0 ? 0 : last / stride + 1;
}

bool Window::tiles(std::int64_t elements) const {
  return stride == size && (dilation == 1 || size == 1) && before == 0 && after == 0 && elements % size == 0;
}

bool tile(const std::vector<Window>& windows, const Shape& shape) {
  return std::ranges::all_of(windows, [&](const Window& w) { return w.tiles(shape[w.axis]); });
}

Tensor pad(const Operand& operand, const std::vector<Around>& axes, PadMode mode, double value) {
  const CallScope scope("pad", operand.where());
  Tensor x = operand.tensor();
  for (const Around& around : axes) {
    const std::int64_t axis = normalise_axis(around.axis, x.ndim(), "pad", operand.where());
    x = mode == PadMode::constant ? pad(x, axis, around.before, around.after, value)
                                  : padded(x, around, axis, mode, operand.where());
  }
  return x;
}

Tensor unfold(const Operand& operand, const std::vector<Window>& windows, double value, WindowAxes axes) {
  const CallScope scope("unfold", operand.where());
  const Tensor x = operand.tensor();
  check_value(value, x.dtype(), "unfold", operand.where());
  const std::vector<Window> list = checked(windows, x.ndim(), "unfold", operand.where());
  if (list.empty()) return x;
  if (tile(list, x.shape())) {
    const Tiled parts(x.shape(), list, axes);
    return permute(reshape(x, parts.sizes), parts.order);
  }
  const Tensor y = record(operand.where(), Unfold(by_axis(list), x.shape(), value), x);
  return axes == WindowAxes::before ? y : permute(y, order_of_last(list, x.ndim()));
}

Tensor fold(const Operand& operand, const Shape& shape, const std::vector<Window>& windows, WindowAxes axes) {
  const CallScope scope("fold", operand.where());
  Tensor x = operand.tensor();
  check<DTypeError>(x.dtype() != boolean, operand.where(), "fold: needs numbers, got ", describe(x));
  const std::vector<Window> list = checked(windows, shape.ndim(), "fold", operand.where());
  const Shape inside = list.empty() ? shape : unfolded_shape(shape, by_axis(list));
  Shape expected = inside;
  std::vector<std::int64_t> back(static_cast<std::size_t>(inside.ndim()));
  if (!list.empty() && axes == WindowAxes::last) {
    const std::vector<std::int64_t> order = order_of_last(list, shape.ndim());
    for (std::size_t i = 0; i < order.size(); ++i) {
      expected[static_cast<std::int64_t>(i)] = inside[order[i]];
      back[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
    }
  }
  check<ShapeError>(x.shape() == expected, operand.where(), "fold: the windows of ", shape, " are ", expected, ", not ",
                    describe(x));
  if (list.empty()) return x;
  if (tile(list, shape)) return reshape(permute(x, Tiled(shape, list, axes).back()), shape);
  if (axes == WindowAxes::last) x = permute(x, back);
  return record(operand.where(), Fold(by_axis(list), shape), x);
}

}  // namespace xgrad
