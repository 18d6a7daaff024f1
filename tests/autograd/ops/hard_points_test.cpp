// Values, gradients and second derivatives at the points where they go wrong, in float32 and float64.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "autograd/autograd.hpp"
#include "nn/activations.hpp"
#include "tests/autograd/ops/points.hpp"

namespace xgrad::hard_points_test {
namespace {

Tensor hypot_of(const Tensor& x) { return hypot(select(x, 0, 0), select(x, 0, 1)); }
Tensor atan2_of(const Tensor& x) { return atan2(select(x, 0, 0), select(x, 0, 1)); }
Tensor xlogy_of(const Tensor& x) { return xlogy(select(x, 0, 0), select(x, 0, 1)); }
Tensor pow_of(const Tensor& x) { return pow(select(x, 0, 0), select(x, 0, 1)); }
Tensor last(const Tensor& x) { return select(x, 0, -1); }

TEST_CASE("roots and absolute values at zero") {
  check({
      {"sqrt(0)", [](const Tensor& x) { return sqrt(x); }, {0}, {0}, {inf}},
      {"abs(+-0)", [](const Tensor& x) { return abs(x); }, {0.0, -0.0}, {0, 0}, {0, 0}, Numbers{0, 0}},
      {"sign(0)", [](const Tensor& x) { return sign(x); }, {0.0, -0.0}, {0, 0}, {0, 0}, Numbers{0, 0}},
      {"norm(0)", [](const Tensor& x) { return norm(x); }, {0, 0}, {0}, {0, 0}},
      {"sqrt(sum(x^2))", [](const Tensor& x) { return sqrt(sum(x * x)); }, {0, 0}, {0}, {nan, nan}},
      {"hypot(0, 0)", hypot_of, {0, 0}, {0}, {0, 0}},
      {"hypot(3, 4)", hypot_of, {3, 4}, {5}, {0.6, 0.8}},
      {"atan2(0, 0)", atan2_of, {0, 0}, {0}, {0, 0}},
      {"atan2(1, 1)", atan2_of, {1, 1}, {std::atan(1.0)}, {0.5, -0.5}, Numbers{-0.5, 0.5}},
  });
}

TEST_CASE("norms do not overflow") {
  for (const auto& [big, dtype] : {std::pair{1e200, float64}, std::pair{1e20, float32}}) {
    const double tolerance = dtype == float32 ? 1e-6 : 1e-14;
    const Tensor x = track(tensor(Numbers{big, big}, dtype));
    for (const Tensor& y : {norm(x), hypot_of(x)}) {
      CHECK(y.item() == Approx(std::sqrt(2.0) * big).epsilon(tolerance));
      CHECK(same(grad(y, x), {std::sqrt(0.5), std::sqrt(0.5)}, tolerance));
    }
    CHECK(same(grad(atan2_of(x), x), {0.5 / big, -0.5 / big}, tolerance));
  }
}

TEST_CASE("powers and x log y") {
  check({
      {"pow(0, 0)", pow_of, {0, 0}, {1}, {0, 0}},
      {"pow(0, 0.5)", [](const Tensor& x) { return pow(x, 0.5); }, {0}, {0}, {inf}},
      {"pow(0, 1)", [](const Tensor& x) { return pow(x, 1); }, {0}, {0}, {1}, Numbers{0}},
      {"pow(0, 2)", [](const Tensor& x) { return pow(x, 2); }, {0}, {0}, {0}, Numbers{2}},
      {"pow(0, 3)", [](const Tensor& x) { return pow(x, 3); }, {0}, {0}, {0}, Numbers{0}},
      {"pow(-2, 3)", [](const Tensor& x) { return pow(x, 3); }, {-2}, {-8}, {12}, Numbers{-12}},
      {"pow(-2, 3) by both", pow_of, {-2, 3}, {-8}, {12, nan}},
      {"pow(x, 0)", [](const Tensor& x) { return pow(x, 0); }, {0, 2, -3}, {1, 1, 1}, {0, 0, 0}, Numbers{0, 0, 0}},
      {"xlogy(0, 0)", xlogy_of, {0, 0}, {0}, {-inf, 0}},
      {"xlogy(0, 2)", xlogy_of, {0, 2}, {0}, {std::log(2), 0}, Numbers{0.5, 0.5}},
      {"x log x by hand at 0", [](const Tensor& x) { return x * log(x); }, {0}, {nan}, {nan}},
  });
}

TEST_CASE("logarithms, quotients and small arguments") {
  check({
      {"log(0)", [](const Tensor& x) { return log(x); }, {0}, {-inf}, {inf}, Numbers{-inf}},
      {"1/0", [](const Tensor& x) { return 1 / x; }, {0}, {inf}, {-inf}},
      {"expm1", [](const Tensor& x) { return expm1(x); }, {1e-12}, {1e-12 + 5e-25}, {1 + 1e-12}, Numbers{1 + 1e-12}},
      {"log1p", [](const Tensor& x) { return log1p(x); }, {1e-12}, {1e-12 - 5e-25}, {1 - 1e-12}, Numbers{-1 + 2e-12}},
      {"tanh", [](const Tensor& x) { return tanh(x); }, {1e4, -1e4}, {1, -1}, {0, 0}, Numbers{0, 0}},
      {"sinh", [](const Tensor& x) { return sinh(x); }, {0, 1e-12}, {0, 1e-12}, {1, 1}},
      {"cosh", [](const Tensor& x) { return cosh(x); }, {0}, {1}, {0}, Numbers{1}},
  });
}

TEST_CASE("hyperbolic functions up to their overflow, and binary logarithms") {
  // e^x / 2, where that does not overflow but e^x does.
  const auto half_exp = [](long double x) { return static_cast<double>(0.5L * std::exp(x)); };
  for (const auto& [x, dtype] : {std::pair{double{88.9f}, float32}, std::pair{710.0, float64}}) {
    const double tolerance = dtype == float32 ? 1e-6 : 1e-14, large = half_exp(x);
    const Tensor at = track(tensor({x, -x}, dtype));
    for (const bool odd : {true, false}) {
      const Tensor y = odd ? sinh(at) : cosh(at), first = grad(sum(y), at, {.create_graph = true});
      CHECK(same(y, {large, odd ? -large : large}, tolerance));
      CHECK(same(first, {large, odd ? large : -large}, tolerance));
      CHECK(same(grad(sum(first), at), {large, odd ? -large : large}, tolerance));
    }
  }
  const double small = 1e-6 + 1e-18 / 6, near_one = 1 + 5e-13;
  check({
      {"sinh",
       [](const Tensor& x) { return sinh(x); },
       {1e-6, -1e-30},
       {small, -1e-30},
       {near_one, 1},
       Numbers{small, -1e-30}},
      {"cosh",
       [](const Tensor& x) { return cosh(x); },
       {1e-6, -1e-30},
       {near_one, 1},
       {small, -1e-30},
       Numbers{near_one, 1}},
      {"log2", [](const Tensor& x) { return log2(x) - 3; }, {8}, {0}, {std::numbers::log2e / 8}},
      {"log2(0)", [](const Tensor& x) { return log2(x); }, {0}, {-inf}, {inf}},
  });
}

// With p the normal density, gelu is x Q(-x), its derivative Q(-x) + x p, the second one p (2 - x^2).
TEST_CASE("erfc and gelu keep their relative accuracy in their tails, and so do their derivatives") {
  using Real = long double;
  const Real root_pi = std::sqrt(std::numbers::pi_v<Real>), root_2 = std::sqrt(Real(2));
  const auto rounded = [](DType dtype, Real x) { return dtype == float32 ? double{float(x)} : static_cast<double>(x); };
  for (const DType dtype : {float32, float64}) {
    Numbers x, erfc_value, erfc_slope, erfc_second, gelu_value, gelu_slope, gelu_second;
    for (double at = 1; at < (dtype == float32 ? 8 : 25); at += 0.1875) {
      const Real gauss = 2 / root_pi * std::exp(-Real(at) * at), p = std::exp(-Real(at) * at / 2) / root_pi / root_2;
      const Real q = std::erfc(at / root_2) / 2;
      x.push_back(at);
      erfc_value.push_back(rounded(dtype, std::erfc(Real(at))));
      erfc_slope.push_back(rounded(dtype, -gauss));
      erfc_second.push_back(rounded(dtype, 2 * at * gauss));
      gelu_value.push_back(rounded(dtype, -at * q));
      gelu_slope.push_back(rounded(dtype, q - at * p));
      gelu_second.push_back(rounded(dtype, p * (2 - Real(at) * at)));
    }
    const Tensor right = track(tensor(x, float64)), at = dtype == float32 ? track(cast(right, float32)) : right,
                 left = -at;
    const double digits = dtype == float32 ? 0x1p-24 : 0x1p-53;
    const auto check_all = [&](const Tensor& y, const Tensor& by, const Numbers& value, const Numbers& slope,
                               const Numbers& second, double tolerance) {
      const Tensor first = grad(sum(y), by, {.create_graph = true});
      CHECK(same(y, value, tolerance));
      CHECK(same(first, slope, tolerance));
      CHECK(same(grad(sum(first), by), second, tolerance));
    };
    check_all(erfc(at), at, erfc_value, erfc_slope, erfc_second, 12 * digits);
    // The argument x / sqrt(2) is rounded, which counts x^2 times.
    check_all(gelu(left), left, gelu_value, gelu_slope, gelu_second, (dtype == float32 ? 160 : 1600) * digits);
  }
  CHECK(erfc(4.0).item() == Approx(1.541726e-8).epsilon(1e-6));
  CHECK(erfc(tensor(6.0, float64)).item() == Approx(2.1519736712498913e-17).epsilon(1e-15));
  CHECK(erfc(tensor(26.0, float64)).item() == Approx(5.663192408856143e-296).epsilon(1e-15));
  CHECK(gelu(tensor(-5.5)).item() == Approx(-1.0444e-7).epsilon(1e-4));
  CHECK(gelu(tensor(-6.0)).item() == Approx(-5.9195e-9).epsilon(1e-4));
}

TEST_CASE("the tanh form of gelu keeps its tail") {
  for (const DType dtype : {float32, float64}) {
    const Tensor x = track(tensor({-5.0, -7.0, 1e30}, dtype)), y = gelu(x, Gelu::tanh);
    const auto exact = [](long double at) {
      const long double u = std::sqrt(2 / std::numbers::pi_v<long double>) * (at + 0.044715L * at * at * at);
      return static_cast<double>(at / (1 + std::exp(-2 * u)));
    };
    CHECK(same(y, {exact(-5), exact(-7), 1e30}, dtype == float32 ? 1e-5 : 1e-13));
    const Numbers slopes = grad(sum(y), x).to_vector();
    CHECK(slopes[0] < 0);
    CHECK(slopes[1] < 0);
    CHECK(slopes[2] == 1);
  }
}

TEST_CASE("logaddexp keeps what is small beside 1") {
  const auto pair = [](const Tensor& x) { return logaddexp(select(x, 0, 0), select(x, 0, 1)); };
  const double tiny = std::exp(-80.0);
  check({
      {"logaddexp(0, -80)", pair, {0, -80}, {tiny}, {1, tiny}},
      {"logaddexp(-80, 0)", pair, {-80, 0}, {tiny}, {tiny, 1}},
      {"logaddexp(1, 1)", pair, {1, 1}, {1 + std::log(2)}, {0.5, 0.5}},
      {"logaddexp(inf, 0)", pair, {inf, 0}, {inf}, {1, 0}},
      {"logaddexp(inf, inf)", pair, {inf, inf}, {inf}, {0.5, 0.5}},
      {"logaddexp(-inf, 2)", pair, {-inf, 2}, {2}, {0, 1}},
      {"logaddexp(inf, -inf)", pair, {inf, -inf}, {inf}, {1, 0}},
      {"logaddexp(inf, nan)", pair, {inf, nan}, {nan}, {nan, nan}},
  });
}

TEST_CASE("bounds that are NaN or cross") {
  const Tensor low = tensor({-1.0, nan, -1.0, 2.0}), high = tensor({1.0, 1.0, nan, 1.0});
  check({
      {"NaN below", [](const Tensor& x) { return clamp(x, nan, 1); }, {-2, 0, 2}, {nan, nan, nan}, {0, 0, 0}},
      {"NaN above", [](const Tensor& x) { return clamp(x, -1, nan); }, {-2, 0, 2}, {nan, nan, nan}, {0, 0, 0}},
      {"NaN within", [](const Tensor& x) { return clamp(x, -1, 1); }, {nan}, {nan}, {1}},
      {"Tensors of bounds",
       [&](const Tensor& x) { return clamp(x, cast(low, x.dtype()), cast(high, x.dtype())); },
       {0, 0, 0, 0},
       {0, nan, nan, 1},
       {1, 0, 0, 0}},
      {"a Tensor and a number",
       [&](const Tensor& x) { return clamp(x, cast(low, x.dtype()), 1); },
       {0, 0, -3, 9},
       {0, nan, -1, 1},
       {1, 0, 0, 0}},
  });
  CHECK(clamp(tensor({-7, 3, 9}), 0, 5).to_vector() == Numbers{0, 3, 5});
}

TEST_CASE("ties, bounds and NaN") {
  check({
      {"max of ties",
       [](const Tensor& x) { return max(x); },
       {2, 1, 2, 2},
       {2},
       {1 / 3., 0, 1 / 3., 1 / 3.},
       Numbers(4)},
      {"min of ties", [](const Tensor& x) { return min(x); }, {1, 1}, {1}, {0.5, 0.5}, Numbers(2)},
      {"max with NaN", [](const Tensor& x) { return max(x); }, {1, nan, 3}, {nan}, {nan, nan, nan}},
      {"min with NaN", [](const Tensor& x) { return min(x); }, {nan, 1}, {nan}, {nan, nan}},
      {"maximum(a, a)", [](const Tensor& x) { return maximum(x, stop_gradient(x)); }, {2}, {2}, {0.5}, Numbers{0}},
      {"clamp at a bound",
       [](const Tensor& x) { return clamp(x, -1, 1); },
       {-1, 1, -2, 2, 0},
       {-1, 1, -1, 1, 0},
       {1, 1, 0, 0, 1},
       Numbers(5)},
      {"maximum with NaN", [](const Tensor& x) { return maximum(x, 3); }, {nan, 5, 1}, {nan, 5, 3}, {nan, 1, 0}},
      {"minimum with NaN",
       [](const Tensor& x) { return minimum(3 * ones_like(x), x); },
       {nan, 5, 1},
       {nan, 3, 1},
       {nan, 0, 1}},
  });
}

TEST_CASE("products with zeros, and sums of nothing") {
  check({
      {"prod with one zero", [](const Tensor& x) { return prod(x); }, {0, 2, 3}, {0}, {6, 0, 0}, Numbers{5, 3, 2}},
      {"prod with two zeros", [](const Tensor& x) { return prod(x); }, {0, 0, 3}, {0}, {0, 0, 0}, Numbers{3, 3, 0}},
      {"cumprod with a zero",
       [](const Tensor& x) { return cumprod(x); },
       {2, 0, 3},
       {2, 0, 0},
       {1, 8, 0},
       Numbers{4, 6, 2}},
      {"sum of nothing", [](const Tensor& x) { return sum(x); }, {}, {0}, {}, Numbers{}},
      {"prod of nothing", [](const Tensor& x) { return prod(x); }, {}, {1}, {}, Numbers{}},
      {"std of a constant", [](const Tensor& x) { return xgrad::std(x); }, {4, 4}, {0}, {0, 0}},
      {"logsumexp of nothing", [](const Tensor& x) { return logsumexp(x); }, {}, {-inf}, {}},
  });
}

TEST_CASE("softmax and its relatives at the extremes") {
  const double third = 1 / 3.;
  check({
      {"softmax", [](const Tensor& x) { return softmax(x); }, {1e4, 0, -1e4}, {1, 0, 0}, {0, 0, 0}, Numbers(3)},
      {"softmax with -inf",
       [](const Tensor& x) { return select(softmax(x), 0, 0); },
       {0, -inf, 0},
       {0.5},
       {0.25, 0, -0.25}},
      {"softmax of -inf", [](const Tensor& x) { return softmax(x); }, {-inf, -inf}, {nan, nan}, {nan, nan}},
      {"logsumexp with -inf", [](const Tensor& x) { return logsumexp(x); }, {0, -inf, 0}, {std::log(2)}, {0.5, 0, 0.5}},
      {"logsumexp of -inf", [](const Tensor& x) { return logsumexp(x); }, {-inf, -inf}, {-inf}, {0, 0}},
      {"logsumexp(inf, 0)", [](const Tensor& x) { return logsumexp(x); }, {inf, 0}, {inf}, {1, 0}},
      {"logsumexp of ties",
       [](const Tensor& x) { return logsumexp(x); },
       {1, 1, 1},
       {1 + std::log(3)},
       {third, third, third}},
      {"logaddexp(-inf, -inf)",
       [](const Tensor& x) { return logaddexp(select(x, 0, 0), select(x, 0, 1)); },
       {-inf, -inf},
       {-inf},
       {0, 0}},
      {"log_softmax", [](const Tensor& x) { return last(log_softmax(x)); }, {1e4, 0, -1e4}, {-20000}, {-1, 0, 1}},
  });
}

TEST_CASE("float32 keeps its digits in sums and variances") {
  Numbers many(9, 1.0);
  many[0] = 1e8;
  const Tensor x = track(tensor(many));
  CHECK(sum(x).item() == 100000008);
  CHECK(same(grad(sum(x), x), Numbers(9, 1), 0));
  const Tensor y = track(tensor({1e8, 1e8 + 8, 1e8 + 16}));
  CHECK(var(y).item() == 64);
  CHECK(same(grad(var(y), y), {-8, 0, 8}, 1e-6));
}

TEST_CASE("empty Tensors go through matmul") {
  const Tensor a = track(zeros({2, 0})), b = track(zeros({0, 3})), y = matmul(a, b);
  CHECK(y.to_vector() == Numbers(6, 0));
  CHECK(grad(sum(y), a).shape() == Shape{2, 0});
  CHECK(grad(sum(y), b).shape() == Shape{0, 3});
}

}  // namespace
}  // namespace xgrad::hard_points_test
