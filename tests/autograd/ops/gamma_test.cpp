// Against values with 40 digits (mpmath), and the derivatives against differences.

#include "autograd/ops/gamma.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/autograd/ops/points.hpp"
#include "tests/throws.hpp"

namespace xgrad {
namespace {

struct Values {
  std::string function;
  std::vector<std::pair<double, double>> values;
};

const Values values[] = {
    {"lgamma",
     {{1e-300, 690.77552789821371},
      {1e-05, 11.512919692895826},
      {0.5, 0.57236494292470009},
      {1.5, -0.12078223763524522},
      {2.5, 0.28468287047291916},
      {10.25, 13.368023671476046},
      {171.5, 709.14316303092824},
      {10000000000.0, 220258509288.81058},
      {-0.5, 1.2655121234846454},
      {-1.5, 0.86004701537648101},
      {-2.75, 0.0044878975359557733},
      {-10.25, -14.203997900931091}}},
    {"digamma",
     {{1e-300, -9.9999999999999997e+299},
      {1e-05, -100000.57719921567},
      {0.25, -4.2274535333762654},
      {1.0, -0.57721566490153286},
      {2.5, 0.70315664064524319},
      {10.25, 2.277704790686724},
      {10000000000.0, 23.025850929890457},
      {-0.5, 0.036489973978576521},
      {-1.25, 3.7141391202135278},
      {-10.75, -0.72089576016716117},
      {-100.25, 7.7542389592086454}}},
    {"polygamma 1",
     {{1e-05, 10000000001.644908},
      {0.25, 17.197329154507111},
      {1.0, 1.6449340668482264},
      {2.5, 0.49035775610023486},
      {10.25, 0.10247452151799187},
      {10000000000.0, 1.00000000005e-10},
      {-0.5, 8.9348022005446793},
      {-1.25, 19.181879647671606},
      {-10.75, 19.650378280099093},
      {-1000.25, 19.738209551699785}}},
    {"polygamma 2",
     {{1e-05, -2000000000000001.9},
      {0.25, -129.32773993753692},
      {1.0, -2.4041138063191886},
      {2.5, -0.2362040516417274},
      {10.25, -0.010491898534015283},
      {100000.0, -1.00001000005e-10},
      {-0.5, -0.82879664423432},
      {-1.25, 123.72136678366236},
      {-10.75, -124.03299241970519}}},
    {"polygamma 5",
     {{0.01, 120000000000115.05},
      {0.25, 491552.51376768129},
      {1.0, 122.0811674381339},
      {2.5, 0.57856917856718348},
      {10.25, 0.00026886647864215223},
      {1000.0, 2.4060059999944e-14},
      {-0.5, 15371.113548602435},
      {-1.25, 492230.21062287458},
      {-10.75, 492231.26697867164}}},
    {"erfinv",
     {{1e-300, 8.8622692545275804e-301},
      {1e-10, 8.8622692545275805e-11},
      {0.1, 0.088855990494257692},
      {0.5, 0.47693627620446987},
      {0.75, 0.81341984759761854},
      {0.9, 1.1630871536766742},
      {0.99, 1.8213863677184495},
      {0.999999, 3.4589107372754988},
      {0.9999999999999999, 5.8635847487551679},
      {-0.3, -0.27246271472675435},
      {-0.999, -2.3267537655135245}}},
};

Tensor applied(const std::string& function, const Tensor& x) {
  if (function == "lgamma") return lgamma(x);
  if (function == "digamma") return digamma(x);
  if (function == "erfinv") return erfinv(x);
  return polygamma(std::stoi(function.substr(10)), x);
}

}  // namespace

TEST_CASE("the gamma function and its relatives are accurate") {
  for (const Values& each : values)
    for (const auto& [x, expected] : each.values) {
      const double got = applied(each.function, tensor(x, float64)).item();
      INFO(each.function << '(' << x << ") is " << got << ", not " << expected);
      CHECK(std::abs(got - expected) <= 4e-14 * std::abs(expected));
      const auto narrow = static_cast<float>(x);
      if (narrow != x || std::abs(expected) > 1e38) continue;
      CHECK(applied(each.function, tensor(x, float32)).item() == Approx(expected).epsilon(2e-7));
    }
}

TEST_CASE("the gamma function where it ends") {
  const auto gives = [](const Tensor& y, const Numbers& expected) { CHECK(same(y, expected, 0)); };
  gives(lgamma(tensor({0.0, -1.0, inf, 1.0, 2.0, nan}, float64)), {inf, inf, inf, 0, 0, nan});
  gives(digamma(tensor({0.0, -0.0, -1.0, inf, -inf, nan}, float64)), {-inf, inf, nan, inf, nan, nan});
  gives(polygamma(1, tensor({0.0, -1.0, inf, -inf, nan}, float64)), {inf, inf, 0, nan, nan});
  gives(polygamma(2, tensor({0.0, -1.0, inf, nan}, float64)), {nan, nan, -0.0, nan});
  gives(erfinv(tensor({0.0, 1.0, -1.0, 1.5, nan}, float64)), {0, inf, -inf, nan, nan});
  throws<ValueError>("polygamma: the order is -1, not in 0 to 100").by([] { polygamma(-1, tensor(1.0)); });
  throws<DTypeError>("lgamma: needs a floating dtype, got [1] i64").by([] { lgamma(tensor({1})); });
}

TEST_CASE("the gamma function differentiates as its differences say") {
  const Tensor x = tensor({0.4, 1.7, 5.5, -0.6, -2.3}, float64), inside = tensor({-0.9, -0.2, 0.0, 0.4, 0.97}, float64);
  CHECK_THAT([](const Tensor& t) { return lgamma(t); }, DifferentiatesCorrectly(x).order(3));
  CHECK_THAT([](const Tensor& t) { return digamma(t); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& t) { return polygamma(2, t); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& t) { return erfinv(t); }, DifferentiatesCorrectly(inside).order(2));
}

}  // namespace xgrad
