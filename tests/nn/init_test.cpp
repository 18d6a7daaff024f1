#include "nn/init.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"

using namespace xgrad;
namespace init = nn::init;

namespace {

double deviation(const Tensor& x) { return xgrad::std(x).item(); }
double largest(const Tensor& x) { return max(abs(x)).item(); }

/// Within `bound`, and as wide as a uniform distribution up to it.
void check_uniform(const Tensor& x, double bound) {
  CHECK(largest(x) <= bound);
  CHECK(deviation(x) == Approx(bound / std::sqrt(3.0)).epsilon(0.02));
}

}  // namespace

TEST_CASE("initialisers have the bounds and deviations of their formulas") {
  Rng rng(8);
  const Shape shape{100, 300};
  check_uniform(init::scaled(shape, rng, {.dtype = float64}), 1 / std::sqrt(300.0));
  check_uniform(init::scaled({40000}, rng, {.fan_in = 16, .dtype = float64}), 0.25);
  check_uniform(init::xavier_uniform(shape, rng, {.gain = 2, .dtype = float64}), 2 * std::sqrt(6 / 400.0));
  check_uniform(init::kaiming_uniform(shape, rng, {.dtype = float64}), std::sqrt(6 / 300.0));
  check_uniform(init::uniform(shape, rng, {.low = -0.5, .high = 0.5, .dtype = float64}), 0.5);
  const auto is_normal = [](const Tensor& x, double expected) {
    CHECK(deviation(x) == Approx(expected).epsilon(0.02));
  };
  is_normal(init::scaled_normal(shape, rng, {.dtype = float64}), 1 / std::sqrt(300.0));
  is_normal(init::xavier_normal(shape, rng, {.dtype = float64}), std::sqrt(2 / 400.0));
  is_normal(init::kaiming_normal(shape, rng, {.fan = init::Fan::out, .dtype = float64}), std::sqrt(2 / 100.0));
  is_normal(init::normal(shape, rng, {.mean = 5, .deviation = 3, .dtype = float64}), 3);
  CHECK(init::constant({2}, 0.25).to_vector() == std::vector<double>{0.25, 0.25});
}

TEST_CASE("fans count the receptive field, and gains are the usual ones") {
  const auto [in, out] = init::fans({8, 4, 3, 3});
  CHECK(in == 36);
  CHECK(out == 72);
  CHECK_THROWS_AS(init::fans({3}), ShapeError);
  CHECK_THROWS_AS(init::fans({3, 0}), ShapeError);
  CHECK(init::leaky_relu_gain(std::sqrt(5.0)) == Approx(std::sqrt(1.0 / 3)));
  CHECK(init::relu_gain == Approx(std::sqrt(2.0)));
}

TEST_CASE("initialisers are reproducible from the state of their source") {
  Rng a(9), b(9);
  CHECK(init::kaiming_normal({3, 4}, a).to_vector() == init::kaiming_normal({3, 4}, b).to_vector());
  CHECK(init::kaiming_normal({3, 4}, a).dtype() == float32);
}
