// What was pooled put back, and interpolation.

#include <algorithm>
#include <cmath>

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

using Unpool = Tensor (*)(const Operand&, const Operand&, const PerAxis&, const UnpoolingOptions&);

// The elements at the indices, of which the last one of equal ones wins; the result has `sizes`.
Case unpool_case(Unpool f, const Shape& shape, std::int64_t size, const UnpoolingOptions& options,
                 const Places& sizes) {
  std::vector<std::int64_t> to{shape[0], shape[1]};
  to.insert(to.end(), sizes.begin(), sizes.end());
  const std::int64_t elements = Shape(sizes).numel();
  return any_case([=](const Xs& x) { return f(x[0], x[1], size, options); },
                  {{shape}, {shape, 0, static_cast<double>(elements), int64}}, to,
                  [=](const Arrays& x, const Places& at) {
                    std::int64_t flat = 0;
                    for (std::size_t axis = 0; axis < sizes.size(); ++axis) flat = flat * sizes[axis] + at[axis + 2];
                    Real last = 0;
                    build(shape, [&](const Places& from) {
                      const bool here = from[0] == at[0] && from[1] == at[1];
                      if (here && static_cast<std::int64_t>(x[1].at(from)) == flat) last = x[0].at(from);
                      return Real{0};
                    });
                    return last;
                  });
}

Composition unpool(const std::string& name, Unpool f, std::vector<Case> cases) {
  const Tensor x = known(cases[0].inputs[0].shape);
  return {.call = name + "(x, indices, size, {.stride, .padding, .output_size})",
          .equation = "0, but at the indices the elements of x",
          .cases = std::move(cases),
          .refusals = {refuses<DTypeError>([=] { return f(x, x, 2, {}); }), refuses<ShapeError>([=] {
                         return f(known({2}), tensor({0, 1}), 2, {});
                       })}};
}

std::vector<Composition> unpools() {
  return {
      unpool("max_unpool1d", max_unpool1d,
             {unpool_case(max_unpool1d, {2, 1, 3}, 2, {}, {6}),
              unpool_case(max_unpool1d, {1, 2, 3}, 3, {.stride = 2, .padding = 1, .output_size = 6}, {6}),
              unpool_case(max_unpool1d, {0, 2, 2}, 2, {}, {4})}),
      unpool("max_unpool2d", max_unpool2d,
             {unpool_case(max_unpool2d, {1, 2, 2, 3}, 2, {}, {4, 6}),
              unpool_case(max_unpool2d, {2, 1, 2, 1}, 2, {.stride = 1}, {3, 2}),
              unpool_case(max_unpool2d, {0, 1, 2, 2}, 2, {}, {4, 4})}),
      unpool("max_unpool3d", max_unpool3d,
             {unpool_case(max_unpool3d, {1, 1, 2, 1, 2}, 2, {}, {4, 2, 4}),
              unpool_case(max_unpool3d, {0, 1, 1, 1, 1}, 2, {}, {2, 2, 2})}),
  };
}

// Which elements of an axis an element of the result is made of, and how much of each.
using Taps = std::vector<std::pair<std::int64_t, Real>>;

struct Axis {
  std::int64_t elements, size;
  Real scale = 0;  // 0 if it is the sizes that are given
  bool align_corners = false;
};
Real place_of(const Axis& axis, std::int64_t i) {
  if (axis.align_corners)
    return axis.size == 1 ? 0 : static_cast<Real>(i * (axis.elements - 1)) / static_cast<Real>(axis.size - 1);
  const Real ratio = axis.scale > 0 ? 1 / axis.scale : static_cast<Real>(axis.elements) / static_cast<Real>(axis.size);
  return ratio * (static_cast<Real>(i) + 0.5L) - 0.5L;
}
// The cubic convolution of Keys with a = −3/4.
Real keys(Real x) {
  const Real a = -0.75L, d = std::abs(x);
  if (d <= 1) return (a + 2) * d * d * d - (a + 3) * d * d + 1;
  return d < 2 ? a * (d * d * d - 5 * d * d + 8 * d - 4) : 0;
}
Taps taps_of(const Axis& axis, Interpolation mode, std::int64_t i) {
  const auto inside = [&](std::int64_t place) { return std::clamp<std::int64_t>(place, 0, axis.elements - 1); };
  if (mode == Interpolation::nearest) {
    const Real place = axis.scale > 0 ? static_cast<Real>(i) / axis.scale
                                      : static_cast<Real>(i * axis.elements) / static_cast<Real>(axis.size);
    return {{inside(static_cast<std::int64_t>(std::floor(place))), 1}};
  }
  Taps taps;
  const bool cubic = mode == Interpolation::bicubic;
  const Real place = cubic ? place_of(axis, i) : std::max(place_of(axis, i), Real{0}), below = std::floor(place);
  for (std::int64_t k = cubic ? -1 : 0; k <= (cubic ? 2 : 1); ++k) {
    const Real d = place - below - static_cast<Real>(k);
    taps.push_back({inside(static_cast<std::int64_t>(below) + k), cubic ? keys(d) : 1 - std::abs(d)});
  }
  return taps;
}

