// Pools are what their definitions say, in plain loops over the windows.

#include "autograd/ops/pooling.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/autograd/ops/points.hpp"
#include "tests/throws.hpp"

namespace xgrad::pooling_test {
namespace {

using Sizes = std::vector<std::int64_t>;

Tensor numbers(const Shape& shape, std::uint64_t seed) {
  Rng rng(seed);
  return cast(randint(shape, rng, -4, 5), float64);
}

// Distinct numbers.
Tensor distinct(const Shape& shape, std::uint64_t seed) {
  Rng rng(seed);
  return reshape(cast(permutation(shape.numel(), rng), float64), shape) * 0.125 - 2;
}

// The places of the elements in a window of an axis.
using Places = std::vector<Sizes>;

Places sliding(std::int64_t elements, std::int64_t count, std::int64_t size, std::int64_t stride, std::int64_t padding,
               std::int64_t dilation) {
  Places windows(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t k = 0; k < size; ++k) {
      const std::int64_t place = i * stride + k * dilation - padding;
      if (place >= 0 && place < elements) windows[static_cast<std::size_t>(i)].push_back(place);
    }
  return windows;
}

Places parts(std::int64_t elements, std::int64_t count) {
  Places windows;
  for (std::int64_t i = 0; i < count; ++i) {
    const double n = static_cast<double>(elements), m = static_cast<double>(count), at = static_cast<double>(i);
    const auto end = static_cast<std::int64_t>(std::ceil((at + 1) * n / m));
    windows.emplace_back();
    for (auto place = static_cast<std::int64_t>(std::floor(at * n / m)); place < end; ++place)
      windows.back().push_back(place);
  }
  return windows;
}

// Over the windows of [rows, columns] planes: what `join` makes of the elements and their flat places.
using Join = std::function<double(const Numbers&, const Sizes&)>;
Numbers pooled(const Tensor& x, const Places& rows, const Places& columns, const Join& join) {
  const Numbers values = x.to_vector();
  const std::int64_t height = x.size(-2), width = x.size(-1);
  Numbers y;
  for (std::int64_t plane = 0; plane < x.size(0) * x.size(1); ++plane)
    for (const Sizes& r : rows)
      for (const Sizes& c : columns) {
        Numbers elements;
        Sizes places;
        for (const std::int64_t i : r)
          for (const std::int64_t j : c) {
            places.push_back(i * width + j);
            elements.push_back(values[static_cast<std::size_t>(plane * height * width + places.back())]);
          }
        y.push_back(join(elements, places));
      }
  return y;
}

double largest(const Numbers& elements, const Sizes&) { return *std::ranges::max_element(elements); }
double place_of_largest(const Numbers& elements, const Sizes& places) {
  return static_cast<double>(places[static_cast<std::size_t>(std::ranges::max_element(elements) - elements.begin())]);
}
double mean_of(const Numbers& elements, const Sizes&) {
  double sum = 0;
  for (const double each : elements) sum += each;
  return sum / static_cast<double>(elements.size());
}

}  // namespace

TEST_CASE("pools take the maximum and the mean of windows") {
  const Tensor x = reshape(arange(0, 16, 1, float64), {1, 1, 4, 4});
  CHECK(max_pool2d(x, 2).to_vector() == Numbers{5, 7, 13, 15});
  CHECK(avg_pool2d(x, 2).to_vector() == Numbers{2.5, 4.5, 10.5, 12.5});
  CHECK(max_pool2d(x, {2, 3}, {.stride = {2, 1}}).to_vector() == Numbers{6, 7, 14, 15});
  CHECK(max_pool2d(x, 3, {.stride = 2, .padding = 1}).to_vector() == Numbers{5, 7, 13, 15});
  CHECK(max_pool2d(x, 3, {.ceil_mode = true}).to_vector() == Numbers{10, 11, 14, 15});
  CHECK(avg_pool2d(x, 3, {.ceil_mode = true}).to_vector() == Numbers{5, 7, 13, 15});
  CHECK(avg_pool2d(x, 2, {.padding = 1}).to_vector() == Numbers{0, 0.75, 0.75, 3, 7.5, 4.5, 3, 6.75, 3.75});
  CHECK(avg_pool2d(x, 2, {.padding = 1, .count_include_pad = false}).to_vector() ==
        Numbers{0, 1.5, 3, 6, 7.5, 9, 12, 13.5, 15});
  const Tensor line = tensor({{1.0, 5.0, 2.0, 4.0, 3.0}});
  CHECK(max_pool1d(line, 2).to_vector() == Numbers{5, 4});
  CHECK(max_pool1d(line, 2, {.ceil_mode = true}).to_vector() == Numbers{5, 4, 3});
  CHECK(max_pool1d(line, 3, {.stride = 1, .dilation = 2}).to_vector() == Numbers{3});
  CHECK(max_pool1d(tensor({{1.0, 2.0}}), 3, {.stride = 2, .ceil_mode = true}).to_vector() == Numbers{2});
  CHECK(avg_pool1d(line, 2, {.padding = 1, .ceil_mode = true}).to_vector() == Numbers{0.5, 3.5, 3.5});
  CHECK(max_pool3d(reshape(x, {1, 4, 2, 2}), 2).to_vector() == Numbers{7, 15});
  throws<ValueError>("max_pool2d: padding 2 for windows of 2 (at most half of it)").by([&] {
    max_pool2d(x, 2, {.padding = 2});
  });
  throws<DTypeError>("max_pool1d: needs a floating dtype, got [1, 1, 4] i64").by([&] {
    max_pool1d(tensor({{1, 2, 3, 4}}), 2);
  });
}

TEST_CASE("maxima come with the places where they stand first") {
  struct Example {
    PoolingOptions options;
    std::int64_t size, rows, columns;
  };
  for (const auto& [options, size, rows, columns] :
       {Example{{}, 2, 3, 2}, Example{{.stride = 1}, 3, 5, 3}, Example{{.stride = 2, .padding = 1}, 3, 4, 3},
        Example{{.stride = 1, .padding = 1, .dilation = 2}, 3, 5, 3},
        Example{{.stride = 3, .ceil_mode = true}, 2, 3, 2}}) {
    const Sizes stride = options.stride.empty() ? Sizes{size} : options.stride.of(1, "", "", {});
    const std::int64_t padding = options.padding.of(1, "", "", {})[0], dilation = options.dilation.of(1, "", "", {})[0];
    const Places r = sliding(7, rows, size, stride[0], padding, dilation),
                 c = sliding(5, columns, size, stride[0], padding, dilation);
    for (const Tensor& x : {numbers({2, 3, 7, 5}, 1), distinct({2, 3, 7, 5}, 2), full({2, 3, 7, 5}, -inf, float64)}) {
      const auto [values, indices] = max_pool2d_with_indices(x, size, options);
      CHECK(values.shape() == Shape{2, 3, rows, columns});
      CHECK(values.to_vector() == pooled(x, r, c, largest));
      CHECK(values.to_vector() == max_pool2d(x, size, options).to_vector());
      CHECK(indices.dtype() == int64);
      CHECK(indices.to_vector() == pooled(x, r, c, place_of_largest));
      CHECK(max_pool2d_with_indices(x[1], size, options).indices.to_vector() == indices[1].to_vector());
    }
  }
  const Tensor x = tensor({{1.0, nan, 3.0, nan}});
  CHECK(max_pool1d_with_indices(x, 4).indices.to_vector() == Numbers{1});
  const auto [values, indices] = max_pool3d_with_indices(distinct({1, 2, 2, 4, 4}, 3), {2, 2, 4});
  CHECK(values.to_vector() ==
        take(flatten(distinct({1, 2, 2, 4, 4}, 3)), flatten(indices + tensor({{{{{0}, {0}}}, {{{32}, {32}}}}})))
            .to_vector());
}

TEST_CASE("the first of equal maxima has the derivative, where indices are asked for; else they share it") {
  const Tensor x = track(tensor({{2.0, 2.0, 1.0, 2.0}}));
  CHECK(grad(sum(max_pool1d_with_indices(x, 4).values), x).to_vector() == Numbers{1, 0, 0, 0});
  const double third = 1.0F / 3;
  CHECK(same(grad(sum(max_pool1d(x, 4)), x), {third, third, 0, third}, 1e-7));
  CHECK(grad(sum(adaptive_max_pool1d_with_indices(x, 1).values), x).to_vector() == Numbers{1, 0, 0, 0});
  CHECK(same(grad(sum(adaptive_max_pool1d(x, 1)), x), {third, third, 0, third}, 1e-7));
}

TEST_CASE("where all elements of a window are -inf, they share the derivative, and padding has none of it") {
  const Tensor x = track(tensor({{-inf, -inf, -inf, 1.0, 1.0}}, float64));
  CHECK(grad(sum(max_pool1d(x, 2, {.padding = 1})), x).to_vector() == Numbers{1, 0.5, 0.5, 0.5, 0.5});
  CHECK(grad(sum(max_pool1d(x, 3, {.ceil_mode = true})), x).to_vector() == Numbers{1. / 3, 1. / 3, 1. / 3, 0.5, 0.5});
  CHECK(max_pool1d(x, 2, {.padding = 1}).to_vector() == Numbers{-inf, -inf, 1});
  const Tensor plane = track(full({1, 5, 5}, -inf, float64));
  const Tensor y = max_pool2d(plane, 3, {.stride = 2, .padding = 1, .ceil_mode = true});
  CHECK(y.to_vector() == Numbers(9, -inf));
  CHECK(same(sum(grad(sum(y), plane)), {9}, 1e-15));
  const Tensor corners = grad(sum(max_pool2d(plane, 3, {.stride = 4, .padding = 1})), plane);
  CHECK_THAT(corners, AllClose(tensor({{{1.0}, {1.0}, {0.0}, {1.0}, {1.0}}}, float64) *
                               tensor({0.25, 0.25, 0.0, 0.25, 0.25}, float64)));
  CHECK(grad(sum(adaptive_max_pool1d(x, 2)), x).to_vector() == Numbers{1. / 3, 1. / 3, 1. / 3, 0.5, 0.5});
  const Tensor line = track(full({1, 5}, -inf, float64));
  CHECK(same(grad(sum(adaptive_max_pool1d(line, 2)), line), {1. / 3, 1. / 3, 2. / 3, 1. / 3, 1. / 3}, 1e-15));
  CHECK(same(sum(grad(sum(adaptive_max_pool2d(plane, {3, 2})), plane)), {6}, 1e-15));
}

TEST_CASE("a window of padding alone is refused, unless padding counts") {
  const Tensor x = tensor({{3.0}}, float64);
  const PoolingOptions over{.stride = 1, .padding = 1, .dilation = 2},
      without{.stride = 1, .padding = 1, .dilation = 2, .count_include_pad = false};
  const char* message = ": window 0 of axis 0 of the spatial ones has no element";
  throws<ValueError>(std::string("max_pool1d") + message).by([&] { max_pool1d(x, 2, over); });
  throws<ValueError>(std::string("max_pool1d_with_indices") + message).by([&] { max_pool1d_with_indices(x, 2, over); });
  throws<ValueError>(std::string("avg_pool1d") + message).by([&] { avg_pool1d(x, 2, without); });
  throws<ValueError>("max_pool2d: window 0 of axis 1 of the spatial ones has no element").by([&] {
    max_pool2d(zeros({1, 3, 1}), {1, 2}, {.stride = 1, .padding = {0, 1}, .dilation = 2});
  });
  CHECK(avg_pool1d(x, 2, over).to_vector() == Numbers{0});
  CHECK(lp_pool1d(x, 2, 2, over).to_vector() == Numbers{0});
  const Tensor tracked = track(x);
  CHECK(grad(sum(lp_pool1d(tracked, 2, 2, over)), tracked).to_vector() == Numbers{0});
  CHECK(max_pool1d(tensor({{3.0, 4.0}}), 3, {.stride = 1, .padding = 1, .dilation = 1}).to_vector() == Numbers{4, 4});
  CHECK(max_pool1d(tensor({{3.0, 4.0}}), 2, {.stride = 1, .padding = 1, .dilation = 2}).to_vector() == Numbers{4, 3});
}

TEST_CASE("the parts of an axis, of any size, share elements where they must") {
  for (const Sizes& size : {Sizes{1, 1}, Sizes{3, 2}, Sizes{7, 5}, Sizes{2, 4}, Sizes{9, 1}, Sizes{4, 8}}) {
    const Places r = parts(7, size[0]), c = parts(5, size[1]);
    for (const Tensor& x : {numbers({2, 3, 7, 5}, 1), distinct({2, 3, 7, 5}, 2), full({2, 3, 7, 5}, -inf, float64)}) {
      const Shape shape{2, 3, size[0], size[1]};
      CHECK(adaptive_max_pool2d(x, size).shape() == shape);
      CHECK(adaptive_max_pool2d(x, size).to_vector() == pooled(x, r, c, largest));
      CHECK(adaptive_max_pool2d(track(x), size).to_vector() == pooled(x, r, c, largest));
      const auto [values, indices] = adaptive_max_pool2d_with_indices(x, size);
      CHECK(values.to_vector() == pooled(x, r, c, largest));
      CHECK(indices.to_vector() == pooled(x, r, c, place_of_largest));
      CHECK(adaptive_avg_pool2d(x, size).shape() == shape);
      CHECK(same(adaptive_avg_pool2d(x, size), pooled(x, r, c, mean_of), 1e-15));
    }
  }
  const Tensor x = numbers({2, 3, 6}, 3);
  CHECK(adaptive_avg_pool1d(x, 4).to_vector() == adaptive_avg_pool2d(unsqueeze(x, 2), {1, 4}).to_vector());
  CHECK(adaptive_avg_pool1d(x[0], 4).to_vector() == adaptive_avg_pool1d(x, 4)[0].to_vector());
  CHECK(adaptive_max_pool3d(reshape(x, {1, 1, 2, 3, 6}), {1, 3, 4}).to_vector() ==
        max(adaptive_max_pool2d(reshape(x, {1, 2, 3, 6}), {3, 4}), 1).to_vector());
  CHECK(adaptive_avg_pool3d(reshape(x, {1, 1, 2, 3, 6}), 1).item() == Approx(mean(x).item()));
  // What a part does not have does not reach it, not even as NaN or infinity.
  CHECK(same(adaptive_avg_pool1d(tensor({{1.0, 2.0, inf, 4.0, nan}}, float64), 3), {1.5, inf, nan}, 0));
  CHECK(adaptive_avg_pool2d(zeros({0, 2, 5, 5}), 2).shape() == Shape{0, 2, 2, 2});
}

TEST_CASE("Lp pools are roots of sums of powers, without an absolute value") {
  const Tensor x = abs(numbers({2, 2, 5, 6}, 1)) + 0.5;
  for (const double p : {1.0, 2.0, 3.0, 1.5, 0.5}) {
    const Places r = sliding(5, 2, 2, 2, 0, 1), c = sliding(6, 2, 3, 3, 0, 1);
    const auto root = [p](const Numbers& elements, const Sizes&) {
      double sum = 0;
      for (const double each : elements) sum += std::pow(each, p);
      return std::pow(sum, 1 / p);
    };
    CHECK(same(lp_pool2d(x, p, {2, 3}), pooled(x, r, c, root), 1e-14));
    CHECK_THAT(
        [p](const Tensor& t) {
          return lp_pool2d(t, p, {2, 3}, {.stride = 1});
        },
        DifferentiatesCorrectly(x).order(2));
  }
  const Tensor line = tensor({{3.0, -4.0, -1.0, -2.0}}, float64);
  CHECK(lp_pool1d(line, 2, 2).to_vector() == Numbers{5, std::sqrt(5.0)});
  CHECK(lp_pool1d(line, 1, 2).to_vector() == Numbers{-1, -3});
  CHECK(same(lp_pool1d(line, 3, 2), {nan, nan}, 0));
  // A window beyond the end counts like a whole one: of one element, twice its square.
  CHECK(same(lp_pool1d(slice(line, 1, 1, {}), 2, 2, {.ceil_mode = true}), {std::sqrt(17.0), std::sqrt(8.0)}, 1e-15));
  CHECK(same(lp_pool3d(ones({1, 2, 2, 2}, float64), 3, 2), {2}, 1e-15));
  CHECK(same(lp_pool1d(tensor({{3e200, 4e200}}, float64), 2, 2), {5e200}, 1e-15));
  CHECK(same(lp_pool1d(tensor({{3e-30, 4e-30}}, float32), 2, 2), {5e-30}, 1e-6));
  CHECK(lp_pool1d(tensor({{inf, 1.0}}), 2, 2).item() == inf);
}

TEST_CASE("the derivative of an Lp pool is 0 where nothing is, and 1 for p = 1") {
  const Tensor x = track(tensor({{0.0, 0.0, 3.0, 4.0}}, float64));
  const Tensor first = grad(sum(lp_pool1d(x, 2, 2)), x, {.create_graph = true});
  CHECK(same(first, {0, 0, 0.6, 0.8}, 1e-15));
  CHECK(same(grad(sum(first), x), {0, 0, 0.032, -0.024}, 1e-13));
  CHECK(same(grad(sum(lp_pool1d(x, 0.5, 2)), x), Numbers{0, 0, 1 + std::sqrt(4.0 / 3), 1 + std::sqrt(0.75)}, 1e-14));
  CHECK(grad(sum(lp_pool1d(x, 1, 2)), x).to_vector() == Numbers{1, 1, 1, 1});
}

TEST_CASE("what was pooled is put back where it stood") {
  const Tensor x = distinct({2, 3, 6, 8}, 1);
  const auto pooled = max_pool2d_with_indices(x, {2, 4});
  const Tensor &values = pooled.values, &indices = pooled.indices;  // (clang 14: no lambda takes structured bindings)
  const Tensor y = max_unpool2d(values, indices, {2, 4});
  REQUIRE(y.shape() == x.shape());
  const Tensor large = max_pool2d(x, {2, 4});
  const Tensor spread = repeat_interleave(repeat_interleave(large, 2, 2), 4, 3);
  CHECK(y.to_vector() == where(x == spread, x, 0).to_vector());
  CHECK(max_unpool2d(values[1], indices[1], {2, 4}).to_vector() == y[1].to_vector());
  const Tensor line = tensor({{1.0, 2.0, 3.0}}), at = tensor({{0, 5, 5}});
  CHECK(max_unpool1d(line, at, 2).to_vector() == Numbers{1, 0, 0, 0, 0, 3});
  CHECK(max_unpool1d(line, at, 2, {.output_size = 7}).to_vector() == Numbers{1, 0, 0, 0, 0, 3, 0});
  CHECK(max_unpool1d(line, at, 3, {.stride = 3, .padding = 1}).shape() == Shape{1, 7});
  CHECK(max_unpool3d(reshape(line, {1, 3, 1, 1}), tensor({{{{0}}, {{5}}, {{2}}}}), {1, 2, 3}).shape() ==
        Shape{1, 3, 2, 3});
  CHECK_THAT(
      [&](const Tensor& t) {
        return max_unpool2d(t * t, indices, {2, 4});
      },
      DifferentiatesCorrectly(values).order(2));
  throws<ValueError>("max_unpool1d: the output_size 8 is not within the stride 2 of 6").by([&] {
    max_unpool1d(line, at, 2, {.output_size = 8});
  });
  throws<IndexError>("max_unpool1d: index 5 at place 1 of [1, 3] is out of range for an axis of size 3").by([&] {
    max_unpool1d(line, at, 1);
  });
  throws<DTypeError>("max_unpool1d: indices must be i64, got [1, 3] f32").by([&] { max_unpool1d(line, line, 2); });
  throws<ShapeError>("max_unpool1d: the input is [1, 3] f32, the indices are [1, 2] i64").by([&] {
    max_unpool1d(line, tensor({{0, 1}}), 2);
  });
  throws<ShapeError>("max_unpool1d: the result would have -1 elements on an axis").by([&] {
    max_unpool1d(line, at, 1, {.stride = 1, .padding = 2});
  });
}

TEST_CASE("pools refuse numbers that make no sense") {
  const Tensor x = zeros({1, 2, 4, 4});
  throws<ValueError>("max_pool2d: the size is 0, not in 1 to 2147483648").by([&] { max_pool2d(x, 0); });
  throws<ValueError>("avg_pool2d: the stride is -1, not in 1 to 2147483648").by([&] {
    avg_pool2d(x, 2, {.stride = {1, -1}});
  });
  throws<ValueError>("max_pool2d: the dilation is 0, not in 1 to 2147483648").by([&] {
    max_pool2d(x, 2, {.dilation = 0});
  });
  throws<ValueError>("lp_pool2d: the padding is -1, not in 0 to 2147483648").by([&] {
    lp_pool2d(x, 2, 2, {.padding = -1});
  });
  throws<ValueError>("lp_pool2d: p = 0").by([&] { lp_pool2d(x, 0, 2); });
  throws<ValueError>("lp_pool2d: p = inf").by([&] { lp_pool2d(x, inf, 2); });
  throws<ShapeError>(
      "max_pool2d: no window of 5 elements, dilation 1, fits into axis 2 of [1, 2, 4, 4] f32 with padding 0")
      .by([&] { max_pool2d(x, 5); });
  CHECK(max_pool2d(x, std::int64_t{1} << 31, {.ceil_mode = true}).shape() == Shape{1, 2, 1, 1});
  throws<ValueError>("adaptive_avg_pool2d: the size is 0, not in 1 to 2147483648").by([&] {
    adaptive_avg_pool2d(x, {0, 1});
  });
  throws<ShapeError>("adaptive_max_pool1d: axis 2 of [1, 2, 0] f32 is empty").by([&] {
    adaptive_max_pool1d(zeros({1, 2, 0}), 2);
  });
  throws<DTypeError>("adaptive_avg_pool1d: needs a floating dtype, got [1, 1, 2] i64").by([&] {
    adaptive_avg_pool1d(tensor({{1, 2}}), 1);
  });
  throws<ShapeError>("adaptive_avg_pool2d: needs [N, C] and 2 spatial axes, or [C] and those, got [4] f32").by([&] {
    adaptive_avg_pool2d(zeros({4}), 1);
  });
  throws<ValueError>("max_pool1d_with_indices: window 0 of axis 0 of the spatial ones has no element").by([&] {
    max_pool1d_with_indices(zeros({1, 1}), 2, {.padding = 1, .dilation = 2});
  });
}

TEST_CASE("pools differentiate as their differences say") {
  const Tensor x = distinct({2, 2, 5, 4}, 1);
  CHECK_THAT([](const Tensor& s) { return max_pool2d(s, 2, {.stride = 1, .padding = 1}); }, DifferentiatesCorrectly(x));
  CHECK_THAT([](const Tensor& s) { return avg_pool2d(s * s, 3, {.padding = 1, .ceil_mode = true}); },
             DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& s) { return max_pool2d_with_indices(s * s * s, 3, {.stride = 2, .padding = 1}).values; },
             DifferentiatesCorrectly(x).order(2));
  CHECK_THAT(
      [](const Tensor& s) {
        return adaptive_max_pool2d(s * s * s, {3, 3});
      },
      DifferentiatesCorrectly(x).order(2));
  CHECK_THAT(
      [](const Tensor& s) {
        return adaptive_max_pool2d_with_indices(s * s * s, {3, 3}).values;
      },
      DifferentiatesCorrectly(x).order(2));
  CHECK_THAT(
      [](const Tensor& s) {
        return adaptive_avg_pool2d(s * s * s, {3, 2});
      },
      DifferentiatesCorrectly(x).order(2));
}

