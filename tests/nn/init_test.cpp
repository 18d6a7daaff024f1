#include "nn/init.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"

namespace init_test {

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

TEST_CASE("gains are known by the names of the activations") {
  for (const char* name :
       {"linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"})
    CHECK(init::calculate_gain(name) == 1);
  CHECK(init::calculate_gain("tanh") == Approx(5.0 / 3));
  CHECK(init::calculate_gain("relu") == Approx(std::sqrt(2.0)));
  CHECK(init::calculate_gain("leaky_relu") == Approx(std::sqrt(2 / 1.0001)));
  CHECK(init::calculate_gain("leaky_relu", 0.2) == Approx(std::sqrt(2 / 1.04)));
  CHECK(init::calculate_gain("selu") == 0.75);
  CHECK_THROWS_WITH(init::calculate_gain("gelu"), Catch::Contains("\"gelu\"") && Catch::Contains("init_test.cpp:"));
}

TEST_CASE("LeCun's initialisers and the truncated normal have their bounds and deviations") {
  Rng rng(2);
  check_uniform(init::lecun_uniform({100, 300}, rng, {.dtype = float64}), std::sqrt(3 / 300.0));
  CHECK(deviation(init::lecun_normal({100, 300}, rng, {.dtype = float64})) ==
        Approx(1 / std::sqrt(300.0)).epsilon(0.02));
  const Tensor cut = init::truncated_normal({200, 150}, rng, {.dtype = float64});
  CHECK(largest(cut) <= 2);
  CHECK(deviation(cut) == Approx(0.8796256610342398).epsilon(0.02));
  const Tensor shifted = init::truncated_normal({200, 150}, rng, {.mean = 1, .deviation = 0.1, .low = 1, .high = 3});
  CHECK(min(shifted).item() >= 1);
  CHECK(mean(shifted).item() == Approx(1 + 0.1 * std::sqrt(2 / 3.14159265)).epsilon(0.01));
  CHECK(shifted.dtype() == float32);
  CHECK_THROWS_AS(init::truncated_normal({2}, rng, {.low = 1, .high = -1}), ValueError);
  CHECK_THROWS_AS(init::truncated_normal({2}, rng, {.deviation = 0}), ValueError);
}

TEST_CASE("orthogonal weights have orthonormal rows or columns, times the gain, whatever their shape") {
  Rng rng(3);
  for (const Shape& shape : {Shape{5, 5}, Shape{3, 8}, Shape{8, 3}, Shape{4, 2, 3, 3}, Shape{1, 1}}) {
    const Tensor w = init::orthogonal(shape, rng, {.gain = 2, .dtype = float64});
    REQUIRE(w.shape() == shape);
    const Tensor m = reshape(w, {shape[0], -1});
    const bool wide = m.size(0) <= m.size(1);
    const Tensor products = wide ? matmul(m, transpose(m)) : matmul(transpose(m), m);
    CHECK(largest(products - 4 * eye(products.size(0), {}, float64)) < 1e-14);
  }
  CHECK(init::orthogonal({3, 4}, rng).dtype() == float32);
  CHECK_THROWS_AS(init::orthogonal({3}, rng), ShapeError);
  CHECK_THROWS_AS(init::orthogonal({0, 3}, rng), ShapeError);
}

TEST_CASE("either sign of the single orthogonal number is as likely, and so is either orientation") {
  Rng rng(4);
  int positive = 0, rotations = 0;
  for (int i = 0; i < 200; ++i) {
    positive += init::orthogonal({1, 1}, rng).item() > 0;
    rotations += det(init::orthogonal({2, 2}, rng)).item() > 0;
  }
  CHECK(std::abs(positive - 100) < 35);  // five standard deviations
  CHECK(std::abs(rotations - 100) < 35);
}

TEST_CASE("identity and dirac hand on what comes in") {
  CHECK(init::identity({2, 3}, {.gain = 2}).to_vector() == std::vector<double>{2, 0, 0, 0, 2, 0});
  CHECK_THROWS_AS(init::identity({2}), ShapeError);
  Rng rng(5);
  const Tensor x = normal({2, 4, 5}, rng), y = normal({2, 4, 5, 3}, rng);
  CHECK(conv1d(x, init::dirac({4, 4, 3}), {}, {.padding = 1}).to_vector() == x.to_vector());
  CHECK(conv2d(y, init::dirac({4, 4, 5, 3}), {}, {.padding = {2, 1}}).to_vector() == y.to_vector());
  // Two groups of two channels each, which take the first of three input channels.
  CHECK(init::dirac({4, 3, 1}, {.groups = 2}).to_vector() == std::vector<double>{1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0});
  CHECK(init::dirac({1, 1, 4}).to_vector() == std::vector<double>{0, 0, 1, 0});
  CHECK(init::dirac({2, 2, 1, 1, 1}, {.dtype = float64}).dtype() == float64);
  CHECK_THROWS_AS(init::dirac({4, 4}), ShapeError);
  CHECK_THROWS_AS(init::dirac({4, 4, 0}), ShapeError);
  CHECK_THROWS_AS(init::dirac({4, 4, 3}, {.groups = 3}), ValueError);
  CHECK_THROWS_AS(init::dirac({4, 4, 3}, {.groups = 0}), ValueError);
}

TEST_CASE("sparse weights have so many zeros in each column, in random rows") {
  Rng rng(6);
  const Tensor w = init::sparse({50, 40}, rng, 0.33, {.deviation = 2, .dtype = float64});
  for (const double zeros : sum(w == 0, 0).to_vector()) CHECK(zeros == 17);
  CHECK(min(sum(w == 0, 1)).item() < max(sum(w == 0, 1)).item());
  CHECK(std::sqrt(sum(w * w).item() / (33 * 40)) == Approx(2).epsilon(0.1));
  CHECK(largest(init::sparse({5, 4}, rng, 1)) == 0);
  CHECK(min(abs(init::sparse({5, 4}, rng, 0))).item() > 0);
  CHECK_THROWS_AS(init::sparse({5}, rng, 0.5), ShapeError);
  CHECK_THROWS_AS(init::sparse({5, 4}, rng, 1.5), ValueError);
}

}  // namespace init_test
