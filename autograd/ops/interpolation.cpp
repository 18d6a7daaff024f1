#include "autograd/ops/interpolation.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/spatial.hpp"
#include "autograd/ops/table.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

using grid::at;
using grid::Sizes;

// An element that each element of the result reads, and its weight.
struct Tap {
  Sizes places;
  std::vector<double> weights;
};

// The resizing of one axis: its old and new size, and the options.
struct Resize {
  std::int64_t elements, size;
  std::optional<double> scale;
  bool align_corners;

  // The position of element i of the result among those of x.
  double place(std::int64_t i) const {
    if (align_corners)
      return size > 1 ? static_cast<double>(i) * (static_cast<double>(elements - 1) / static_cast<double>(size - 1))
                      : 0;
    const double ratio = scale ? 1 / *scale : static_cast<double>(elements) / static_cast<double>(size);
    return (static_cast<double>(i) + 0.5) * ratio - 0.5;
  }
  std::int64_t inside(std::int64_t index) const { return std::clamp<std::int64_t>(index, 0, elements - 1); }
};

std::vector<Tap> nearest(const Resize& axis) {
  Tap tap;
  const std::int64_t whole = axis.elements / axis.size, rest = axis.elements % axis.size;
  for (std::int64_t i = 0; i < axis.size; ++i) {
    const double scaled = axis.scale ? std::floor(static_cast<double>(i) / *axis.scale) : 0;
    const auto place = axis.scale ? static_cast<std::int64_t>(scaled) : i * whole + i * rest / axis.size;
    tap.places.push_back(axis.inside(place));
  }
  return {tap};
}

std::vector<Tap> linear(const Resize& axis) {
  std::vector<Tap> taps(2);
  for (std::int64_t i = 0; i < axis.size; ++i) {
    const double place = std::clamp(axis.place(i), 0.0, static_cast<double>(axis.elements - 1));
    const auto before = static_cast<std::int64_t>(place);
    const double part = place - static_cast<double>(before);
    taps[0].places.push_back(before);
    taps[0].weights.push_back(1 - part);
    taps[1].places.push_back(axis.inside(before + 1));
    taps[1].weights.push_back(part);
  }
  return taps;
}

// Keys' kernel at a distance of at most 1, and of 1 to 2.
double near(double x) { return ((-0.75 + 2) * x - (-0.75 + 3)) * x * x + 1; }
double far(double x) { return ((-0.75 * x - 5 * -0.75) * x + 8 * -0.75) * x - 4 * -0.75; }

std::vector<Tap> cubic(const Resize& axis) {
  std::vector<Tap> taps(4);
  for (std::int64_t i = 0; i < axis.size; ++i) {
    const double place = axis.place(i), below = std::floor(place), part = place - below;
    const double weights[] = {far(part + 1), near(part), near(1 - part), far(2 - part)};
    for (std::size_t k = 0; k < 4; ++k) {
      taps[k].places.push_back(axis.inside(static_cast<std::int64_t>(below) + static_cast<std::int64_t>(k) - 1));
      taps[k].weights.push_back(weights[k]);
    }
  }
  return taps;
}

// The weighted sum of the elements that the taps read. A weight of 0 contributes nothing, even for infinity.
Tensor tapped(const Tensor& x, std::int64_t axis, const std::vector<Tap>& taps) {
  Tensor sum;
  for (const Tap& tap : taps) {
    const auto zeros = std::ranges::count(tap.weights, 0.0);
    if (!tap.weights.empty() && zeros == std::ssize(tap.weights)) continue;
    const bool stays = std::ssize(tap.places) == x.size(axis) && std::ranges::is_sorted(tap.places) &&
                       std::ranges::adjacent_find(tap.places) == tap.places.end();
    Tensor part = stays ? x : take(x, tensor(tap.places), axis);
    if (std::ranges::count(tap.weights, 1.0) < std::ssize(tap.weights)) {
      Shape line = Shape::filled(x.ndim() - axis, 1);
      line[0] = std::ssize(tap.weights);
      const Tensor weights = tensor(tap.weights, line, x.dtype());
      part = zeros > 0 ? where(weights == 0, 0, weights * part) : weights * part;
    }
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

std::int64_t axes_of(Interpolation mode) {
  switch (mode) {
    case Interpolation::linear:
      return 1;
    case Interpolation::bilinear:
    case Interpolation::bicubic:
      return 2;
    case Interpolation::trilinear:
      return 3;
    case Interpolation::nearest:
      break;
  }
  return 0;
}

std::vector<Resize> resizes(const Tensor& x, const InterpolationOptions& options, const Location& where) {
  constexpr const char* call = "interpolate";
  const std::int64_t spatial = x.ndim() - 2, needed = axes_of(options.mode);
  check<ShapeError>(needed == 0 ? spatial >= 1 && spatial <= 3 : spatial == needed, where, call, ": needs [N, C] and ",
                    needed == 0 ? "1, 2 or 3" : std::to_string(needed), " spatial axes, got ", describe(x));
  check<DTypeError>(needed == 0 || is_floating(x.dtype()), where, call, ": needs a floating dtype, got ", describe(x));
  check<ValueError>(needed > 0 || !options.align_corners, where, call, ": nearest has no corners to align");
  check<ValueError>(options.size.empty() != options.scale.empty(), where, call,
                    ": needs either sizes or scales of the spatial axes");
  std::vector<Resize> list;
  for (std::int64_t axis = 0; axis < spatial; ++axis) {
    list.push_back({x.size(axis + 2), 0, {}, options.align_corners});
    check<ShapeError>(list.back().elements > 0, where, call, ": axis ", axis + 2, " of ", describe(x), " is empty");
  }
  if (options.scale.empty()) {
    const Sizes sizes = grid::counts(options.size, spatial, 1, call, "size", where);
    for (std::size_t i = 0; i < list.size(); ++i) list[i].size = sizes[i];
    return list;
  }
  const std::vector<double> scales = options.scale.of(spatial, call, "scale", where);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const double size = std::floor(static_cast<double>(list[i].elements) * scales[i]);
    check<ValueError>(std::isfinite(scales[i]) && size >= 1 && size <= 2147483648.0, where, call, ": with the scale ",
                      scales[i], ", ", list[i].elements, " elements would become none, or too many");
    list[i].size = static_cast<std::int64_t>(size);
    list[i].scale = scales[i];
  }
  return list;
}

}  // namespace

Tensor interpolate(const Operand& operand, const InterpolationOptions& options) {
  const CallScope scope("interpolate", operand.where());
  Tensor x = operand.tensor();
  const std::vector<Resize> list = resizes(x, options, operand.where());
  auto* taps = options.mode == Interpolation::nearest   ? nearest
               : options.mode == Interpolation::bicubic ? cubic
                                                        : linear;
  const std::int64_t most_taps = 4;
  for (const Resize& axis : list) check_table(axis.size, 2 * most_taps, "interpolate", operand.where());
  for (std::int64_t axis = x.ndim() - 1; axis >= 2; --axis) x = tapped(x, axis, taps(list[at(axis - 2)]));
  return x;
}

}  // namespace xgrad
