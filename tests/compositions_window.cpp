// Windows, what surrounds an axis, convolution and pooling.

#include <limits>

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor vector = known({3}), image = known({1, 2, 4, 4});

// Where the element that stands at `place` of a padded axis comes from; -1 for the value.
std::int64_t source(std::int64_t place, std::int64_t size, PadMode mode) {
  if (place >= 0 && place < size) return place;
  if (mode == PadMode::reflect) return place < 0 ? -place : 2 * (size - 1) - place;
  if (mode == PadMode::replicate) return place < 0 ? 0 : size - 1;
  if (mode == PadMode::circular) return (place + size) % size;
  return -1;
}

Case pad_case(const Shape& from, const std::vector<Around>& around, PadMode mode) {
  Shape to = from;
  for (const Around& each : around) to[each.axis] += each.before + each.after;
  return moved([=](const Tensor& x) { return pad(x, around, mode, 7); }, from, to,
               [=](const Array& x, Places at) -> Real {
                 for (const Around& each : around) {
                   at[u(each.axis)] = source(at[u(each.axis)] - each.before, from[each.axis], mode);
                   if (at[u(each.axis)] < 0) return 7;
                 }
                 return x.at(at);
               });
}

// The place in the input that a place in a window reads; false where it lies around it.
bool place_in(const Shape& input, const Window& window, std::int64_t number, std::int64_t inside, Places& at) {
  const std::int64_t place = number * window.stride + inside * window.dilation - window.before;
  at[u(window.axis)] = place;
  return place >= 0 && place < input[window.axis];
}

Shape unfolded_shape(const Shape& from, const std::vector<Window>& windows) {
  std::vector<std::int64_t> to(from.begin(), from.end());
  for (const Window& window : windows) {
    const std::int64_t covered = from[window.axis] + window.before + window.after;
    to[u(window.axis)] = (covered - window.dilation * (window.size - 1) - 1) / window.stride + 1;
    to.push_back(window.size);
  }
  return to;
}

std::vector<Composition> of_windows() {
  const std::vector<Around> both{{0, 1, 2}, {1, 2, 0}};
  return {
      {.call = "pad(x, {{axis, before, after}, ...}, mode, value = 0)",
       .equation = "around axes: a value, the axis in a mirror, its last element or its other end",
       .cases = {pad_case({3, 3}, both, PadMode::constant), pad_case({4, 3}, both, PadMode::reflect),
                 pad_case({2, 1}, both, PadMode::replicate), pad_case({3, 2}, both, PadMode::circular),
                 pad_case({5}, {{0, -1, -2}}, PadMode::constant), pad_case({0, 2}, {{0, 1, 1}}, PadMode::constant)},
       .refusals = {refuses<ValueError>([] {
                      return pad(vector, {{0, 3, 0}}, PadMode::reflect);
                    }),
                    refuses<ValueError>([] {
                      return pad(vector, {{0, 4, 0}}, PadMode::circular);
                    }),
                    refuses<AxisError>([] {
                      return pad(vector, {{1, 1, 0}});
                    })}},
  };
}

// y[n, o, i] = Σ w[o, c, k] x[n, c + its group, i stride + k dilation - padding], of any number of spatial axes.
struct Convolution {
  Shape x, w;
  std::int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
  bool bias = true;
};
template <class F>
Case convolution_case(F f, const Convolution& of) {
  const std::int64_t spatial = of.x.ndim() - 2;
  Shape to = of.x;
  to[1] = of.w[0];
  std::vector<Window> windows;
  for (std::int64_t axis = 2; axis < spatial + 2; ++axis)
    windows.push_back({axis, of.w[axis], of.stride, of.dilation, of.padding, of.padding});
  const Shape unfolded = unfolded_shape(of.x, windows);
  for (std::int64_t axis = 2; axis < spatial + 2; ++axis) to[axis] = unfolded[axis];
  std::vector<Input> inputs{{of.x}, {of.w}};
  if (of.bias) inputs.push_back({{of.w[0]}});
  const ConvolutionOptions options{
      .stride = of.stride, .padding = of.padding, .dilation = of.dilation, .groups = of.groups};
  return any_case([=](const Xs& x) { return f(x[0], x[1], x.size() > 2 ? x[2] : Tensor(), options); }, inputs, to,
                  [=](const Arrays& x, const Places& at) {
                    Shape kernel = of.w;
                    kernel[0] = 1;
                    const std::int64_t first = at[1] / (of.w[0] / of.groups) * of.w[1];
                    Real sum = of.bias ? x[2].at({at[1]}) : 0;
                    build(kernel, [&](const Places& k) {
                      Places place = with(at, 1, first + k[1]);
                      bool inside = true;
                      for (const Window& window : windows)
                        inside = place_in(of.x, window, at[u(window.axis)], k[u(window.axis)], place) && inside;
                      if (inside) sum += x[1].at(with(k, 0, at[1])) * x[0].at(place);
                      return Real{0};
                    });
                    return sum;
                  });
}

