#include "autograd/transform/taylor.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/small_stack.hpp"
#include "tests/throws.hpp"

namespace xgrad::taylor_test {
namespace {

using Several = std::vector<Tensor>;
using Function = std::function<Tensor(const Tensor&)>;

// d^k f(x + s v) / ds^k by derivatives of derivatives: the cost doubles with each.
Several nested(const Function& f, const Tensor& x, const Tensor& v, int order) {
  Several all{f(x)};
  Function g = f;
  for (int k = 1; k <= order; ++k) {
    g = [g, v](const Tensor& t) { return jvp(g, t, v).second; };
    all.push_back(g(x));
  }
  return all;
}

void agree(const Function& f, const Tensor& x, const Tensor& v, int order, double tolerance = 1e-10) {
  const Several got = taylor(f, x, v, order), expected = nested(f, x, v, order);
  REQUIRE(got.size() == static_cast<std::size_t>(order + 1));
  for (std::size_t k = 0; k < got.size(); ++k) {
    INFO("order " << k);
    CHECK_THAT(got[k], AllClose(expected[k], tolerance));
  }
}

double factorial(int k) { return std::tgamma(k + 1.0); }

TEST_CASE("derivatives of closed forms, to order 12") {
  for (const DType dtype : {float32, float64}) {
    const double tolerance = dtype == float32 ? 1e-4 : 1e-11;
    const Tensor x = tensor({0.3, -0.7}, dtype), v = tensor({1.0, 2.0}, dtype);
    const Several exponential = taylor([](const Tensor& t) { return exp(t); }, x, v, 12);
    const Several wave = taylor([](const Tensor& t) { return sin(t); }, x, v, 12);
    const Several fraction = taylor([](const Tensor& t) { return 1 / (1 - t); }, x, v, 12);
    const Several logarithm = taylor([](const Tensor& t) { return log(2 + t); }, x, v, 12);
    for (int k = 0; k <= 12; ++k) {
      const Tensor power = pow(v, k), next = pow(1 - x, k + 1);
      INFO("order " << k << " in " << name(dtype));
      const auto at = static_cast<std::size_t>(k);
      CHECK_THAT(exponential[at], AllClose(exp(x) * power, tolerance));
      CHECK_THAT(wave[at], AllClose(sin(x + k * std::acos(0.0)) * power, tolerance, tolerance * std::pow(2, k)));
      CHECK_THAT(fraction[at], AllClose(factorial(k) * power / next, tolerance));
      if (k > 0) CHECK_THAT(logarithm[at], AllClose(-factorial(k - 1) * pow(-v / (2 + x), k), tolerance));
    }
  }
}

TEST_CASE("every elementwise function agrees with nested derivatives to order 6") {
  const Tensor x = tensor({0.3, 0.7, 0.55}, float64), v = tensor({1.0, -0.5, 0.8}, float64);
  const std::vector<std::pair<const char*, Function>> functions{
      {"tanh", [](const Tensor& t) { return tanh(t); }},
      {"tan", [](const Tensor& t) { return tan(t); }},
      {"sqrt", [](const Tensor& t) { return sqrt(t); }},
      {"log1p", [](const Tensor& t) { return log1p(t); }},
      {"expm1", [](const Tensor& t) { return expm1(t); }},
      {"asin", [](const Tensor& t) { return asin(t); }},
      {"atan", [](const Tensor& t) { return atan(t * 2); }},
      {"erf", [](const Tensor& t) { return erf(t); }},
      {"erfc", [](const Tensor& t) { return erfc(t); }},
      {"sinh cosh", [](const Tensor& t) { return sinh(t) * cosh(t); }},
      {"pow", [](const Tensor& t) { return pow(t, 2.5) + pow(t, 3); }},
      {"pow of two", [](const Tensor& t) { return pow(t, sin(t)); }},
      {"atan2", [](const Tensor& t) { return atan2(t, t * t + 1); }},
      {"fma", [](const Tensor& t) { return fma(t, sin(t), t * t); }},
      {"lgamma", [](const Tensor& t) { return lgamma(t + 1); }},
      {"maximum", [](const Tensor& t) { return maximum(t * t, exp(t) - 1) * minimum(t, 0.5); }},
      {"abs and sign", [](const Tensor& t) { return abs(t - 0.5) * sign(t) + floor(t) * t; }},
      {"where", [](const Tensor& t) { return where(t > 0.5, log(t), exp(t)) * t; }},
      {"logaddexp", [](const Tensor& t) { return logaddexp(t * t, 3 * t); }},
      {"softplus of sigmoid", [](const Tensor& t) { return log1p(exp(1 / (1 + exp(-t)))); }},
      {"division", [](const Tensor& t) { return (t * t + 1) / (sin(t) + 2) / t; }},
      {"scaled", [](const Tensor& t) { return scale_gradient(sin(t), 3) * t; }},
  };
  for (const auto& [name, f] : functions) {
    INFO(name);
    agree(f, x, v, 6, 1e-9);
  }
}

TEST_CASE("movements, reductions, products and factors agree with nested derivatives") {
  Rng rng(8);
  const Tensor x = normal({3, 3}, rng, 0, 1, float64), v = normal({3, 3}, rng, 0, 1, float64);
  const std::vector<std::pair<const char*, Function>> functions{
      {"softmax", [](const Tensor& t) { return softmax(t * t); }},
      {"logsumexp", [](const Tensor& t) { return logsumexp(t * 2, -1); }},
      {"product with itself", [](const Tensor& t) { return matmul(t, matmul(transpose(t), t)); }},
      {"pad", [](const Tensor& t) { return pad(exp(t), 0, 1, 2, 7.0, 1); }},
      {"slices",
       [](const Tensor& t) {
         return concat({t(0) * t(1), sin(t(2)), ones({2}, float64)});
       }},
      {"take",
       [](const Tensor& t) {
         return take(t * t, tensor({2, 0, 2}), 0);
       }},
      {"cumsum", [](const Tensor& t) { return cumsum(sin(t), 1); }},
      {"max", [](const Tensor& t) { return max(t * t, 1) * prod(t, 1); }},
      {"var", [](const Tensor& t) { return var(exp(t), 0); }},
      {"norm", [](const Tensor& t) { return norm(t, 1); }},
      {"cast", [](const Tensor& t) { return cast(cast(t, float64) * 2, float64) * t; }},
  };
  for (const auto& [name, f] : functions) {
    INFO(name);
    agree(f, x, v, 5, 1e-9);
  }
  const auto definite = [](const Tensor& t) { return matmul(t, transpose(t)) + eye(3, {}, float64); };
  const auto solved = [&](const Tensor& t) { return solve(definite(t), t(0)); };
  const auto factor = [&](const Tensor& t) { return cholesky(definite(t)); };
  agree(solved, x, v, 4, 1e-9);
  agree(factor, x, v, 3, 1e-9);
}

TEST_CASE("a network, its checkpoint, and a rule of one's own") {
  Rng rng(12);
  const Tensor w = normal({4, 5}, rng, 0, 1, float64), u = normal({5, 3}, rng, 0, 1, float64),
               x = normal({2, 4}, rng, 0, 1, float64), v = normal({2, 4}, rng, 0, 1, float64);
  const auto network = [&](const Tensor& t) { return softmax(matmul(tanh(matmul(t, w)), u)); };
  agree(network, x, v, 6, 1e-8);
  const Several plain = taylor(network, x, v, 3);
  const Several kept = taylor([&](const Tensor& t) { return checkpoint(network, t); }, x, v, 3);
  for (std::size_t k = 0; k <= 3; ++k) CHECK_THAT(kept[k], AllClose(plain[k]));
  const auto rule = [](const Tensor& g, const Several& xs, const Tensor& y) {
    return Several{g * y * xs[1], g * y * xs[0]};
  };
  const auto ruled = [&](const Tensor& t) {
    return custom_gradient([](const Several& xs) { return exp(xs[0] * xs[1]); }, rule, {t, sin(t)}) * t;
  };
  const auto direct = [](const Tensor& t) { return exp(t * sin(t)) * t; };
  const Several by_rule = taylor(ruled, x, v, 4), straight = taylor(direct, x, v, 4);
  for (std::size_t k = 0; k <= 4; ++k) CHECK_THAT(by_rule[k], AllClose(straight[k], 1e-10));
}

TEST_CASE("a root has derivatives along a line") {
  const auto root = [](const Tensor& theta) {
    const auto newton = [](const auto& f, Tensor x) {
      for (int i = 0; i < 30; ++i) x = x - f(x) / (2 * x);
      return x;
    };
    return implicit_root([&](const Tensor& x) { return x * x - theta; }, ones_like(theta), newton);
  };
  const Tensor x = tensor({2.0, 0.7}, float64), v = tensor({1.0, -0.5}, float64);
  const Several got = taylor(root, x, v, 4), expected = taylor([](const Tensor&t) { return sqrt(t); }, x, v, 4);
  for (std::size_t k = 0; k <= 4; ++k) CHECK_THAT(got[k], AllClose(expected[k], 1e-10));
}

TEST_CASE("several arguments, and derivatives of derivatives along a line") {
  const Tensor x = tensor({0.3, -0.7}, float64), y = tensor({1.5, 0.4}, float64), u = tensor({1.0, 2.0}, float64),
               v = tensor({-0.5, 0.3}, float64);
  const auto f = [](const Tensor& a, const Tensor& b) { return sum(sin(a * b) + a / (1 + b * b)); };
  const Several got = taylor(f, {x, y}, {u, v}, 4);
  const auto along = [&](const Tensor& s) { return f(x + s * u, y + s * v); };
  const Several expected = taylor(along, tensor(0.0, float64), tensor(1.0, float64), 4);
  for (std::size_t k = 0; k <= 4; ++k) CHECK_THAT(got[k], AllClose(expected[k]));
  const Parameter w(tensor({{0.5, -1.0}, {0.25, 2.0}}, float64));
  const auto third = [&](const Tensor& s, const Tensor& t, const Tensor& m) {
    const auto g = [&](const Tensor& a) { return sum(exp(solve(m, sin(a))) + matmul(m, a) * tanh(a)); };
    return taylor(g, s, t, 3)[3];
  };
  CHECK_THAT(third, DifferentiatesCorrectly({x, u, w.value() * 1.0}));
  CHECK(grad(taylor([&](const Tensor& a) { return sum(matmul(w, a) * a); }, x, u, 2)[2], w).to_vector() ==
        std::vector<double>{2, 4, 4, 8});
}

TEST_CASE("each order costs about as much more as the one before") {
  const auto recorded = [](int order) {
    const Tensor x = tensor({0.3}, float64);
    const auto f = [](const Tensor& t) {
      Tensor y = t;
      for (int i = 0; i < 10; ++i) y = sin(y) * exp(-y) + tanh(y) / (1 + y * y);
      return y;
    };
    const std::uint64_t before = Tape::current().sequence;
    taylor(f, x, ones_like(x), order);
    return static_cast<double>(Tape::current().sequence - before);
  };
  const double four = recorded(4), eight = recorded(8), sixteen = recorded(16);
  INFO("entries: " << four << ", " << eight << ", " << sixteen);
  CHECK(sixteen - eight < 5 * (eight - four));
}

TEST_CASE("lines through many points at once") {
  const auto third = [](const Tensor& x, const Tensor& v) {
    return taylor([](const Tensor& t) { return sum(tanh(t) / (1 + t * t)); }, x, v, 3)[3];
  };
  const Tensor xs = tensor({{0.3, -0.7}, {1.0, 2.0}}, float64), vs = tensor({{1.0, 2.0}, {-1.0, 0.5}}, float64);
  CHECK_THAT(vmap(third)(xs, vs), AllClose(stack({third(xs(0), vs(0)), third(xs(1), vs(1))})));
}

TEST_CASE("a chain of thousands of entries needs no stack") {
  on_small_stack([] {
    const auto chain = [](const Tensor& t) {
      Tensor y = t;
      for (int i = 0; i < 2000; ++i) y = sin(y) + 0.5;
      return y;
    };
    const Several got = taylor(chain, tensor(0.3, float64), tensor(1.0, float64), 2);
    double y = 0.3, first = 1, second = 0;
    for (int i = 0; i < 2000; ++i) {
      second = std::cos(y) * second - std::sin(y) * first * first;
      first *= std::cos(y);
      y = std::sin(y) + 0.5;
    }
    CHECK(got[0].item() == Approx(y).epsilon(1e-13));
    CHECK(got[1].item() == Approx(first).epsilon(1e-10));
    CHECK(got[2].item() == Approx(second).epsilon(1e-10));
  });
}

TEST_CASE("functions that do not move, polynomials that end, and errors") {
  const Tensor x = tensor({0.5, 2.0}, float64), v = tensor({1.0, 1.0}, float64);
  const Several constant = taylor([](const Tensor&) { return ones({3}, float64); }, x, v, 2);
  CHECK(constant[0].to_vector() == std::vector<double>(3, 1.0));
  CHECK(constant[2].to_vector() == std::vector<double>(3, 0.0));
  const Several cube = taylor([](const Tensor& t) { return t * t * t; }, x, v, 5);
  CHECK(cube[3].to_vector() == std::vector<double>{6, 6});
  CHECK(cube[4].to_vector() == std::vector<double>{0, 0});
  CHECK(taylor([](const Tensor& t) { return t; }, x, v, 1)[1].to_vector() == v.to_vector());
  CHECK(taylor([](const Tensor& t) { return sin(t); }, x, v, 0).size() == 1);
  CHECK(taylor([](const Tensor& t) { return t * t; }, zeros({0}, float64), zeros({0}, float64), 2)[2].shape() ==
        Shape{0});
  throws<ValueError>("taylor: the order is -1").by([&] { taylor([](const Tensor& t) { return t; }, x, v, -1); });
  throws<ShapeError>("taylor: the tangent is [] f64, the argument [2] f64").by([&] {
    taylor([](const Tensor& t) { return t; }, x, tensor(1.0, float64), 1);
  });
  const auto masked = [](const Tensor& t) { return where(t > 1, log(t - 1), 0); };
  CHECK(taylor(masked, x, v, 3)[3].to_vector() == std::vector<double>{0, 2});
}

}  // namespace
}  // namespace xgrad::taylor_test
