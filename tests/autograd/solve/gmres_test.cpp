#include "autograd/solve/gmres.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::gmres_test {
namespace {

TEST_CASE("a linear system is solved by products with its matrix") {
  Rng rng(4);
  for (const DType dtype : {float32, float64}) {
    const Tensor m = normal({30, 30}, rng, 0, 0.2, dtype) + eye(30, {}, dtype), y = normal({30}, rng, 0, 1, dtype);
    const Tensor x = linear_solve([&](const Tensor& t) { return matmul(m, t); }, y);
    CHECK_THAT(x, AllClose(solve(m, y), dtype == float32 ? 1e-3 : 1e-9));
    CHECK(linear_solve([&](const Tensor& t) { return matmul(m, t); }, zeros_like(y)).to_vector() ==
          std::vector<double>(30, 0.0));
  }
  const Tensor m = tensor({{2.0, 1.0}, {-1.0, 3.0}}, float64), y = tensor({1.0, 2.0}, float64);
  CHECK_THAT(
      [](const Tensor& s, const Tensor& t) { return linear_solve([&](const Tensor& v) { return matmul(s, v); }, t); },
      DifferentiatesCorrectly({m, y}).order(2));
  const LinearSolveOptions short_ones{.restart = 3};
  const Tensor large = normal({40, 40}, rng, 0, 0.05, float64) + eye(40, {}, float64), z = ones({40}, float64);
  CHECK_THAT(linear_solve([&](const Tensor& v) { return matmul(large, v); }, z, short_ones),
             AllClose(solve(large, z), 1e-9));
}

TEST_CASE("what is no linear system is an error") {
  const auto shorter = [](const Tensor& x) { return x(slice(1, {})); };
  throws<ShapeError>("linear_solve: the product is [1] f64, the right side [2] f64").by([&] {
    linear_solve(shorter, ones({2}, float64));
  });
  throws<DTypeError>("linear_solve: the right side is [2] i64; it needs a floating dtype").by([&] {
    linear_solve(shorter, tensor({1, 2}));
  });
  const auto invalid = [](const Tensor& x) { return log(-abs(x) - 1); };
  CHECK_THROWS_AS(linear_solve(invalid, ones({2}, float64)), ConvergenceError);
  CHECK(linear_solve(shorter, zeros({0}, float64)).shape() == Shape{0});
}

TEST_CASE("a tiny right side has a tiny solution, not none") {
  const Tensor b = tensor({1e-170, 2e-170}, float64);
  const Tensor x = linear_solve([](const Tensor& v) { return v * 2.0; }, b);
  CHECK(x(0).item() == Approx(0.5e-170).epsilon(1e-12));
  CHECK(x(1).item() == Approx(1e-170).epsilon(1e-12));
}

}  // namespace
}  // namespace xgrad::gmres_test
