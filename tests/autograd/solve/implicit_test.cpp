#include "autograd/solve/implicit.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::implicit_test {
namespace {

// Newton's method, for any shape.
const auto newton = [](const auto& f, const Tensor& x0) {
  Tensor x = x0;
  const std::int64_t n = x0.numel();
  for (int i = 0; i < 50; ++i) {
    const Tensor j = reshape(jacobian(f)(x), {n, n});
    x = x - reshape(solve(j, reshape(f(x), {n})), x.shape());
    evaluate(x);
  }
  return x;
};

// x with x^3 + a x = b, element by element, and a coupling.
Tensor cubic(const Tensor& a, const Tensor& b, const ImplicitOptions& options = {}) {
  const auto f = [&](const Tensor& x) { return x * x * x + a * x + 0.1 * sum(x) - b; };
  return implicit_root(f, ones_like(b), newton, options);
}
// The same through 40 recorded steps of Newton's method with the derivative of the diagonal.
Tensor unrolled(const Tensor& a, const Tensor& b) {
  Tensor x = ones_like(b);
  for (int i = 0; i < 60; ++i) x = x - (x * x * x + a * x + 0.1 * sum(x) - b) / (3 * x * x + a + 0.1);
  return x;
}

const Tensor a = tensor({1.0, 2.0, 0.5}, float64), b = tensor({0.3, 2.0, -1.0}, float64);
const ImplicitOptions by_products{.dense_up_to = 0};

TEST_CASE("a square root has all its derivatives") {
  const auto root = [](const Tensor& theta) {
    return implicit_root([&](const Tensor& x) { return x * x - theta; }, tensor(1.0, float64), newton);
  };
  const Tensor theta = tensor(2.0, float64);
  const double r = std::sqrt(2.0);
  CHECK(root(theta).item() == Approx(r).epsilon(1e-14));
  CHECK(grad(root)(theta).item() == Approx(1 / (2 * r)).epsilon(1e-13));
  CHECK(grad(grad(root))(theta).item() == Approx(-1 / (4 * r * 2)).epsilon(1e-13));
  CHECK(grad(grad(grad(root)))(theta).item() == Approx(3 / (8 * r * 4)).epsilon(1e-13));
  CHECK(grad(grad(grad(grad(root))))(theta).item() == Approx(-15 / (16 * r * 8)).epsilon(1e-12));
  CHECK(jvp(root, theta, tensor(3.0, float64)).second.item() == Approx(3 / (2 * r)).epsilon(1e-13));
}

TEST_CASE("derivatives are those through the steps of a solver, by factors and by products") {
  const auto loss = [](const auto& solved) {
    return [&](const Tensor& s, const Tensor& t) { return sum(sin(solved(s, t)) * tensor({1.0, -2.0, 3.0}, float64)); };
  };
  const auto expected = grad(loss(unrolled))(a, b);
  for (const ImplicitOptions& options : {ImplicitOptions{}, by_products}) {
    const auto solved = [&](const Tensor& s, const Tensor& t) { return cubic(s, t, options); };
    CHECK_THAT(solved(a, b), AllClose(unrolled(a, b)));
    const auto slopes = grad(loss(solved))(a, b);
    CHECK_THAT(slopes[0], AllClose(expected[0], 1e-11));
    CHECK_THAT(slopes[1], AllClose(expected[1], 1e-11));
    CHECK_THAT(hessian(loss(solved), argnums<0>)(a, b), AllClose(hessian(loss(unrolled), argnums<0>)(a, b), 1e-10));
    CHECK_THAT(solved, DifferentiatesCorrectly({a, b}).order(2));
  }
}

TEST_CASE("the root of a network's layer, float32 and float64, dense and by products") {
  for (const DType dtype : {float32, float64})
    for (const ImplicitOptions& options : {ImplicitOptions{}, by_products}) {
      Rng rng(2);
      const Parameter w(normal({6, 6}, rng, 0, 0.2, dtype)), shift(normal({6}, rng, 0, 1, dtype));
      const auto layer = [&](const Tensor& x) { return tanh(matmul(x, w)) + maximum(shift, 0) * x * 0.1 + shift; };
      const auto iterate = [&](const auto&, const Tensor& x0) {
        Tensor x = x0;
        for (int i = 0; i < 200; ++i) x = layer(x);
        return x;
      };
      const Tensor x0 = zeros({2, 6}, dtype);
      const Tensor x = implicit_root([&](const Tensor& t) { return layer(t) - t; }, x0, iterate, options);
      const std::vector<Parameter> parameters{w, shift};
      const std::vector<Tensor> got = grad(sum(x * x), parameters);
      const Tensor through = iterate(0, x0);
      const std::vector<Tensor> expected = grad(sum(through * through), parameters);
      const double tolerance = dtype == float32 ? 1e-4 : 1e-10;
      for (std::size_t i = 0; i < 2; ++i) CHECK_THAT(got[i], AllClose(expected[i], tolerance));
      CHECK_FALSE(got[0].tracked());
      backward(sum(x * x));
      CHECK_THAT(w.gradient(), AllClose(expected[0], tolerance));
    }
}

TEST_CASE("what f refers to may be gone when derivatives are taken") {
  const Tensor theta = track(tensor(3.0, float64));
  const Tensor root = [&] {
    const Tensor twice = theta * 2;
    const double offset = 3;
    return implicit_root([&](const Tensor& x) { return x * x - twice - offset; }, tensor(1.0, float64), newton);
  }();
  CHECK(root.item() == Approx(3));
  CHECK(grad(root, theta).item() == Approx(1.0 / 3));
}

TEST_CASE("a root of a function that finds a root") {
  // x^3 + x = y + theta inside, y = x / 2 outside: 8 y^3 + y = theta.
  const auto inner = [](const Tensor& y, const Tensor& theta) {
    return implicit_root([&](const Tensor& x) { return x * x * x + x - y - theta; }, zeros_like(y), newton);
  };
  const auto outer = [&](const Tensor& theta) {
    return implicit_root([&](const Tensor& y) { return inner(y, theta) / 2 - y; }, zeros_like(theta), newton);
  };
  const auto direct = [](const Tensor& theta) {
    return implicit_root([&](const Tensor& y) { return 8 * y * y * y + y - theta; }, zeros_like(theta), newton);
  };
  const Tensor theta = tensor(1.5, float64);
  CHECK_THAT(outer(theta), AllClose(direct(theta)));
  CHECK_THAT(grad(outer)(theta), AllClose(grad(direct)(theta), 1e-11));
  CHECK_THAT(grad(grad(outer))(theta), AllClose(grad(grad(direct))(theta), 1e-10));
  CHECK_THAT(grad(grad(grad(outer)))(theta), AllClose(grad(grad(grad(direct)))(theta), 1e-9));
}

TEST_CASE("a root of each of many examples, and its derivatives") {
  const auto root = [](const Tensor& theta) {
    const auto steps = [](const auto& f, Tensor x) {
      for (int i = 0; i < 30; ++i) x = x - f(x) / (3 * x * x + 1);
      return x;
    };
    return implicit_root([&](const Tensor& x) { return x * x * x + x - theta; }, ones_like(theta), steps);
  };
  const Tensor thetas = tensor({{0.5, 1.0}, {2.0, 10.0}, {-3.0, 0.0}}, float64);
  CHECK_THAT(vmap(root)(thetas), AllClose(root(thetas)));
  const auto total = [&](const Tensor& t) { return sum(square(root(t))); };
  CHECK_THAT(vmap(grad(total))(thetas), AllClose(grad(total)(thetas)));
  CHECK_THAT(grad([&](const Tensor& t) { return sum(square(vmap(root)(t))); })(thetas), AllClose(grad(total)(thetas)));
  CHECK_THAT(vmap(hessian(total))(thetas)(1), AllClose(hessian(total)(thetas(1))));
}

TEST_CASE("arguments, a checkpoint around it, and a root that depends on nothing") {
  const auto f = [](const Tensor& x, const Tensor& s, double t) { return x * exp(x) - s * t; };
  const auto lambert = [&](const Tensor& s) { return implicit_root(f, ones_like(s), newton, s, 2.0); };
  const Tensor s = tensor({0.5, 1.0}, float64);
  CHECK_THAT(lambert, DifferentiatesCorrectly(s).order(2));
  const auto kept = [&](const Tensor& t) { return checkpoint(lambert, t * 1.0); };
  CHECK_THAT(grad([&](const Tensor& t) { return sum(kept(t)); })(s),
             AllClose(grad([&](const Tensor& t) { return sum(lambert(t)); })(s)));
  const Tensor alone = implicit_root([](const Tensor& x) { return x * x - 2; }, tensor(1.0, float64), newton);
  CHECK_FALSE(alone.tracked());
  const NoGrad untracked;
  CHECK_FALSE(implicit_root(f, ones_like(s), newton, track(s), 2.0).tracked());
}

TEST_CASE("what is no root, or no function, is an error") {
  const Tensor theta = track(tensor({2.0, 0.0}, float64)), start = zeros({2}, float64);
  const auto nothing = [](const auto&, const Tensor& x) { return x; };
  const auto square_of = [&](const Tensor& x) { return x * x * theta; };
  const Tensor flat = implicit_root(square_of, start, nothing),
               same = implicit_root(square_of, start, nothing, by_products);
  CHECK_THROWS_AS(grad(sum(flat), theta).to_vector(), LinalgError);
  CHECK_THROWS_AS(grad(sum(same), theta).to_vector(), ConvergenceError);
  throws<ShapeError>("implicit_root: the function gives [] f64 for [2] f64").by([&] {
    implicit_root([&](const Tensor& x) { return sum(x); }, start, nothing);
  });
  throws<DTypeError>("implicit_root: the function gives [2] f32 for [2] f64").by([&] {
    implicit_root([&](const Tensor& x) { return cast(x, float32); }, start, nothing);
  });
  throws<GraphError>("implicit_root: the solver returned an undefined Tensor").by([&] {
    implicit_root(square_of, start, [](const auto&, const Tensor&) { return Tensor(); });
  });
}

}  // namespace
}  // namespace xgrad::implicit_test
