#include "autograd/solve/minimise.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::minimise_test {
namespace {

Tensor rosenbrock(const Tensor& x) {
  const Tensor head = x(slice({}, -1)), tail = x(slice(1, {}));
  return sum(100 * square(tail - square(head)) + square(1 - head));
}
const std::vector<MinimiseMethod> methods{MinimiseMethod::lbfgs, MinimiseMethod::newton_cg};

TEST_CASE("both methods find the minimum of Rosenbrock's function") {
  for (const MinimiseMethod method : methods)
    for (const std::int64_t n : {2, 20}) {
      const Minimum found =
          minimise(rosenbrock, linspace(n == 2 ? -1.2 : 0, n == 2 ? 1 : 2, n, float64), {.method = method});
      INFO("n = " << n << ": " << found.iterations << " iterations, " << found.evaluations << " evaluations, "
                  << found.reason);
      CHECK(found.converged);
      CHECK(found.reason == "the gradient is small");
      CHECK_THAT(found.x, AllClose(ones({n}, float64), 1e-7));
      CHECK(found.value.item() < 1e-14);
      CHECK(found.gradient_norm <= 1e-8);
      CHECK(found.iterations < 160);
      CHECK(found.evaluations < 200);
      CHECK_FALSE(found.x.tracked());
    }
}

TEST_CASE("minima in float32, of functions that are not smooth in their last digits") {
  Rng rng(3);
  const Tensor inputs = normal({40, 5}, rng), labels = cast(sum(inputs, -1) + normal({40}, rng) > 0, float32);
  const auto loss = [&](const Tensor& w) {
    const Tensor z = matmul(inputs, w);
    return mean(logaddexp(z, 0) - labels * z) + 0.01 * sum(square(w));
  };
  for (const MinimiseMethod method : methods) {
    const Minimum found = minimise(loss, zeros({5}), {.method = method});
    INFO(found.reason << ", " << found.gradient_norm);
    CHECK(found.converged);
    CHECK(found.iterations < 40);
    CHECK(found.x.dtype() == float32);
  }
}

// The minimum of x^T A x / 2 - b^T x is the solution of A x = b.
TEST_CASE("derivatives of a minimiser are those of the linear system that it solves") {
  const Tensor a = tensor({{3.0, 1.0}, {1.0, 2.0}}, float64), b = tensor({1.0, -1.0}, float64);
  const auto form = [](const Tensor& x, const Tensor& m, const Tensor& v) {
    return sum(x * matmul(m + transpose(m), x)) / 4 - sum(v * x);
  };
  for (const MinimiseMethod method : methods) {
    const MinimiseOptions options{.method = method, .gradient_tolerance = 1e-13};
    const auto solved = [&](const Tensor& m, const Tensor& v) {
      return minimise(form, zeros({2}, float64), options, m, v).x;
    };
    const auto direct = [](const Tensor& m, const Tensor& v) { return solve((m + transpose(m)) / 2, v); };
    CHECK_THAT(solved(a, b), AllClose(direct(a, b), 1e-11));
    const auto loss = [](const auto& f) { return [f](const Tensor& m, const Tensor& v) { return sum(sin(f(m, v))); }; };
    const auto got = grad(loss(solved))(a, b), expected = grad(loss(direct))(a, b);
    for (std::size_t i = 0; i < 2; ++i) CHECK_THAT(got[i], AllClose(expected[i], 1e-10));
    CHECK_THAT(hessian(loss(solved), argnums<1>)(a, b), AllClose(hessian(loss(direct), argnums<1>)(a, b), 1e-9));
    // The value at the minimum is -b^T A^-1 b / 2, whose derivative by b is -x.
    const auto value = [&](const Tensor& v) { return minimise(form, zeros({2}, float64), options, a, v).value; };
    CHECK_THAT(grad(value)(b), AllClose(-direct(a, b), 1e-10));
  }
}

TEST_CASE("the strength of a ridge has the derivative of a validation loss") {
  Rng rng(6);
  const Tensor x = normal({20, 3}, rng, 0, 1, float64), y = normal({20}, rng, 0, 1, float64),
               other = normal({10, 3}, rng, 0, 1, float64), wanted = normal({10}, rng, 0, 1, float64);
  const auto validation = [&](const Tensor& log_strength) {
    const auto loss = [&](const Tensor& w) {
      return sum(square(matmul(x, w) - y)) + exp(log_strength) * sum(square(w)) + sum(exp(w));
    };
    const Minimum found = minimise(loss, zeros({3}, float64), {.gradient_tolerance = 1e-12});
    CHECK(found.converged);
    return mean(square(matmul(other, found.x) - wanted));
  };
  CHECK_THAT(validation, DifferentiatesCorrectly(tensor(0.5, float64)).order(2));
}

TEST_CASE("what does not converge says why, and has no derivative") {
  const Tensor start = tensor({-1.2, 1.0}, float64), shift = track(tensor(0.1, float64));
  const auto f = [&](const Tensor& x) { return rosenbrock(x + shift); };
  const Minimum stopped = minimise(f, start, {.max_iterations = 3});
  CHECK_FALSE(stopped.converged);
  CHECK(stopped.reason == "max_iterations is reached");
  CHECK(stopped.iterations == 3);
  throws<ConvergenceError>("minimise: there is no derivative, since it did not converge: max_iterations is reached")
      .by([&] {
        const Minimum found = minimise(f, start, {.max_iterations = 3});
        grad(sum(found.x), shift);
      });
  const auto falling = [](const Tensor& x) { return -sum(exp(x)); };
  const Minimum fallen = minimise(falling, start);
  CHECK_FALSE(fallen.converged);
  const auto nothing = [](const Tensor& x) { return sum(log(x)); };
  const Minimum none = minimise(nothing, start);
  CHECK_FALSE(none.converged);
  CHECK(none.reason == "the value or the gradient is not finite");
  throws<ShapeError>("minimise: the function must give one element, got [2] f64").by([&] {
    minimise([](const Tensor& x) { return x; }, start);
  });
  throws<DTypeError>("minimise: x0 is [2] i64; it needs a floating dtype").by([&] {
    minimise(rosenbrock, tensor({1, 2}));
  });
}

TEST_CASE("at a minimum there is nothing to do, and kinks end the search") {
  const Minimum there = minimise([](const Tensor& x) { return sum(square(x)); }, zeros({3}, float64));
  CHECK(there.converged);
  CHECK(there.iterations == 0);
  const Minimum empty = minimise([](const Tensor& x) { return sum(square(x)); }, zeros({0}, float64));
  CHECK(empty.converged);
  const Minimum kink = minimise([](const Tensor& x) { return sum(abs(x - 0.3)); }, ones({2}, float64));
  CHECK(kink.evaluations < 500);
  CHECK_THAT(kink.x, AllClose(tensor({0.3, 0.3}, float64), 1e-3));
}

}  // namespace
}  // namespace xgrad::minimise_test
