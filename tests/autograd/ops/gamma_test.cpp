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

namespace xgrad::gamma_test {
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

// Where what is left of a whole number, or of a half, has few digits (mpmath).
TEST_CASE("digamma and its derivatives are accurate near their poles and between them") {
  const Values near[] = {
      {"digamma",
       {{-3.000000002492955, 401130358.42306757},
        {-37.00000000124459, 803479612.86922098},
        {-0.9999999, -9999999.5824789589},
        {-0.500000000032632, 0.036489973687015982},
        {-12.499999999, 2.565195661067632},
        {1.4616321450123213, 4.2537868544644144e-11},
        {1.4616321449683622, -9.2412655217294275e-17},
        {1.25, -0.22745353337626541},
        {1.7, 0.20854787487349392}}},
      {"polygamma 1",
       {{-18.000000002074465, 2.3237411979119681e+17},
        {-6.00000000138332, 5.2258219587405197e+17},
        {-1.5, 9.3792466449891238}}},
      {"polygamma 2", {{-35.000000002896925, 8.2265563320481715e+25}, {-4.4999999999, -0.039608928041051284}}},
      {"polygamma 5", {{-15.000000002130701, 1.282467151690487e+54}}},
      {"polygamma 20",
       {{-0.500000000032632, -14473260578353391.0},
        {-1.5, -10709198259.124132},
        {-3.000000001781469, 1.3175890096587186e+202},
        {7.25, -2.2370478591491939}}},
  };
  for (const Values& each : near)
    for (const auto& [x, expected] : each.values) {
      INFO(each.function << '(' << x << ')');
      CHECK(applied(each.function, tensor(x, float64)).item() == Approx(expected).epsilon(1e-14).margin(0));
    }
}

// mpmath
TEST_CASE("derivatives of digamma of high order are there as far out as they can be written") {
  const Values far[] = {
      {"polygamma 100",
       {{1000, -9.8071062030352941e-145},
        {1500.5, -2.2950731038253874e-162},
        {3000, -1.8411819707006743e-192},
        {50000, -1.1842337788692773e-314}}},
      {"polygamma 99", {{20000.25, 1.4891412167579384e-272}}},
      {"polygamma 60", {{1e6, -1.3868727908154456e-280}}},
      {"polygamma 20", {{1e15, -1.2164510040883322e-283}}},
      {"polygamma 3", {{1e100, 2e-300}}},
      {"polygamma 1", {{1e307, 1e-307}}},
  };
  for (const Values& each : far)
    for (const auto& [x, expected] : each.values) {
      INFO(each.function << '(' << x << ')');
      CHECK(applied(each.function, tensor(x, float64)).item() == Approx(expected).epsilon(1e-13).margin(1e-323));
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

// P, Q and the derivative of P by a, with 50 digits (mpmath).
TEST_CASE("the incomplete gamma function is accurate in both tails, and so is its derivative by the shape") {
  struct Known {
    double a, x, lower, upper, by_shape;
  };
  const Known table[] = {
      {1e-10, 1e-05, 0.99999999890642802, 1.0935719794146443e-9, -10.93571978824919},
      {1e-10, 3.0, 0.99999999999869516, 1.3048381096671612e-12, -0.013048381099146185},
      {0.001, 1e-300, 0.5014761980108866, 0.4985238019891134, -346.11884978531333},
      {0.001, 0.5, 0.99943993334352925, 0.00056006665647074989, -0.56035940010800309},
      {0.001, 20.0, 0.99999999999990129, 9.8711730979026902e-14, -9.9068773267774433e-11},
      {0.25, 1e-08, 0.01103262649114312, 0.98896737350885688, -0.20071908055339653},
      {0.25, 1.25, 0.95275329885609064, 0.047246701143909356, -0.23002665097862663},
      {0.5, 0.01, 0.11246291601828489, 0.88753708398171511, -0.52251433779748299},
      {1.0, 1.0, 0.63212055882855768, 0.36787944117144232, -0.4317297106348987},
      {1.0, 700.0, 1.0, 9.8596765437597709e-305, -7.0296758055296042e-304},
      {2.5, 0.125, 0.0015208185533684397, 0.99847918144663156, -0.0048558856863950287},
      {2.5, 3.5, 0.77935969206328921, 0.22064030793671079, -0.1872354473407891},
      {9.5, 2.0, 0.00010634036562701505, 0.99989365963437298, -0.00017343036629032942},
      {16.0, 0.0009765625, 3.2672467369451923e-62, 1.0, -3.1806609453945998e-61},
      {30.0, 31.0, 0.59534782096561088, 0.40465217903438912, -0.070686436033374862},
      {60.0, 20.0, 4.233284694712903e-13, 0.99999999999957667, -4.7187824725890949e-13},
      {60.0, 61.0, 0.56803752803450693, 0.43196247196549307, -0.050729935653691477},
      {60.0, 200.0, 1.0, 8.1357704342348476e-32, -9.9202046694379202e-32},
      {1000.0, 900.0, 0.00054990226571178292, 0.99945009773428822, -6.2457090358415652e-5},
      {1000.0, 1001.0, 0.51681145292978622, 0.48318854707021378, -0.012604110408867035},
      {1000.0, 1400.0, 1.0, 8.0413254081848296e-30, -2.7294688857479857e-30},
      {10000.0, 9500.0, 1.8624546517951551e-7, 0.99999981375453482, -9.8923190122146941e-9},
      {10000.0, 10010.0, 0.54113746289250995, 0.45886253710749005, -0.0039675883126739816},
  };
  for (const Known& known : table) {
    INFO("a = " << known.a << ", x = " << known.x);
    const Tensor a = track(tensor(known.a, float64)), x = tensor(known.x, float64);
    const Tensor lower = gammainc(a, x), upper = gammaincc(a, x);
    // A small number has its logarithm's digits.
    const auto digits = [](double each, double expected) {
      return each * (50 + std::abs(std::log(std::abs(expected))));
    };
    CHECK(lower.item() == Approx(known.lower).epsilon(digits(3e-16, known.lower)));
    CHECK(upper.item() == Approx(known.upper).epsilon(digits(3e-16, known.upper)));
    CHECK(grad(lower, a).item() == Approx(known.by_shape).epsilon(2e-13));
    CHECK(grad(upper, a).item() == Approx(-known.by_shape).epsilon(2e-13));
    const Tensor narrow = track(tensor(known.a, float32)), at = tensor(known.x, float32);
    if (known.x != at.item() || known.a != narrow.item()) continue;
    const auto agrees = [&](double got, double expected) {
      if (std::abs(expected) > 1e-37) CHECK(got == Approx(expected).epsilon(digits(1e-7, expected)));
    };
    agrees(gammainc(narrow, at).item(), known.lower);
    agrees(gammaincc(narrow, at).item(), known.upper);
    agrees(grad(gammainc(narrow, at), narrow).item(), known.by_shape);
  }
}

TEST_CASE("the incomplete gamma function where it ends") {
  const Tensor a = tensor({1.5, 1.5, 0.0, 0.0, inf, inf, -1.0, 1.0, nan, 1.0}, float64),
               x = tensor({0.0, inf, 2.0, 0.0, 2.0, inf, 1.0, -1.0, 1.0, nan}, float64);
  CHECK(same(gammainc(a, x), {0, 1, 1, nan, 0, nan, nan, nan, nan, nan}, 0));
  CHECK(same(gammaincc(a, x), {1, 0, 0, nan, 1, nan, nan, nan, nan, nan}, 0));
  const Tensor shape = track(tensor({0.5, 1.0, 2.0, 1.0}, float64)), at = track(tensor({0.0, 0.0, 0.0, inf}, float64));
  const auto gradients = grad(sum(gammainc(shape, at)), std::vector<Tensor>{shape, at});
  CHECK(same(gradients[0], {0, 0, 0, 0}, 0));
  CHECK(same(gradients[1], {inf, 1, 0, 0}, 0));
  CHECK(gammainc(tensor({{1.0}, {2.0}}), tensor({1.0, 2.0, 3.0})).shape() == Shape{2, 3});
  CHECK(gammainc(2, tensor({1.0, 2.0}, float64)).dtype() == float64);
  throws<DTypeError>("gammainc: needs a floating dtype, got [1] i64").by([] { gammainc(tensor({1}), tensor({2})); });
  throws<DTypeError>("gammaincc: gammainc: dtypes differ: lhs [1] f32, rhs [1] f64 (cast one of them)").by([] {
    gammaincc(tensor({1.0}), tensor({2.0}, float64));
  });
  CHECK_THROWS_AS(detail::gamma_shape_derivative(16, tensor(1.0), tensor(1.0)), ValueError);
}

TEST_CASE("the incomplete gamma function differentiates by the shape as its differences say") {
  const Tensor a = tensor({0.05, 0.7, 3.0, 12.0, 70.0, 70.0}, float64),
               x = tensor({0.3, 2.5, 1.2, 14.0, 66.0, 80.0}, float64);
  CHECK_THAT([](const Tensor& s, const Tensor& t) { return gammainc(s, t); }, DifferentiatesCorrectly({a, x}).order(3));
  CHECK_THAT([](const Tensor& s, const Tensor& t) { return detail::gamma_shape_derivative(2, s, log(t)); },
             DifferentiatesCorrectly({a, x}).order(2));
}

}  // namespace xgrad::gamma_test
