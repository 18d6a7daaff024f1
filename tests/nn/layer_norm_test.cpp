#include "nn/layer_norm.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "nn/functional_call.hpp"
#include "nn/normalisation.hpp"
#include "nn/sequential.hpp"
#include "tests/throws.hpp"

namespace xgrad::layer_norm_test {
namespace {

using Numbers = std::vector<double>;

// As a function of the input and all Parameters.
template <class Layer>
void check_derivatives(Layer& layer, const Tensor& x) {
  std::vector<Tensor> inputs{x};
  for (const Parameter& parameter : layer.parameters()) inputs.push_back(parameter);
  const auto f = [&](const std::vector<Tensor>& t) {
    return nn::functional_call(layer, std::vector<Tensor>(t.begin() + 1, t.end()), t[0]);
  };
  const auto report = check_gradient(f, inputs, {.order = 2});
  INFO(report.text());
  CHECK(report.verdict == Verdict::pass);
}

// Each run of so many numbers, by its own mean and variance, or by the root of its mean square.
Numbers by_runs(const Tensor& x, std::size_t run, double eps, bool centred = true) {
  Numbers numbers = x.to_vector();
  for (std::size_t begin = 0; begin < numbers.size(); begin += run) {
    double mean = 0, square = 0;
    const auto count = static_cast<double>(run);
    for (std::size_t i = begin; centred && i < begin + run; ++i) mean += numbers[i] / count;
    for (std::size_t i = begin; i < begin + run; ++i) square += (numbers[i] - mean) * (numbers[i] - mean) / count;
    for (std::size_t i = begin; i < begin + run; ++i) numbers[i] = (numbers[i] - mean) / std::sqrt(square + eps);
  }
  return numbers;
}

void check_close(const Tensor& got, const Numbers& expected, double scale = 1, double shift = 0) {
  const Numbers numbers = got.to_vector();
  REQUIRE(numbers.size() == expected.size());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    CHECK(numbers[i] == Approx(scale * expected[i] + shift).epsilon(1e-12).margin(1e-12));
}

TEST_CASE("LayerNorm normalises the last axes, and scales and shifts their elements") {
  Rng rng(1);
  const Tensor x = normal({2, 3, 4}, rng, 3, 2, float64);
  nn::LayerNorm last(4, {.dtype = float64}), two({3, 4}, {.eps = 0.1, .dtype = float64});
  check_close(last(x), by_runs(x, 4, 1e-5));
  check_close(two(x), by_runs(x, 12, 0.1));
  last.weight.assign(full({4}, 2, float64));
  last.bias.assign(full({4}, -1, float64));
  check_close(last(x), by_runs(x, 4, 1e-5), 2, -1);
  last.eval();
  check_close(last(x), by_runs(x, 4, 1e-5), 2, -1);
  check_derivatives(last, select(x, 0, 0));
  check_derivatives(two, x);
  CHECK(last(ones({4}, float64)).to_vector() == Numbers{-1, -1, -1, -1});
  CHECK(last(zeros({0, 4}, float64)).shape() == Shape{0, 4});
}

TEST_CASE("RMSNorm divides the last axes by the root of their mean square") {
  Rng rng(2);
  const Tensor x = normal({2, 3, 4}, rng, 1, 2, float64);
  nn::RMSNorm last(4, {.dtype = float64}), two({3, 4}, {.eps = 0.1, .dtype = float64});
  check_close(last(x), by_runs(x, 4, 1e-5, false));
  check_close(two(x), by_runs(x, 12, 0.1, false));
  two.weight.assign(full({3, 4}, 2, float64));
  check_close(two(x), by_runs(x, 12, 0.1, false), 2);
  check_derivatives(last, x);
  check_derivatives(last, zeros({1, 4}, float64));
  CHECK(last(zeros({0, 4}, float64)).shape() == Shape{0, 4});
  CHECK(nn::RMSNorm(4, {.affine = false, .dtype = float64})(x).to_vector() == last(x).to_vector());
}

TEST_CASE("GroupNorm normalises each group of channels of each example, and scales and shifts each channel") {
  Rng rng(3);
  const Tensor x = normal({2, 4, 3}, rng, 3, 2, float64);
  nn::GroupNorm layer(2, 4, {.eps = 0.1, .dtype = float64});
  check_close(layer(x), by_runs(x, 6, 0.1));
  layer.weight.assign(tensor({1, 2, 3, 4}, float64));
  layer.bias.assign(tensor({0, 1, 2, 3}, float64));
  const Numbers y = layer(x).to_vector(), plain = by_runs(x, 6, 0.1);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const auto channel = static_cast<double>(i / 3 % 4);
    CHECK(y[i] == Approx(plain[i] * (channel + 1) + channel).epsilon(1e-12));
  }
  check_derivatives(layer, x);
  CHECK(layer(slice(x, 0, 0, 1)).shape() == Shape{1, 4, 3});
  CHECK(layer(zeros({0, 4, 3}, float64)).shape() == Shape{0, 4, 3});
  CHECK(layer(ones({2, 4}, float64)).to_vector() == Numbers{0, 1, 2, 3, 0, 1, 2, 3});
  const Tensor of_nothing = grad(sum(layer(zeros({0, 4, 3}, float64))), {layer.weight})[0];
  CHECK(of_nothing.to_vector() == Numbers{0, 0, 0, 0});
}

TEST_CASE("in float32 a large mean costs LayerNorm and GroupNorm no more digits than their numbers have lost") {
  Rng rng(4);
  for (const double mean : {0.0, 1e3, -1e5}) {
    const Tensor x = normal({4, 8, 32}, rng, mean, 1);
    const auto worst = [&](const Tensor& y, std::size_t run) {
      const Numbers got = y.to_vector(), expected = by_runs(x, run, 1e-5);
      double apart = 0;
      for (std::size_t i = 0; i < got.size(); ++i) apart = std::max(apart, std::abs(got[i] - expected[i]));
      return apart;
    };
    CHECK(worst(nn::LayerNorm(32)(x), 32) <= (2 * std::abs(mean) + 16) * 0x1p-23);
    CHECK(worst(nn::GroupNorm(2, 8)(x), 128) <= (2 * std::abs(mean) + 16) * 0x1p-23);
  }
}

TEST_CASE("the state of LayerNorm, RMSNorm and GroupNorm has the names of PyTorch, and begins with ones and zeros") {
  const auto check = [](const nn::Module& layer, const Shape& shape, std::size_t count) {
    const auto state = layer.state();
    REQUIRE(state.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(state[i].name == (i == 0 ? "weight" : "bias"));
      CHECK(state[i].value.shape() == shape);
      CHECK(max(state[i].value).item() == (i == 0 ? 1 : 0));
      CHECK(min(state[i].value).item() == (i == 0 ? 1 : 0));
    }
  };
  check(nn::LayerNorm({2, 3}), {2, 3}, 2);
  check(nn::LayerNorm({3}), {3}, 2);
  check(nn::LayerNorm(3, {.bias = false}), {3}, 1);
  check(nn::LayerNorm(3, {.affine = false}), {3}, 0);
  check(nn::RMSNorm(3), {3}, 1);
  check(nn::RMSNorm({2, 3}, {.affine = false}), {2, 3}, 0);
  check(nn::GroupNorm(2, 4), {4}, 2);
  check(nn::GroupNorm(2, 4, {.affine = false}), {4}, 0);
  CHECK(nn::Sequential(nn::LayerNorm(3)).to_string().find("0: LayerNorm  weight [3], bias [3]") != std::string::npos);
}

TEST_CASE("LayerNorm, RMSNorm and GroupNorm map over examples") {
  Rng rng(5);
  const Tensor x = normal({3, 2, 4, 2}, rng, 1, 2, float64);
  const nn::LayerNorm layer({4, 2}, {.dtype = float64});
  const nn::RMSNorm root(2, {.dtype = float64});
  const nn::GroupNorm groups(2, 4, {.dtype = float64});
  const auto f = [&](const Tensor& t) { return groups(root(layer(t))); };
  const Tensor all = vmap(f)(x);
  for (std::int64_t i = 0; i < 3; ++i) check_close(select(all, 0, i), f(select(x, 0, i)).to_vector());
}

TEST_CASE("LayerNorm, RMSNorm and GroupNorm refuse what makes no sense, at the user's line") {
  throws<ShapeError>("LayerNorm: layer_norm: [2, 3] f32 does not end in [4]").by([] {
    nn::LayerNorm(4)(ones({2, 3}));
  });
  throws<ShapeError>("RMSNorm: rms_norm: [3] f32 does not end in [2, 3]").by([] { nn::RMSNorm({2, 3})(ones({3})); });
  throws<ShapeError>("GroupNorm: needs [N, 4, ...], got [2, 3] f32").by([] { nn::GroupNorm(2, 4)(ones({2, 3})); });
  throws<ValueError>("GroupNorm: group_norm: needs more than one element for each group, got [2, 4] f32").by([] {
    nn::GroupNorm(4, 4)(ones({2, 4}));
  });
  throws<ValueError>("LayerNorm: needs positive sizes of the last axes, got [2, 0]").by([] { nn::LayerNorm({2, 0}); });
  throws<ValueError>("LayerNorm: needs positive sizes of the last axes, got []").by([] { nn::LayerNorm(Shape{}); });
  throws<ValueError>("RMSNorm: needs positive sizes of the last axes, got [-1]").by([] { nn::RMSNorm(-1); });
  throws<ValueError>("GroupNorm: 3 groups do not divide 4 channels").by([] { nn::GroupNorm(3, 4); });
  throws<ValueError>("GroupNorm: 0 groups do not divide 4 channels").by([] { nn::GroupNorm(0, 4); });
  CHECK_THROWS_AS(nn::LayerNorm(3, {.eps = -1}), ValueError);
  CHECK_THROWS_AS(nn::RMSNorm(3, {.eps = NAN}), ValueError);
  CHECK_THROWS_AS(nn::GroupNorm(1, 2, {.eps = -1}), ValueError);
  CHECK_THROWS_AS(nn::LayerNorm(3)(arange(3)), DTypeError);
  CHECK_THROWS_AS(nn::LayerNorm(3)(ones({3}, float64)), DTypeError);
  CHECK_THROWS_AS(nn::LayerNorm(3, {.dtype = int64}), DTypeError);
}

}  // namespace
}  // namespace xgrad::layer_norm_test