TEST_CASE("pools of many examples by vmap are those of each") {
  const Tensor x = distinct({3, 1, 2, 5, 6}, 4);
  const auto agree = [&](const std::function<Tensor(const Tensor&)>& f) {
    const Tensor each = stack({f(x[0]), f(x[1]), f(x[2])});
    CHECK(vmap([&](const Tensor& t) { return f(t); })(x).to_vector() == each.to_vector());
  };
  agree([](const Tensor& t) { return max_pool2d_with_indices(t, 3, {.stride = 1, .padding = 1}).values; });
  agree([](const Tensor& t) { return max_pool2d_with_indices(t, 2).indices; });
  agree([](const Tensor& t) { return adaptive_max_pool2d_with_indices(t, {3, 4}).indices; });
  agree([](const Tensor& t) { return adaptive_avg_pool2d(t, {3, 4}); });
  agree([](const Tensor& t) { return lp_pool2d(t, 2, 2); });
  agree([](const Tensor& t) {
    const auto [values, indices] = max_pool2d_with_indices(t, 2);
    return max_unpool2d(values, indices, 2);
  });
}

TEST_CASE("an undefined operand of a pool is an error") {
  const Tensor none, x = ones({1, 1, 2});
  CHECK_THROWS_AS(max_pool1d(none, 1), GraphError);
  CHECK_THROWS_AS(lp_pool1d(none, 2, 1), GraphError);
  CHECK_THROWS_AS(adaptive_avg_pool1d(none, 1), GraphError);
  CHECK_THROWS_AS(max_pool1d_with_indices(none, 1), GraphError);
  CHECK_THROWS_AS(adaptive_max_pool1d_with_indices(none, 1), GraphError);
  CHECK_THROWS_AS(max_unpool1d(none, x, 1), GraphError);
  CHECK_THROWS_AS(max_unpool1d(x, none, 1), GraphError);
}

}  // namespace xgrad::pooling_test
