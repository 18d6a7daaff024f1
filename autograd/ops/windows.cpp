#include "autograd/ops/windows.hpp"

#include <algorithm>

#include "autograd/core/axes.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

constexpr std::int64_t most = std::int64_t{1} << 40;  // beyond, no sum of such numbers is exact

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

}  // namespace

std::int64_t Window::count(std::int64_t elements) const {
  const std::int64_t last = elements + before + after - dilation * (size - 1) - 1;  // where a window may begin
  return last < 0 ? 0 : last / stride + 1;
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

// For each place in the window the elements that stand there in all windows: a slice.
Tensor unfold(const Operand& operand, const std::vector<Window>& windows, double value) {
  const CallScope scope("unfold", operand.where());
  Tensor x = operand.tensor();
  for (const Window& window : checked(windows, x.ndim(), "unfold", operand.where())) {
    const std::int64_t axis = window.axis, count = window.count(x.size(axis));
    if (window.before + window.after > 0) x = pad(x, axis, window.before, window.after, value);
    std::vector<Tensor> places;
    for (std::int64_t k = 0; k < window.size; ++k) {
      const std::int64_t first = k * window.dilation,
                         end = count == 0 ? first : first + (count - 1) * window.stride + 1;
      places.push_back(slice(x, axis, count == 0 ? 0 : first, count == 0 ? 0 : end, window.stride));
    }
    x = stack(places, -1, operand.where());
  }
  return x;
}

// Each place in the window goes back to where unfold took it from.
Tensor fold(const Operand& operand, const Shape& shape, const std::vector<Window>& windows) {
  const CallScope scope("fold", operand.where());
  Tensor x = operand.tensor();
  const std::vector<Window> list = checked(windows, shape.ndim(), "fold", operand.where());
  std::vector<std::int64_t> expected(shape.begin(), shape.end());
  for (const Window& window : list) expected[static_cast<std::size_t>(window.axis)] = window.count(shape[window.axis]);
  for (const Window& window : list) expected.push_back(window.size);
  check<ShapeError>(x.shape() == Shape(expected), operand.where(), "fold: the windows of ", shape, " are ",
                    Shape(expected), ", not ", describe(x));
  for (std::size_t i = list.size(); i-- > 0;) {
    const auto& [axis, size, stride, dilation, before, after] = list[i];
    const std::int64_t elements = shape[axis], length = elements + before + after, count = x.size(axis);
    if (count == 0) {
      Shape empty = x.shape();
      empty[axis] = elements;
      x = zeros(Shape(empty.data(), static_cast<std::size_t>(empty.ndim() - 1)), x.dtype());
      continue;
    }
    Tensor sum;
    for (std::int64_t k = 0; k < size; ++k) {
      const std::int64_t first = k * dilation, end = first + (count - 1) * stride + 1;
      const Tensor place = pad(select(x, -1, k), axis, first, length - end, 0, stride - 1);
      sum = sum.defined() ? sum + place : place;
    }
    x = slice(sum, axis, before, before + elements);
  }
  return x;
}

}  // namespace xgrad