Case interpolation_case(const Shape& from, const std::vector<Axis>& axes, const InterpolationOptions& options) {
  std::vector<std::int64_t> to{from[0], from[1]};
  for (const Axis& axis : axes) to.push_back(axis.size);
  return moved([=](const Tensor& x) { return interpolate(x, options); }, from, to,
               [=](const Array& x, const Places& at) {
                 std::vector<Taps> taps;
                 std::vector<std::int64_t> counts;
                 for (std::size_t k = 0; k < axes.size(); ++k) {
                   taps.push_back(taps_of(axes[k], options.mode, at[k + 2]));
                   counts.push_back(i64(taps[k].size()));
                 }
                 Real sum = 0;
                 build(counts, [&](const Places& tap) {
                   Places place{at[0], at[1]};
                   Real weight = 1;
                   for (std::size_t k = 0; k < axes.size(); ++k) {
                     place.push_back(taps[k][u(tap[k])].first);
                     weight *= taps[k][u(tap[k])].second;
                   }
                   sum += weight * x.at(place);
                   return Real{0};
                 });
                 return sum;
               });
}
// To these sizes.
Case to_sizes(const Shape& from, const Places& sizes, Interpolation mode, bool align_corners = false) {
  std::vector<Axis> axes;
  for (std::size_t k = 0; k < sizes.size(); ++k) axes.push_back({from[i64(k) + 2], sizes[k], 0, align_corners});
  return interpolation_case(from, axes, {.size = sizes, .mode = mode, .align_corners = align_corners});
}

Composition interpolation() {
  using enum Interpolation;
  const Tensor line = known({1, 1, 4});
  return {
      .call = "interpolate(x, {.size, .scale, .mode, .align_corners})",
      .equation = "other sizes: the nearest element, or linear or cubic between neighbours",
      .cases = {to_sizes({1, 2, 4}, {7}, linear), to_sizes({2, 1, 5}, {3}, linear, true),
                to_sizes({1, 1, 3}, {5}, nearest), to_sizes({1, 2, 3, 2}, {2, 5}, bilinear),
                to_sizes({1, 1, 4, 3}, {5, 7}, bicubic), to_sizes({1, 1, 2, 3, 2}, {3, 2, 3}, trilinear),
                interpolation_case({1, 2, 4}, {{4, 6, 1.625L}}, {.scale = 1.625, .mode = linear}),
                interpolation_case({1, 1, 5, 3}, {{5, 7, 1.5L}, {3, 4, 1.5L}}, {.scale = 1.5}),
                to_sizes({0, 2, 3}, {2}, linear)},
      .refusals = {refuses<ValueError>([=] { return interpolate(line, {}); }),
                   refuses<ShapeError>([=] { return interpolate(line, {.size = 2, .mode = bilinear}); }),
                   refuses<DTypeError>([=] { return interpolate(cast(line, int64), {.size = 2, .mode = linear}); })},
      .epsilons = 32};  // 16 products of either sign
}

}  // namespace

std::vector<Composition> resizing_compositions() {
  std::vector<Composition> all = unpools();
  all.push_back(interpolation());
  return all;
}

}  // namespace xgrad::catalogue