std::vector<Composition> convolutions() {
  const auto one = [](auto&&... x) { return conv1d(x...); };
  const auto two = [](auto&&... x) { return conv2d(x...); };
  const auto three = [](auto&&... x) { return conv3d(x...); };
  const std::string equation = "y[n, o, i] = bias[o] + Σ w[o, c, k] x[n, c, i stride + k dilation − padding]";
  return {
      {.call = "conv1d(x, weight, bias, {.stride, .padding, .dilation, .groups})",
       .equation = equation,
       .cases =
           {convolution_case(one, {.x = {2, 2, 4}, .w = {2, 2, 3}, .bias = false}),
            convolution_case(one, {.x = {2, 2, 5}, .w = {3, 2, 3}}),
            convolution_case(
                one,
                {.x = {1, 4, 7}, .w = {2, 2, 2}, .stride = 2, .padding = 1, .dilation = 2, .groups = 2, .bias = false}),
            convolution_case(one, {.x = {0, 2, 5}, .w = {1, 2, 3}})},
       .refusals = {refuses<ShapeError>([] {
                      return conv1d(ones({2, 3, 5}), ones({4, 2, 3}));
                    }),
                    refuses<ShapeError>([] {
                      return conv1d(vector, ones({4, 2, 3}));
                    }),
                    refuses<ValueError>([] {
                      return conv1d(ones({2, 2, 5}), ones({4, 1, 3}), {}, {.groups = 3});
                    })}},
      {.call = "conv2d(x, weight, bias, {.stride, .padding, .dilation, .groups})",
       .equation = equation,
       .cases = {convolution_case(two, {.x = {1, 2, 3, 3}, .w = {1, 2, 2, 2}, .bias = false}),
                 convolution_case(two, {.x = {1, 2, 3, 4}, .w = {2, 2, 2, 3}, .padding = 1}),
                 convolution_case(two, {.x = {2, 2, 4, 3}, .w = {2, 1, 2, 2}, .stride = 2, .groups = 2, .bias = false}),
                 convolution_case(two, {.x = {0, 1, 3, 3}, .w = {1, 1, 2, 2}})},
       .refusals = {refuses<ShapeError>([] {
                      return conv2d(image, ones({1, 3, 2, 2}));
                    }),
                    refuses<ShapeError>([] {
                      return conv2d(image, ones({1, 2, 2, 2}), vector);
                    }),
                    refuses<ValueError>([] {
                      return conv2d(image, ones({1, 2, 2, 2}), {}, {.stride = 2, .padding = Border::same});
                    })}},
      {.call = "conv3d(x, weight, bias, {.stride, .padding, .dilation, .groups})",
       .equation = equation,
       .cases = {convolution_case(three, {.x = {1, 1, 2, 2, 2}, .w = {1, 1, 2, 1, 2}, .padding = 1, .bias = false}),
                 convolution_case(three, {.x = {1, 2, 2, 3, 2}, .w = {2, 2, 2, 2, 1}}),
                 convolution_case(three, {.x = {0, 1, 2, 2, 2}, .w = {1, 1, 1, 1, 1}})},
       .refusals = {refuses<ShapeError>([] {
         return conv3d(image, ones({1, 2, 2, 2}));
       })}},
  };
}

