// What surrounds an axis, and convolution.

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

// y[n, o, i stride + k dilation − padding] += w[c, o, k] x[n, c, i]
struct Transposed {
  Shape x, w;
  std::int64_t stride = 1, padding = 0, output_padding = 0, dilation = 1, groups = 1;
  bool bias = true;
};
template <class F>
Case transposed_case(F f, const Transposed& of) {
  Shape to = of.x;
  to[1] = of.w[1] * of.groups;
  for (std::int64_t axis = 2; axis < to.ndim(); ++axis)
    to[axis] = (of.x[axis] - 1) * of.stride - 2 * of.padding + of.dilation * (of.w[axis] - 1) + of.output_padding + 1;
  std::vector<Input> inputs{{of.x}, {of.w}};
  if (of.bias) inputs.push_back({{to[1]}});
  const TransposedConvolutionOptions options{.stride = of.stride,
                                             .padding = of.padding,
                                             .output_padding = of.output_padding,
                                             .dilation = of.dilation,
                                             .groups = of.groups};
  return any_case([=](const Xs& x) { return f(x[0], x[1], x.size() > 2 ? x[2] : Tensor(), options); }, inputs, to,
                  [=](const Arrays& x, const Places& at) {
                    const std::int64_t group = at[1] / of.w[1], share = of.x[1] / of.groups;
                    Shape kernel = of.w;
                    kernel[0] = share;
                    kernel[1] = 1;
                    Real sum = of.bias ? x[2].at({at[1]}) : 0;
                    build(kernel, [&](const Places& k) {
                      Places from = with(at, 1, group * share + k[0]);
                      bool inside = true;
                      for (std::size_t axis = 2; axis < at.size(); ++axis) {
                        const std::int64_t place = at[axis] + of.padding - k[axis] * of.dilation;
                        from[axis] = place / of.stride;
                        inside = inside && place >= 0 && place % of.stride == 0 && from[axis] < of.x[i64(axis)];
                      }
                      if (inside) sum += x[0].at(from) * x[1].at(with(with(k, 0, from[1]), 1, at[1] % of.w[1]));
                      return Real{0};
                    });
                    return sum;
                  });
}

Composition transposed(const std::string& name, std::vector<Case> cases, std::vector<Refusal> refusals) {
  return {.call = name + "(x, weight, bias, {.stride, .padding, .output_padding, .dilation, .groups})",
          .equation = "y[n, o, i stride + k dilation − padding] += w[c, o, k] x[n, c, i], and bias[o]",
          .cases = std::move(cases),
          .refusals = std::move(refusals)};
}

std::vector<Composition> transposed_convolutions() {
  const auto one = [](auto&&... x) { return conv_transpose1d(x...); };
  const auto two = [](auto&&... x) { return conv_transpose2d(x...); };
  const auto three = [](auto&&... x) { return conv_transpose3d(x...); };
  return {
      transposed("conv_transpose1d",
                 {transposed_case(one, {.x = {2, 2, 3}, .w = {2, 1, 2}, .bias = false}),
                  transposed_case(one, {.x = {2, 2, 4}, .w = {2, 3, 3}}),
                  transposed_case(one, {.x = {1, 4, 3},
                                        .w = {4, 1, 2},
                                        .stride = 2,
                                        .padding = 1,
                                        .output_padding = 1,
                                        .dilation = 2,
                                        .groups = 2,
                                        .bias = false}),
                  transposed_case(one, {.x = {0, 2, 3}, .w = {2, 1, 2}})},
                 {refuses<ShapeError>([] {
                    return conv_transpose1d(ones({2, 3, 5}), ones({4, 2, 3}));
                  }),
                  refuses<ValueError>([] {
                    return conv_transpose1d(ones({2, 4, 5}), ones({4, 1, 3}), {}, {.groups = 3});
                  })}),
      transposed("conv_transpose2d",
                 {transposed_case(two, {.x = {1, 1, 2, 2}, .w = {1, 2, 2, 1}, .bias = false}),
                  transposed_case(two, {.x = {1, 2, 2, 3}, .w = {2, 1, 2, 3}, .padding = 1}),
                  transposed_case(two, {.x = {2, 2, 2, 2}, .w = {2, 1, 3, 2}, .stride = 2, .groups = 2, .bias = false}),
                  transposed_case(two, {.x = {0, 1, 2, 2}, .w = {1, 1, 2, 2}})},
                 {refuses<ShapeError>([] {
                   return conv_transpose2d(image, ones({3, 1, 2, 2}));
                 })}),
      transposed("conv_transpose3d",
                 {transposed_case(three, {.x = {1, 1, 2, 1, 2}, .w = {1, 1, 1, 2, 2}, .bias = false}),
                  transposed_case(three, {.x = {1, 1, 2, 2, 1}, .w = {1, 2, 2, 1, 2}, .stride = 2}),
                  transposed_case(three, {.x = {0, 1, 2, 2, 2}, .w = {1, 1, 1, 1, 1}})},
                 {refuses<ShapeError>([] {
                   return conv_transpose3d(image, ones({1, 2, 2, 2}));
                 })}),
  };
}

}  // namespace

std::vector<Composition> window_compositions() {
  std::vector<Composition> all = of_windows();
  for (Composition& row : convolutions()) all.push_back(std::move(row));
  for (Composition& row : transposed_convolutions()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
