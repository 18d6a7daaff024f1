#include "autograd/transform/curvature.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "autograd/engine/run/executor.hpp"
#include "tests/throws.hpp"

namespace xgrad::curvature_test {
namespace {

using Several = std::vector<Tensor>;

Rng rng(11);
const Tensor inputs = normal({4, 3}, rng, 0, 1, float64), w = normal({3, 5}, rng, 0, 1, float64),
             v = normal({3, 5}, rng, 0, 1, float64);
Tensor network(const Tensor& weight) { return tanh(matmul(inputs, weight)); }
// The Jacobian of the network as a matrix, and a matrix times v.
Tensor matrix() { return reshape(jacobian(network)(w), {20, 15}); }
Tensor flat_v() { return reshape(v, {15}); }

TEST_CASE("a product with the Hessian runs forward over the gradient") {
  // A chain of n layers: a walk forward over the gradient computes a few entries for each, whatever n is.
  const auto computed = [](int layers, bool product) {
    const auto f = [layers](const Tensor& t) {
      Tensor y = t;
      for (int i = 0; i < layers; ++i) y = sin(y) * (1.0 + 0.1 * i);
      return sum(y);
    };
    const Tensor x = tensor({0.3, 0.4}, float64);
    const std::int64_t before = entries_computed();
    (product ? hvp(f, x, ones_like(x)) : grad(f)(x)).to_vector();
    return entries_computed() - before;
  };
  const double gradient = static_cast<double>(computed(60, false) - computed(30, false));
  const double product = static_cast<double>(computed(60, true) - computed(30, true));
  INFO("entries for 30 layers: gradient " << gradient << ", product " << product);
  CHECK(product < 3.5 * gradient);
}

TEST_CASE("products of Gauss and Newton are J^T H J v") {
  const auto loss = [](const Tensor& z) { return sum(exp(z) + z * z * z); };
  const Tensor z = network(w), j = matrix();
  const Tensor h = reshape(exp(z) + 6 * z, {20, 1});
  const Tensor expected = reshape(matmul(transpose(j), reshape(h, {20}) * matmul(j, flat_v())), {3, 5});
  CHECK_THAT(gauss_newton_product(network, loss, w, v), AllClose(expected));
  // That of a linear function is the Hessian.
  const auto linear = [](const Tensor& t) { return matmul(inputs, t); };
  const auto whole = [&](const Tensor& t) { return loss(linear(t)); };
  CHECK_THAT(gauss_newton_product(linear, loss, w, v), AllClose(hvp(whole, w, v)));
}

TEST_CASE("products of Gauss and Newton of several arguments and results") {
  const Tensor a = tensor({0.5, -1.0}, float64), b = tensor({2.0, 0.25}, float64);
  const auto f = [](const Tensor& s, const Tensor& t) { return Several{s * t, sin(s)}; };
  const auto loss = [](const Several& z) { return sum(z[0] * z[0] * z[1]) + sum(exp(z[1])); };
  const Several got = gauss_newton_product(f, loss, {a, b}, {b, a});
  // By matrices, element by element: J is [[b, a], [cos a, 0]], H [[2 z1, 2 z0], [2 z0, e^z1]].
  const Tensor z0 = a * b, z1 = sin(a), m0 = b * b + a * a, m1 = cos(a) * b;
  const Tensor h0 = 2 * z1 * m0 + 2 * z0 * m1, h1 = 2 * z0 * m0 + exp(z1) * m1;
  CHECK_THAT(got[0], AllClose(b * h0 + cos(a) * h1));
  CHECK_THAT(got[1], AllClose(a * h0));
}

TEST_CASE("the Fisher information is the covariance of the score") {
  const Tensor j = matrix(), z = network(w), jv = reshape(matmul(j, flat_v()), {4, 5});
  const auto back = [&](const Tensor& u) { return reshape(matmul(transpose(j), reshape(u, {20})), {3, 5}); };
  const Tensor p = softmax(z), s = 1 / (1 + exp(-z));
  CHECK_THAT(fisher_product(network, OutputDistribution::categorical, w, v),
             AllClose(back(p * jv - p * sum(p * jv, -1, keep_dims))));
  CHECK_THAT(fisher_product(network, OutputDistribution::gaussian, w, v), AllClose(back(jv)));
  CHECK_THAT(fisher_product(network, OutputDistribution::bernoulli, w, v), AllClose(back(s * (1 - s) * jv)));
  CHECK_THAT(fisher_product(network, OutputDistribution::poisson, w, v), AllClose(back(exp(z) * jv)));
  const auto with_list = [](const Several& t) { return network(t[0]); };
  CHECK_THAT(fisher_product(with_list, OutputDistribution::categorical, {w}, {v})[0],
             AllClose(fisher_product(network, OutputDistribution::categorical, w, v)));
}

TEST_CASE("the Fisher information of softmax is the mean over drawn classes") {
  // sum_n sum_c p_c s_c (s_c . v), where s_c is the gradient of log p_c.
  const Tensor p = softmax(network(w));
  Tensor expected = zeros_like(w);
  for (std::int64_t n = 0; n < 4; ++n)
    for (std::int64_t c = 0; c < 5; ++c) {
      const auto log_p = [&](const Tensor& t) { return log_softmax(network(t))(n, c); };
      const Tensor score = grad(log_p)(w);
      expected += p(n, c) * score * sum(score * v);
    }
  CHECK_THAT(fisher_product(network, OutputDistribution::categorical, w, v), AllClose(expected));
}

TEST_CASE("Fisher information of natural parameters themselves, in float32 and at extremes") {
  const auto itself = [](const Tensor& z) { return z; };
  for (const DType dtype : {float32, float64}) {
    const Tensor z = tensor({0.0, 200.0, -200.0, 1.5}, dtype), u = tensor({1.0, -2.0, 3.0, 0.5}, dtype);
    const Tensor p = softmax(z), s = exp(-abs(z)), bernoulli = s / square(1 + s);
    CHECK_THAT(fisher_product(itself, OutputDistribution::categorical, z, u), AllClose(p * u - p * sum(p * u)));
    CHECK_THAT(fisher_product(itself, OutputDistribution::bernoulli, z, u), AllClose(bernoulli * u));
    CHECK_THAT(fisher_product(itself, OutputDistribution::gaussian, z, u), AllClose(u));
  }
}

TEST_CASE("the empirical Fisher information is a sum over the gradients of samples") {
  const auto losses = [](const Tensor& t) { return sum(square(network(t)), -1); };
  Tensor expected = zeros_like(w);
  for (std::int64_t n = 0; n < 4; ++n) {
    const Tensor slope = grad([&](const Tensor& t) { return losses(t)(n); })(w);
    expected += slope * sum(slope * v);
  }
  CHECK_THAT(empirical_fisher_product(losses, w, v), AllClose(expected));
  CHECK_THAT(empirical_fisher_product(losses, Several{w}, Several{v})[0], AllClose(expected));
}

TEST_CASE("products of second derivatives differentiate further") {
  const auto loss = [](const Tensor& z) { return sum(exp(z)); };
  CHECK_THAT([&](const Tensor& t, const Tensor& u) { return gauss_newton_product(network, loss, t, u); },
             DifferentiatesCorrectly({w, v}));
  CHECK_THAT([&](const Tensor& t) { return fisher_product(network, OutputDistribution::categorical, t, v); },
             DifferentiatesCorrectly(w));
}

TEST_CASE("divergence and Laplacian are traces") {
  for (const DType dtype : {float32, float64}) {
    const Tensor x = tensor({0.5, -1.0, 2.0}, dtype);
    const auto field = [](const Tensor& t) { return t * t * sum(t); };
    CHECK_THAT(divergence(field)(x), AllClose(sum(2 * x * sum(x) + x * x)));
    const auto f = [](const Tensor& t) { return sum(sin(t)) + t(0) * t(1) * t(2) + sum(t * t * t); };
    CHECK_THAT(laplacian(f)(x), AllClose(sum(6 * x - sin(x))));
  }
  const Tensor m = tensor({{0.5, -1.0}, {2.0, 0.25}}, float64);
  CHECK_THAT(laplacian([](const Tensor& t) { return sum(exp(t)); })(m), AllClose(sum(exp(m))));
  CHECK(laplacian([](const Tensor& t) { return sum(t); })(zeros({0}, float64)).item() == 0);
}

TEST_CASE("divergence and Laplacian of many points at once") {
  const auto f = [](const Tensor& t) { return exp(t(0)) * sin(t(1)) + t(0) * t(0) * t(1); };
  const Tensor points = tensor({{0.5, -1.0}, {0.1, 0.3}, {2.0, 0.7}}, float64);
  CHECK_THAT(vmap(laplacian(f))(points), AllClose(2 * points(all, 1)));
  const auto field = [](const Tensor& t) { return t * t * sum(t); };
  CHECK_THAT(vmap(divergence(field))(points), AllClose(2 * square(sum(points, -1)) + sum(square(points), -1)));
}

TEST_CASE("of several arguments some are named: the equation of heat holds") {
  // u = e^(-2 t) sin(x0) cos(x1) solves du/dt = laplacian u.
  const auto heat = [](const Tensor& x, const Tensor& t) { return exp(-2 * t) * sin(x(0)) * cos(x(1)); };
  const Tensor x = tensor({0.3, 0.7}, float64), t = tensor(0.2, float64);
  CHECK_THAT(laplacian(heat, argnums<0>)(x, t), AllClose(grad(heat, argnums<1>)(x, t)));
  const auto sum_of_both = [](const Tensor& a, const Tensor& b) { return sum(a * a * a) + sum(b * b); };
  CHECK_THAT(laplacian(sum_of_both)(x, t), AllClose(sum(6 * x) + 2));
  const auto turning = [](const Tensor& p, const Tensor& rate) { return stack({-rate * p(1), rate * p(0)}); };
  CHECK(divergence(turning, argnums<0>)(x, t).item() == 0);
  CHECK_THAT([&](const Tensor& p, const Tensor& s) { return laplacian(heat, argnums<0>)(p, s); },
             DifferentiatesCorrectly({x, t}).order(2));
  throws<ShapeError>("divergence: the result is [3] f64, the argument [2] f64").by([&] {
    divergence([](const Tensor& p) { return concat({p, p(slice(0, 1))}); })(x);
  });
  throws<ShapeError>("divergence: 1 results for 2 arguments").by([&] { divergence(turning)(x, t); });
}

}  // namespace
}  // namespace xgrad::curvature_test