// The elements of a window, and how many places of it count in a mean.
struct Pool {
  Shape x;
  std::vector<std::int64_t> size, stride;
  std::int64_t padding = 0;
  bool include_padding = true;
};
using Pooling = Tensor (*)(const Operand&, const PerAxis&, const PoolingOptions&);
Case pool_case(Pooling f, const Pool& of, bool largest) {
  std::vector<Window> windows;
  std::vector<std::int64_t> to(of.x.begin(), of.x.end());
  for (std::size_t k = 0; k < of.size.size(); ++k)
    windows.push_back({i64(k) + 2, of.size[k], of.stride[k], 1, of.padding, of.padding});
  const Shape unfolded = unfolded_shape(of.x, windows);
  for (std::size_t k = 2; k < to.size(); ++k) to[k] = unfolded[i64(k)];
  const PoolingOptions options{.stride = of.stride, .padding = of.padding, .count_include_pad = of.include_padding};
  return moved([=](const Tensor& x) { return f(x, of.size, options); }, of.x, to,
               [=](const Array& x, const Places& at) {
                 Real best = -std::numeric_limits<Real>::infinity(), sum = 0;
                 std::int64_t counted = 0;
                 build(Shape(of.size), [&](const Places& k) {
                   Places place = at;
                   bool inside = true;
                   for (const Window& window : windows)
                     inside = place_in(of.x, window, at[u(window.axis)], k[u(window.axis) - 2], place) && inside;
                   counted += inside || of.include_padding;
                   if (inside) best = std::max(best, x.at(place)), sum += x.at(place);
                   return Real{0};
                 });
                 return largest ? best : sum / static_cast<Real>(counted);
               });
}

std::vector<Case> pool_cases(Pooling f, std::int64_t spatial, bool largest) {
  const auto first = [&](std::vector<std::int64_t> list) {
    return std::vector<std::int64_t>(list.begin(), list.begin() + spatial);
  };
  const auto shape = [&](std::vector<std::int64_t> list) {
    return Shape(std::vector<std::int64_t>(list.begin(), list.begin() + 2 + spatial));
  };
  return {pool_case(f, {shape({1, 2, 4, 3, 2}), first({2, 3, 1}), first({2, 1, 1})}, largest),
          pool_case(f, {shape({2, 1, 3, 2, 2}), first({2, 2, 2}), first({1, 1, 2}), 1, false}, largest),
          pool_case(f, {shape({1, 1, 3, 2, 2}), first({2, 2, 2}), first({1, 2, 1}), 1, true}, largest),
          pool_case(f, {shape({0, 2, 2, 2, 2}), first({2, 1, 1}), first({1, 1, 1})}, largest)};
}

Composition pooling(const std::string& name, Pooling f, std::int64_t spatial, bool largest) {
  return {.call = name + "(x, size, {.stride, .padding, .dilation, .ceil_mode" +
                  (largest ? "})" : ", .count_include_pad})"),
          .equation = largest ? "the maximum of each window" : "the mean of each window",
          .cases = pool_cases(f, spatial, largest),
          .refusals = {refuses<ShapeError>([f] { return f(vector, 2, {}); }), refuses<ValueError>([f, spatial] {
                         return f(ones(Shape(std::vector<std::int64_t>(u(spatial + 2), 4))), 2, {.padding = 2});
                       })}};
}

}  // namespace

std::vector<Composition> window_compositions() {
  std::vector<Composition> all = of_windows();
  for (Composition& row : convolutions()) all.push_back(std::move(row));
  all.push_back(pooling("max_pool1d", max_pool1d, 1, true));
  all.push_back(pooling("max_pool2d", max_pool2d, 2, true));
  all.push_back(pooling("max_pool3d", max_pool3d, 3, true));
  all.push_back(pooling("avg_pool1d", avg_pool1d, 1, false));
  all.push_back(pooling("avg_pool2d", avg_pool2d, 2, false));
  all.push_back(pooling("avg_pool3d", avg_pool3d, 3, false));
  return all;
}

}  // namespace xgrad::catalogue
