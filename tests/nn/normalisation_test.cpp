#include "nn/normalisation.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "tests/throws.hpp"

namespace xgrad::normalisation_test {
namespace {

using Numbers = std::vector<double>;

TEST_CASE("layer_norm normalises each group of the last axes by its own mean and deviation") {
  Rng rng(1);
  const Tensor x = normal({2, 3, 4}, rng, 5, 2, float64), weight = uniform({3, 4}, rng, 0.5, 2, float64),
               bias = normal({3, 4}, rng, 0, 1, float64);
  const Numbers got = nn::layer_norm(x, {3, 4}, weight, bias, 0.01).to_vector(), in = x.to_vector(),
                w = weight.to_vector(), b = bias.to_vector();
  for (std::size_t sample = 0; sample < 2; ++sample) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 12; ++i) sum += in[sample * 12 + i];
    for (std::size_t i = 0; i < 12; ++i) squares += std::pow(in[sample * 12 + i] - sum / 12, 2);
    for (std::size_t i = 0; i < 12; ++i) {
      const double expected = (in[sample * 12 + i] - sum / 12) / std::sqrt(squares / 12 + 0.01) * w[i] + b[i];
      CHECK(got[sample * 12 + i] == Approx(expected).epsilon(1e-13));
    }
  }
  const auto f = [](const Tensor& t, const Tensor& u, const Tensor& v) { return nn::layer_norm(t, {3, 4}, u, v); };
  CHECK(check_gradient(f, {x, weight, bias}, {.order = 2}));
}

TEST_CASE("batch_norm normalises channels, and moves the running statistics") {
  Rng rng(2);
  const Tensor x = normal({4, 2, 3}, rng, -1, 3, float64), weight = tensor({2.0, 0.5}, float64),
               bias = tensor({0.1, -0.2}, float64);
  const Tensor old_mean = tensor({1.0, 2.0}, float64), old_variance = tensor({3.0, 4.0}, float64);
  const auto result = nn::batch_norm(x, old_mean, old_variance, {.weight = weight, .bias = bias, .momentum = 0.3});
  for (std::int64_t c = 0; c < 2; ++c) {
    const Numbers in = select(x, 1, c).to_vector(), got = select(result.output, 1, c).to_vector();
    double sum = 0, squares = 0;
    for (const double number : in) sum += number;
    for (const double number : in) squares += std::pow(number - sum / 12, 2);
    for (std::size_t i = 0; i < 12; ++i) {
      const double scaled = (in[i] - sum / 12) / std::sqrt(squares / 12 + 1e-5) * weight(c).item() + bias(c).item();
      CHECK(got[i] == Approx(scaled).epsilon(1e-13));
    }
    CHECK(result.mean(c).item() == Approx(0.7 * old_mean(c).item() + 0.3 * sum / 12).epsilon(1e-13));
    CHECK(result.variance(c).item() == Approx(0.7 * old_variance(c).item() + 0.3 * squares / 11).epsilon(1e-13));
  }
  const auto f = [](const Tensor& t, const Tensor& u, const Tensor& v) {
    return nn::batch_norm(t, {}, {}, {.weight = u, .bias = v}).output;
  };
  CHECK(check_gradient(f, {x, weight, bias}, {.order = 2}));
  CHECK_FALSE(nn::batch_norm(track(x), old_mean, old_variance).mean.tracked());
}

TEST_CASE("without training batch_norm uses the running statistics and leaves them") {
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}, float64), mean = tensor({1.0, 0.0}, float64),
               variance = tensor({4.0, 1.0}, float64);
  const auto result = nn::batch_norm(x, mean, variance, {.training = false, .eps = 0});
  CHECK(result.output.to_vector() == Numbers{0, 2, 1, 4});
  CHECK(result.mean.to_vector() == mean.to_vector());
  CHECK(result.variance.to_vector() == variance.to_vector());
}

TEST_CASE("normalisations refuse what does not fit") {
  const Tensor x = ones({2, 3}), two = ones({2}), three = ones({3});
  throws<ShapeError>("layer_norm: [2, 3] f32 does not end in [2]").by([&] { return nn::layer_norm(x, {2}); });
  throws<ShapeError>("layer_norm: the weight is [2] f32, not [3] for [2, 3] f32").by([&] {
    return nn::layer_norm(x, {3}, two);
  });
  throws<DTypeError>("layer_norm: needs a floating dtype, got [3] i64").by([&] {
    return nn::layer_norm(arange(3), {3});
  });
  throws<ShapeError>("batch_norm: needs at least two axes, got [3] f32").by([&] {
    return nn::batch_norm(three, {}, {});
  });
  throws<ShapeError>("batch_norm: the running mean is [2] f32, not [3] for [2, 3] f32").by([&] {
    return nn::batch_norm(x, two, three);
  });
  throws<ValueError>("batch_norm: of the running mean and the running variance, one is undefined").by([&] {
    return nn::batch_norm(x, three, {});
  });
  throws<ValueError>("batch_norm: there are no running statistics to normalise by").by([&] {
    return nn::batch_norm(x, {}, {}, {.training = false});
  });
  throws<ValueError>("batch_norm: needs more than one element for each channel, got [1, 3] f32").by([&] {
    return nn::batch_norm(ones({1, 3}), {}, {});
  });
}

TEST_CASE("layer_norm of nothing is nothing") {
  CHECK(nn::layer_norm(zeros({0, 3}), {3}, ones({3})).shape() == Shape{0, 3});
}

}  // namespace
}  // namespace xgrad::normalisation_test
