#include "autograd/transform/functional.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::functional_test {
namespace {

const Tensor a = tensor({{2.0, 1.0}, {1.0, 3.0}}, float64), x = tensor({0.5, -1.0}, float64),
             v = tensor({1.0, 2.0}, float64);
Tensor quadratic(const Tensor& t) { return matmul(t, matmul(a, t)) / 2; }
Tensor waves(const Tensor& t) { return sum(sin(t) * exp(-t)); }

TEST_CASE("gradient, Hessian and their products of a quadratic form") {
  CHECK_THAT(grad(quadratic)(x), AllClose(matmul(a, x)));
  CHECK_THAT(hessian(quadratic)(x), AllClose(a));
  CHECK_THAT(hvp(quadratic, x, v), AllClose(matmul(a, v)));
  const auto both = value_and_grad(quadratic)(x);
  CHECK(both.value.item() == 1.25);
  CHECK_THAT(both.gradient, AllClose(matmul(a, x)));
}

TEST_CASE("the Hessian of sin x e^-x is diagonal") {
  const Tensor h = hessian(waves)(x), expected = -2 * cos(x) * exp(-x);
  CHECK_THAT(select(select(h, 0, 0), 0, 0), AllClose(select(expected, 0, 0)));
  CHECK_THAT(hvp(waves, x, v), AllClose(expected * v));
  CHECK(select(select(h, 0, 0), 0, 1).item() == 0);
}

TEST_CASE("Jacobians have the axes of the result, then those of the argument") {
  const auto f = [](const Tensor& t) { return stack({t * t, 3 * t, t * sum(t)}); };
  const Tensor j = jacobian(f)(x);
  CHECK(j.shape() == Shape{3, 2, 2});
  CHECK(j.to_vector() == std::vector<double>{1, 0, 0, -2, 3, 0, 0, 3, -0.5 + 0.5, 0.5, -1, -0.5 - 1});
  CHECK(jacobian([](const Tensor& t) { return t * 2; })(zeros({0}, float64)).shape() == Shape{0, 0});
}

TEST_CASE("a Jacobian row by row, where a rule looks at values") {
  int calls = 0;
  const auto looks = [&](const Tensor& g) {
    ++calls;
    return g * (sum(abs(g)).item() > 0 ? 2 : 1);
  };
  const auto f = [&](const Tensor& t) { return change_cotangent(t * t * 3, looks); };
  CHECK(jacobian(f)(x).to_vector() == std::vector<double>{6, 0, 0, -12});
  CHECK(calls == 3);  // once for all, which fails, and for each row
}

TEST_CASE("vjp and jvp are rows and columns of the Jacobian") {
  const auto f = [](const Tensor& t) { return concat({t * t, exp(t)}); };
  const Tensor j = jacobian(f)(x), w = tensor({1.0, -1.0, 2.0, 0.5}, float64);
  const auto [y, pull] = vjp(f, x);
  CHECK_THAT(pull(w), AllClose(matmul(w, j)));
  const auto [value, tangent] = jvp(f, x, v);
  CHECK_THAT(value, AllClose(y));
  CHECK_THAT(tangent, AllClose(matmul(j, v)));
  throws<ShapeError>("jvp: the tangent is [4] f64, the argument [2] f64").by([&] { return jvp(f, x, w); });
  throws<DTypeError>("jvp: the tangent is [2] f32, the argument [2] f64").by([&] { return jvp(f, x, zeros({2})); });
}

TEST_CASE("transforms nest, and inner tracks nothing outer") {
  const auto cube = [](const Tensor& t) { return t * t * t; };
  const Tensor two = tensor(2.0, float64);
  CHECK(grad(cube)(two).item() == 12);
  CHECK(grad(grad(cube))(two).item() == 12);
  CHECK(grad(grad(grad(cube)))(two).item() == 6);
  CHECK(grad(grad(grad(grad(cube))))(two).item() == 0);
  // d/dx x * (d/dy (x + y) at y = 1) = 1: no confusion of what is perturbed
  const auto outer = [](const Tensor& t) {
    return t * grad([&](const Tensor& y) { return t + y; })(tensor(1.0, float64));
  };
  CHECK(grad(outer)(two).item() == 1);
}

TEST_CASE("several arguments, a vector of them, and none of use") {
  const auto f = [](const Tensor& p, const Tensor& q) { return sum(p * p * q); };
  const auto [dp, dq] = grad(f)(x, v);
  CHECK(dp.to_vector() == std::vector<double>{1, -4});
  CHECK(dq.to_vector() == std::vector<double>{0.25, 1});
  const auto g = [](const std::vector<Tensor>& p) { return sum(p[0] * p[1]); };
  const std::vector<Tensor> gradients = grad(g)(std::vector<Tensor>{x, v, v});
  CHECK(gradients[0].to_vector() == v.to_vector());
  CHECK(gradients[2].to_vector() == std::vector<double>{0, 0});
  CHECK(grad([](const Tensor&) { return ones({}, float64); })(x).to_vector() == std::vector<double>{0, 0});
}

TEST_CASE("a transform works inside NoGrad") {
  const NoGrad untracked;
  CHECK_THAT(grad(quadratic)(x), AllClose(matmul(a, x)));
  CHECK_THAT(hvp(quadratic, x, v), AllClose(matmul(a, v)));
}

TEST_CASE("no derivative flows into a matrix through a transposition of it that was cut") {
  const Tensor u = track(tensor({{1.0, 2.0}, {3.0, 4.0}}, float64)),
               w = track(tensor({{0.5, -1.0}, {2.0, 1.5}}, float64));
  Tensor turned;
  {
    const NoGrad untracked;
    turned = transpose(w);
  }
  const Tensor product = matmul(u, turned);
  const Tensor slope = grad(sum(product * product), u, {.create_graph = true});
  CHECK(grad(sum(slope), w, {.allow_unused = true}).to_vector() == std::vector<double>(4, 0.0));
}

}  // namespace
}  // namespace xgrad::functional_test
