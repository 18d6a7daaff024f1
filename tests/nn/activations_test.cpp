#include "nn/activations.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace activations_test {

using namespace xgrad;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

using Activation = std::function<Tensor(const Tensor&)>;

/// The value and the first derivatives of an activation at one point.
std::vector<double> derivatives(const Activation& f, double x, DType dtype, int orders) {
  Tensor input = track(tensor(x, dtype));
  Tensor y = f(input);
  std::vector<double> values{y.item()};
  for (int order = 0; order < orders; ++order) {
    y = grad(y, input, {.create_graph = true, .allow_unused = true});
    values.push_back(y.item());
    if (!y.tracked()) y = y + 0 * input;
  }
  return values;
}

struct HardPoint {
  const char* name;
  Activation f;
  double x;
  double value, gradient, second;
};

bool agree(double actual, double expected, double tolerance) {
  if (std::isnan(expected)) return std::isnan(actual);
  return actual == expected || std::abs(actual - expected) <= tolerance * std::max(1.0, std::abs(expected));
}

const std::vector<HardPoint> hard_points = {
    {"relu", relu, 0, 0, 0, 0},
    {"relu", relu, -0.0, 0, 0, 0},
    {"relu", relu, 2, 2, 1, 0},
    {"relu", relu, -2, 0, 0, 0},
    {"relu", relu, infinity, infinity, 1, 0},
    {"relu", relu, -infinity, 0, 0, 0},
    {"sigmoid", sigmoid, 0, 0.5, 0.25, 0},
    {"sigmoid", sigmoid, 1000, 1, 0, 0},
    {"sigmoid", sigmoid, -1000, 0, 0, 0},
    {"sigmoid", sigmoid, infinity, 1, 0, 0},
    {"sigmoid", sigmoid, -infinity, 0, 0, 0},
    {"logsigmoid", logsigmoid, 0, -std::log(2.0), 0.5, -0.25},
    {"logsigmoid", logsigmoid, -1000, -1000, 1, 0},
    {"logsigmoid", logsigmoid, 1000, 0, 0, 0},
    {"logsigmoid", logsigmoid, -infinity, -infinity, 1, 0},
    {"softplus", [](const Tensor& x) { return softplus(x); }, 0, std::log(2.0), 0.5, 0.25},
    {"softplus", [](const Tensor& x) { return softplus(x); }, 1000, 1000, 1, 0},
    {"softplus", [](const Tensor& x) { return softplus(x); }, -1000, 0, 0, 0},
    {"softplus without threshold", [](const Tensor& x) { return softplus(x, 1, infinity); }, 1000, 1000, 1, 0},
    {"softplus, beta 2", [](const Tensor& x) { return softplus(x, 2); }, 0, std::log(2.0) / 2, 0.5, 0.5},
    {"softsign", softsign, 0, 0, 1, 0},
    {"softsign", softsign, -1, -0.5, 0.25, 0.25},
    {"softsign", softsign, 3, 0.75, 0.0625, -0.03125},
    {"softsign", softsign, 1e30, 1, 0, 0},
    {"softsign", softsign, -infinity, -1, 0, 0},
    {"silu", silu, 0, 0, 0.5, 0.5},
    {"silu", silu, 1000, 1000, 1, 0},
    {"silu", silu, -1000, 0, 0, 0},
    {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }, 0, 0, 0.01, 0},
    {"leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.2); }, -3, -0.6, 0.2, 0},
    {"elu", [](const Tensor& x) { return elu(x); }, 0, 0, 1, 1},
    {"elu", [](const Tensor& x) { return elu(x); }, 1000, 1000, 1, 0},
    {"elu", [](const Tensor& x) { return elu(x, 0.5); }, -infinity, -0.5, 0, 0},
    {"gelu", [](const Tensor& x) { return gelu(x); }, 0, 0, 0.5, 0.7978845608028654},
    {"gelu", [](const Tensor& x) { return gelu(x); }, 1000, 1000, 1, 0},
    {"gelu", [](const Tensor& x) { return gelu(x); }, -1000, 0, 0, 0},
    {"gelu tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh); }, 0, 0, 0.5, 0.7978845608028654},
    {"gelu tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh); }, 1000, 1000, 1, 0},
    {"gelu tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh); }, infinity, infinity, 1, 0},
    {"gelu tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh); }, -infinity, 0, 0, 0},
    {"elu", [](const Tensor& x) { return elu(x); }, infinity, infinity, 1, 0},
    {"softplus", [](const Tensor& x) { return softplus(x); }, infinity, infinity, 1, 0},
    {"softplus", [](const Tensor& x) { return softplus(x); }, -infinity, 0, 0, 0},
    {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }, -infinity, -infinity, 0.01, 0},
    {"relu6", relu6, 0, 0, 0, 0},
    {"relu6", relu6, 6, 6, 0, 0},
    {"relu6", relu6, 5, 5, 1, 0},
    {"relu6", relu6, infinity, 6, 0, 0},
    {"relu6", relu6, -infinity, 0, 0, 0},
    {"hardtanh", [](const Tensor& x) { return hardtanh(x); }, 1, 1, 0, 0},
    {"hardtanh", [](const Tensor& x) { return hardtanh(x); }, -1, -1, 0, 0},
    {"hardtanh", [](const Tensor& x) { return hardtanh(x); }, 0, 0, 1, 0},
    {"hardtanh", [](const Tensor& x) { return hardtanh(x, -2, 3); }, -infinity, -2, 0, 0},
    {"hardsigmoid", hardsigmoid, -3, 0, 0, 0},
    {"hardsigmoid", hardsigmoid, 3, 1, 0, 0},
    {"hardsigmoid", hardsigmoid, 1.5, 0.75, 1.0 / 6, 0},
    {"hardsigmoid", hardsigmoid, infinity, 1, 0, 0},
    {"hardswish", hardswish, -3, 0, 0, 0},
    {"hardswish", hardswish, 3, 3, 1, 0},
    {"hardswish", hardswish, 1.5, 1.125, 1, 1.0 / 3},
    {"hardswish", hardswish, infinity, infinity, 1, 0},
    {"hardswish", hardswish, -infinity, 0, 0, 0},
    {"threshold", [](const Tensor& x) { return threshold(x, 1, -7); }, 1, -7, 0, 0},
    {"threshold", [](const Tensor& x) { return threshold(x, 1, -7); }, 2, 2, 1, 0},
    {"threshold", [](const Tensor& x) { return threshold(x, 1, -7); }, infinity, infinity, 1, 0},
    {"hardshrink", [](const Tensor& x) { return hardshrink(x); }, 0.5, 0, 0, 0},
    {"hardshrink", [](const Tensor& x) { return hardshrink(x); }, -0.5, 0, 0, 0},
    {"hardshrink", [](const Tensor& x) { return hardshrink(x); }, -0.75, -0.75, 1, 0},
    {"hardshrink", [](const Tensor& x) { return hardshrink(x, 0); }, 0, 0, 0, 0},
    {"softshrink", [](const Tensor& x) { return softshrink(x); }, -0.5, 0, 0, 0},
    {"softshrink", [](const Tensor& x) { return softshrink(x); }, -2, -1.5, 1, 0},
    {"softshrink", [](const Tensor& x) { return softshrink(x); }, infinity, infinity, 1, 0},
    {"tanhshrink", tanhshrink, 0, 0, 0, 0},
    {"tanhshrink", tanhshrink, 1000, 999, 1, 0},
    {"tanhshrink", tanhshrink, -infinity, -infinity, 1, 0},
    {"celu", [](const Tensor& x) { return celu(x, 2); }, 0, 0, 1, 0.5},
    {"celu", [](const Tensor& x) { return celu(x, 2); }, -infinity, -2, 0, 0},
    {"celu", [](const Tensor& x) { return celu(x, 2); }, infinity, infinity, 1, 0},
    {"selu", selu, 0, 0, 1.0507009873554805 * 1.6732632423543772, 1.0507009873554805 * 1.6732632423543772},
    {"selu", selu, -infinity, -1.0507009873554805 * 1.6732632423543772, 0, 0},
    {"prelu", [](const Tensor& x) { return prelu(x, 0.25); }, 0, 0, 0.25, 0},
    {"prelu", [](const Tensor& x) { return prelu(x, 0.25); }, infinity, infinity, 1, 0},
    {"mish", mish, 0, 0, 0.6, 0.64},
    {"mish", mish, 1000, 1000, 1, 0},
    {"mish", mish, -1000, 0, 0, 0},
    {"mish", mish, infinity, infinity, 1, 0},
    {"mish", mish, -infinity, 0, 0, 0},
};

const std::vector<std::pair<const char*, Activation>> activations = {
    {"sigmoid", sigmoid},
    {"logsigmoid", logsigmoid},
    {"silu", silu},
    {"softsign", softsign},
    {"relu", relu},
    {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }},
    {"elu", [](const Tensor& x) { return elu(x, 1.3); }},
    {"softplus", [](const Tensor& x) { return softplus(x, 1.7); }},
    {"gelu", [](const Tensor& x) { return gelu(x); }},
    {"gelu tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh); }},
    {"softmax", [](const Tensor& x) { return nn::softmax(x); }},
    {"log_softmax", [](const Tensor& x) { return nn::log_softmax(x); }},
    {"mish", mish},
    {"hardswish", hardswish},
    {"hardsigmoid", hardsigmoid},
    {"relu6", relu6},
    {"selu", selu},
    {"celu", [](const Tensor& x) { return celu(x, 1.3); }},
    {"prelu", [](const Tensor& x) { return prelu(x, 0.25); }},
    {"threshold", [](const Tensor& x) { return threshold(x, 0.5, 2); }},
    {"hardtanh", [](const Tensor& x) { return hardtanh(x, -1.5, 2.5); }},
    {"hardshrink", [](const Tensor& x) { return hardshrink(x); }},
    {"softshrink", [](const Tensor& x) { return softshrink(x); }},
    {"tanhshrink", tanhshrink},
    {"softmin", [](const Tensor& x) { return softmin(x); }},
};

}  // namespace

TEST_CASE("activations at their hard points: value, gradient and second derivative, in both floating dtypes") {
  for (const DType dtype : {float32, float64})
    for (const HardPoint& point : hard_points) {
      INFO(point.name << " at " << point.x << " in " << name(dtype));
      const auto found = derivatives(point.f, point.x, dtype, 2);
      const double tolerance = dtype == float64 ? 1e-15 : 2e-7;
      CHECK(agree(found[0], point.value, tolerance));
      CHECK(agree(found[1], point.gradient, tolerance));
      CHECK(agree(found[2], point.second, tolerance));
    }
}

TEST_CASE("no activation hides a NaN, neither in the value nor in the gradient") {
  for (const DType dtype : {float32, float64})
    for (const auto& [name, f] : activations) {
      INFO(name);
      const Tensor x = track(tensor({not_a_number}, dtype));
      const Tensor y = f(x);
      CHECK(std::isnan(y.item()));
      CHECK(std::isnan(grad(y, x).item()));
    }
}

TEST_CASE("activations differentiate correctly to order 3 away from kinks") {
  const Tensor x = tensor({{-2.7, -0.8, 0.31}, {0.64, 1.9, 3.3}}, float64);
  for (const auto& [name, f] : activations) {
    INFO(name);
    CHECK_THAT(f, DifferentiatesCorrectly(x).order(3));
  }
}

TEST_CASE("the derivatives of the sigmoid family at 0 are right in all orders") {
  const auto found = derivatives(sigmoid, 0, float64, 5);
  const std::vector<double> expected{0.5, 0.25, 0, -0.125, 0, 0.25};
  for (std::size_t order = 0; order < expected.size(); ++order) CHECK(agree(found[order], expected[order], 1e-14));
  const auto soft = derivatives([](const Tensor& x) { return softplus(x); }, 0, float64, 5);
  for (std::size_t order = 1; order < 6; ++order) CHECK(agree(soft[order], expected[order - 1], 1e-14));
  const auto log = derivatives(logsigmoid, 0, float64, 4);
  const std::vector<double> log_expected{-std::log(2.0), 0.5, -0.25, 0, 0.125};
  for (std::size_t order = 0; order < 5; ++order) CHECK(agree(log[order], log_expected[order], 1e-14));
}

TEST_CASE("sigmoid, logsigmoid and softplus keep full precision in their tails") {
  const double tiny = std::exp(-40.0);
  const auto low = derivatives(sigmoid, -40, float64, 1);
  CHECK(low[0] == Approx(tiny).epsilon(1e-14));
  CHECK(low[1] == Approx(tiny).epsilon(1e-14));
  CHECK(derivatives(sigmoid, 40, float64, 1)[1] == Approx(tiny).epsilon(1e-14));
  CHECK(derivatives(logsigmoid, 40, float64, 0)[0] == Approx(-tiny).epsilon(1e-14));
  CHECK(derivatives([](const Tensor& x) { return softplus(x); }, -40, float64, 0)[0] == Approx(tiny).epsilon(1e-14));
  CHECK(derivatives(sigmoid, -80, float32, 0)[0] == Approx(std::exp(-80.0)).epsilon(1e-6));
}

TEST_CASE("gelu has the published values") {
  CHECK(gelu(tensor(1.0, float64)).item() == Approx(0.841344746068543).epsilon(1e-15));
  CHECK(gelu(tensor(1.0, float64), Gelu::tanh).item() == Approx(0.8411919906082768).epsilon(1e-15));
}

TEST_CASE("softplus gives the input itself above its threshold") {
  CHECK(softplus(tensor(3.0, float64), 2, 5).item() == 3);
  CHECK(softplus(tensor(2.4, float64), 2, 5).item() == Approx(std::log1p(std::exp(4.8)) / 2));
  CHECK_THROWS_AS(softplus(tensor(1.0), 0), ValueError);
  CHECK_THROWS_AS(softplus(tensor(1.0), not_a_number), ValueError);
}

TEST_CASE("softmax does not change when a number is added, and its gradient is orthogonal to ones") {
  Rng rng(3);
  const Tensor x = track(normal({20, 7}, rng, 0, 3, float64)), cotangent = normal({20, 7}, rng, 0, 1, float64);
  CHECK_THAT(softmax(x + 100), AllClose(softmax(x), 1e-12));
  CHECK_THAT(sum(grad(sum(softmax(x) * cotangent), x), 1), AllClose(zeros({20}, float64), 1e-12));
  CHECK(softmax(tensor({1e4, 0.0, -1e4})).to_vector() == std::vector<double>{1, 0, 0});
}

TEST_CASE("activations of whole numbers are a DTypeError that names the operation") {
  CHECK_THROWS_AS(sigmoid(tensor({1, 2})), DTypeError);
  CHECK_THROWS_WITH(relu(tensor({1, 2})), Catch::Contains("relu: needs a floating dtype, got [2] i64"));
}

TEST_CASE("mish, silu and gelu keep full precision in their tails") {
  const auto relative = [](const Activation& f, double x, DType dtype) { return derivatives(f, x, dtype, 0)[0]; };
  CHECK(relative(mish, -30, float64) == Approx(-30 * std::tanh(std::log1p(std::exp(-30.0)))).epsilon(1e-14));
  CHECK(relative(mish, -80, float32) == Approx(-80 * std::exp(-80.0)).epsilon(1e-6));
  CHECK(relative(silu, -80, float32) == Approx(-80 * std::exp(-80.0)).epsilon(1e-6));
  CHECK(relative([](const Tensor& x) { return gelu(x); }, -8, float32) ==
        Approx(-4 * std::erfc(8 / std::sqrt(2.0))).epsilon(1e-5));
  for (const double x : {30.0, 1e10, 1e38}) {
    CHECK(relative(mish, x, float32) == Approx(x));
    CHECK(relative(silu, x, float32) == Approx(x));
  }
}

TEST_CASE("glu multiplies one half by the sigmoid of the other, along any axis") {
  const Tensor x = tensor({{1.0, -2.0, 0.0, 3.0}, {0.5, 4.0, -1.0, 2.0}}, float64);
  CHECK_THAT(glu(x), AllClose(slice(x, 1, 0, 2) * sigmoid(slice(x, 1, 2, 4))));
  CHECK_THAT(glu(x, 0), AllClose(slice(x, 0, 0, 1) * sigmoid(slice(x, 0, 1, 2))));
  CHECK_THAT([](const Tensor& a) { return glu(a); }, DifferentiatesCorrectly(x).order(2));
  CHECK(glu(zeros({3, 0})).shape() == Shape{3, 0});
  CHECK_THROWS_WITH(glu(zeros({2, 3})), Catch::Contains("glu: axis 1 of [2, 3] f32 has no two halves"));
  CHECK_THROWS_AS(glu(tensor(1.0)), AxisError);
}

TEST_CASE("softmax2d is a distribution over the channels of each place") {
  Rng rng(4);
  const Tensor x = normal({2, 3, 2, 2}, rng, 0, 1, float64);
  CHECK_THAT(softmax2d(x), AllClose(softmax(x, 1)));
  CHECK_THAT(softmax2d(select(x, 0, 1)), AllClose(select(softmax(x, 1), 0, 1)));
  CHECK_THROWS_AS(softmax2d(zeros({2, 3})), ShapeError);
}

TEST_CASE("the largest element of gumbel_softmax is drawn with the probabilities of the softmax") {
  Rng rng(9);
  const Tensor p = tensor({0.5, 0.3, 0.2}, float64), logits = broadcast_to(log(p), {20000, 3});
  const Tensor soft = gumbel_softmax(logits, rng, {.tau = 0.7});
  CHECK_THAT(sum(soft, 1), AllClose(ones({20000}, float64)));
  const auto often = bincount(argmax(soft, 1), 3).to_vector();
  for (std::size_t i = 0; i < 3; ++i) CHECK(often[i] / 20000 == Approx(p.to_vector()[i]).margin(0.015));
}

TEST_CASE("a hard gumbel_softmax is one choice, with the derivative of the soft one, along any axis") {
  const Tensor logits = track(tensor({{0.1, -0.4}, {1.2, 0.3}, {-0.2, 0.8}}, float64));
  const Tensor weights = tensor({{1.0, 2.0}, {-1.0, 0.5}, {0.3, -2.0}}, float64);
  Rng soft_rng(2), hard_rng(2);
  const Tensor soft = gumbel_softmax(logits, soft_rng, {.tau = 0.5, .axis = 0});
  const Tensor hard = gumbel_softmax(logits, hard_rng, {.tau = 0.5, .hard = true, .axis = 0});
  CHECK(sum(hard, 0).to_vector() == std::vector<double>{1, 1});
  CHECK(max(hard, 0).to_vector() == std::vector<double>{1, 1});
  CHECK(argmax(hard, 0).to_vector() == argmax(soft, 0).to_vector());
  CHECK_THAT(grad(sum(hard * weights), logits), AllClose(grad(sum(soft * weights), logits)));
  CHECK_THROWS_AS(gumbel_softmax(logits, soft_rng, {.tau = 0}), ValueError);
  CHECK_THROWS_AS(gumbel_softmax(tensor({1, 2}), soft_rng), DTypeError);
}

TEST_CASE("gumbel_softmax in a vmap draws for each example") {
  Rng rng(7);
  const Tensor logits = zeros({4, 3}, float64);
  const Tensor drawn = vmap([&](const Tensor& x) { return gumbel_softmax(x, rng); })(logits);
  CHECK(drawn.shape() == Shape{4, 3});
  CHECK_THAT(sum(drawn, 1), AllClose(ones({4}, float64)));
  for (std::int64_t i = 1; i < 4; ++i) CHECK(drawn(i).to_vector() != drawn(0).to_vector());
}

TEST_CASE("activations refuse parameters that make no sense") {
  const Tensor x = tensor({1.0, 2.0});
  CHECK_THROWS_AS(celu(x, 0), ValueError);
  CHECK_THROWS_AS(hardtanh(x, 1, 1), ValueError);
  CHECK_THROWS_AS(hardtanh(x, not_a_number, 1), ValueError);
  CHECK_THROWS_AS(hardshrink(x, -0.1), ValueError);
  CHECK_THROWS_AS(softshrink(x, not_a_number), ValueError);
  CHECK_THROWS_AS(threshold(x, not_a_number, 0), ValueError);
  CHECK_THROWS_AS(prelu(x, tensor({0.1, 0.2, 0.3})), ShapeError);
  CHECK_THROWS_AS(prelu(x, tensor(0.25, float64)), DTypeError);
}

}  // namespace activations_test
