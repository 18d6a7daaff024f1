#include "nn/losses.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/nn.hpp"

namespace losses_test {

using namespace xgrad;
using nn::Reduction;

namespace {

Tensor f64(const Literal& values) { return tensor(values, float64); }
double gradient_at(const Tensor& loss, const Tensor& x) { return grad(loss, x).item(); }

}  // namespace

TEST_CASE("squared errors: mean over all elements, sum per sample, half of that") {
  const Tensor a = f64({{1, 2}, {3, 5}}), y = f64({{0, 0}, {1, 1}});
  CHECK(nn::mse_loss(a, y).item() == Approx((1 + 4 + 4 + 16) / 4.0));
  CHECK(nn::mse_loss(a, y, Reduction::none).to_vector() == std::vector<double>{1, 4, 4, 16});
  CHECK(nn::squared_error(a, y, Reduction::none).to_vector() == std::vector<double>{5, 20});
  CHECK(nn::squared_error(a, y).item() == Approx(12.5));
  CHECK(nn::half_squared_error(a, y).item() == Approx(6.25));
  CHECK(nn::half_squared_error(a, y, Reduction::sum).item() == Approx(12.5));
  const Tensor x = track(a);
  CHECK_THAT(grad(nn::half_squared_error(x, y, Reduction::sum), x), AllClose(a - y));
}

TEST_CASE("the elementwise losses have their textbook values") {
  const Tensor x = f64({0.2, -1.5, 3.0}), y = f64({0.0, 1.0, 1.0});
  CHECK_THAT(nn::l1_loss(x, y, Reduction::none), AllClose(f64({0.2, 2.5, 2.0})));
  CHECK_THAT(nn::smooth_l1_loss(x, y, {.beta = 0.5, .reduction = Reduction::none}), AllClose(f64({0.04, 2.25, 1.75})));
  CHECK_THAT(nn::smooth_l1_loss(x, y, {.beta = 0, .reduction = Reduction::none}), AllClose(f64({0.2, 2.5, 2.0})));
  CHECK_THAT(nn::huber_loss(x, y, {.delta = 2, .reduction = Reduction::none}), AllClose(f64({0.02, 3.0, 2.0})));
  CHECK_THAT(nn::huber_loss(x, y, {.delta = 0.7}), AllClose(0.7 * nn::smooth_l1_loss(x, y, {.beta = 0.7})));
  const Tensor signs = f64({1.0, -1.0, 1.0});
  CHECK_THAT(nn::hinge_loss(x, signs, {.reduction = Reduction::none}), AllClose(f64({0.8, 0.0, 0.0})));
  CHECK_THAT(nn::hinge_embedding_loss(x, signs, {.reduction = Reduction::none}), AllClose(f64({0.2, 2.5, 3.0})));
  const Tensor p = f64({{0.25, 0.75}, {0.0, 1.0}}), log_q = log(f64({{0.5, 0.5}, {0.1, 0.9}}));
  const double divergence = 0.25 * std::log(0.5) + 0.75 * std::log(1.5) - std::log(0.9);
  CHECK(nn::kl_div(log_q, p, {.reduction = Reduction::sum}).item() == Approx(divergence));
  CHECK(nn::kl_div(log_q, p, {.reduction = Reduction::batch_mean}).item() == Approx(divergence / 2));
  CHECK(nn::kl_div(log_q, p).item() == Approx(divergence / 4));
  const Tensor inner = f64({{0.25, 0.75}, {0.4, 0.6}});
  CHECK_THAT(nn::kl_div(log_q, log(inner), {.log_target = true}), AllClose(nn::kl_div(log_q, inner)));
}

TEST_CASE("the elementwise losses differentiate correctly to order 2") {
  const Tensor x = f64({{0.21, -1.5, 3.0}, {0.4, 0.33, -0.7}}), y = f64({{0.05, 1.0, 1.2}, {-0.6, 0.1, 2.0}});
  const Tensor p = sigmoid(x), q = sigmoid(y), signs = where(y > 0.5, full_like(y, 1), full_like(y, -1));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::mse_loss(a, b); },
             DifferentiatesCorrectly({x, y}).order(2));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::squared_error(a, b); },
             DifferentiatesCorrectly({x, y}).order(2));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::l1_loss(a, b); }, DifferentiatesCorrectly({x, y}));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::smooth_l1_loss(a, b, {.beta = 0.8}); },
             DifferentiatesCorrectly({x, y}).order(2));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::huber_loss(a, b, {.delta = 0.8}); },
             DifferentiatesCorrectly({x, y}).order(2));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::binary_cross_entropy(a, b); },
             DifferentiatesCorrectly({p, q}).order(2));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::binary_cross_entropy_with_logits(a, b); },
             DifferentiatesCorrectly({x, q}).order(2));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::kl_div(a, b); },
             DifferentiatesCorrectly({log(p), q}).order(2));
  CHECK_THAT([](const Tensor& a, const Tensor& b) { return nn::kl_div(a, b, {.log_target = true}); },
             DifferentiatesCorrectly({log(p), log(q)}).order(2));
  CHECK_THAT([&](const Tensor& a) { return nn::hinge_loss(a, signs); }, DifferentiatesCorrectly(x));
  CHECK_THAT([&](const Tensor& a) { return nn::hinge_embedding_loss(a, signs); }, DifferentiatesCorrectly(x));
}

TEST_CASE("the derivative of the absolute and the Huber loss at their edges") {
  const Tensor zero = f64({0.0}), x = track(f64({0.0}));
  CHECK(gradient_at(nn::l1_loss(x, zero), x) == 0);
  const Tensor edge = track(f64({2.0}));
  CHECK(gradient_at(nn::huber_loss(edge, zero, {.delta = 2}), edge) == 2);
  CHECK(gradient_at(nn::smooth_l1_loss(edge, zero, {.beta = 2}), edge) == 1);
}

TEST_CASE("binary cross-entropy from logits neither overflows nor cancels") {
  for (const DType dtype : {float32, float64}) {
    const auto at = [&](double z, double y) {
      const Tensor x = track(tensor({z}, dtype));
      const Tensor loss = nn::binary_cross_entropy_with_logits(x, tensor({y}, dtype));
      return std::pair(loss.item(), gradient_at(loss, x));
    };
    CHECK(at(1e4, 0) == std::pair(1e4, 1.0));
    CHECK(at(-1e4, 1) == std::pair(1e4, -1.0));
    CHECK(at(1e4, 1) == std::pair(0.0, 0.0));
    CHECK(at(-1e4, 0) == std::pair(0.0, 0.0));
    CHECK(at(0, 1).second == -0.5);
    CHECK(at(40, 1).first == Approx(std::exp(-40.0)).epsilon(1e-6));
    CHECK(at(-40, 0).first == Approx(std::exp(-40.0)).epsilon(1e-6));
  }
}

TEST_CASE("the second and third derivatives of binary cross-entropy from logits are right at 0") {
  const Tensor z = track(f64({0.0}));
  const Tensor first = grad(nn::binary_cross_entropy_with_logits(z, f64({0.3})), z, {.create_graph = true});
  const Tensor second = grad(first, z, {.create_graph = true});
  CHECK(first.item() == Approx(0.2));
  CHECK(second.item() == Approx(0.25));
  CHECK(grad(second, z).item() == Approx(0).margin(1e-15));
}

TEST_CASE("weights of elements and of positives in binary cross-entropy") {
  const Tensor z = f64({{0.5, -1.0}, {2.0, 0.0}}), y = f64({{1.0, 0.0}, {0.3, 1.0}});
  const Tensor q = f64({2.0, 0.5}), w = f64({{1.0}, {3.0}});
  const Tensor p = sigmoid(z);
  const Tensor expected = -(q * y * log(p) + (1 - y) * log(1 - p)) * w;
  CHECK_THAT(nn::binary_cross_entropy_with_logits(z, y, {.weight = w, .pos_weight = q, .reduction = Reduction::none}),
             AllClose(expected));
  CHECK_THAT(nn::binary_cross_entropy(p, y, {.weight = w, .reduction = Reduction::sum}),
             AllClose(-sum((y * log(p) + (1 - y) * log(1 - p)) * w)));
  CHECK_THAT([&](const Tensor& x) { return nn::binary_cross_entropy_with_logits(x, y, {.pos_weight = q}); },
             DifferentiatesCorrectly(z).order(2));
  CHECK_THROWS_AS(nn::binary_cross_entropy(p, y, {.pos_weight = q}), ValueError);
  CHECK_THROWS_AS(nn::binary_cross_entropy(p, y, {.weight = zeros({3, 2, 2}, float64)}), ShapeError);
}

TEST_CASE("an infinite logit that is right costs nothing in binary cross-entropy, and one that is wrong everything") {
  for (const DType dtype : {float32, float64})
    for (const Tensor& pos_weight : {Tensor(), tensor(3.0, dtype)}) {
      const double infinity = std::numeric_limits<double>::infinity();
      const Tensor z = track(tensor({-infinity, infinity, -infinity, infinity, 0.0}, dtype));
      const Tensor y = tensor({0.0, 1.0, 1.0, 0.0, 0.0}, dtype);
      const Tensor loss =
          nn::binary_cross_entropy_with_logits(z, y, {.pos_weight = pos_weight, .reduction = Reduction::none});
      const auto values = loss.to_vector(), slopes = grad(sum(loss), z).to_vector();
      CHECK(std::vector(values.begin(), values.begin() + 4) == std::vector<double>{0, 0, infinity, infinity});
      CHECK(slopes == std::vector<double>{0, 0, pos_weight.defined() ? -3.0 : -1.0, 1, 0.5});
    }
}

TEST_CASE("what the target of a Kullback-Leibler divergence excludes costs nothing") {
  for (const DType dtype : {float32, float64}) {
    const double infinity = std::numeric_limits<double>::infinity(), log_half = std::log(0.5);
    const Tensor log_q = track(tensor({log_half, log_half}, dtype)), p = track(tensor({-infinity, 0.0}, dtype));
    const Tensor loss = nn::kl_div(log_q, p, {.log_target = true, .reduction = Reduction::sum});
    CHECK(loss.item() == Approx(std::log(2.0)).epsilon(1e-7));
    const auto slopes = grad(loss, {log_q, p});
    CHECK(slopes[0].to_vector() == std::vector<double>{0, -1});
    CHECK(slopes[1].to_vector()[0] == 0);
    CHECK(slopes[1].to_vector()[1] == Approx(1 + std::log(2.0)).epsilon(1e-7));
    const Tensor nothing = tensor({-infinity, log_half}, dtype);
    CHECK(nn::kl_div(nothing, nothing, {.log_target = true, .reduction = Reduction::sum}).item() == 0);
    const Tensor plain = nn::kl_div(log_q, tensor({0.0, 1.0}, dtype), {.reduction = Reduction::sum});
    CHECK(plain.item() == Approx(std::log(2.0)).epsilon(1e-7));
    CHECK(grad(plain, log_q).to_vector() == std::vector<double>{0, -1});
  }
}

TEST_CASE("a number on either side of a loss takes the dtype of the Tensor on the other") {
  const Tensor x = tensor(3.0, float64);
  CHECK(nn::mse_loss(x, 1).item() == 4);
  CHECK(nn::mse_loss(1.0, x).item() == 4);
  CHECK(nn::l1_loss(1, x).dtype() == float64);
}

TEST_CASE("binary cross-entropy of an impossible outcome is 100, with derivative 0") {
  const Tensor p = track(f64({0.0}));
  const Tensor loss = nn::binary_cross_entropy(p, f64({1.0}));
  CHECK(loss.item() == 100);
  CHECK(gradient_at(loss, p) == 0);
}

TEST_CASE("losses refuse what does not fit") {
  const Tensor x = f64({{1, 2}});
  CHECK_THROWS_AS(nn::mse_loss(x, f64({1, 2})), ShapeError);
  CHECK_THROWS_AS(nn::mse_loss(x, tensor({{1.0, 2.0}})), DTypeError);
  CHECK_THROWS_AS(nn::mse_loss(tensor({1, 2}), tensor({1, 2})), DTypeError);
  CHECK_THROWS_AS(nn::mse_loss(zeros({0, 3}), zeros({0, 3})), ValueError);
  CHECK(nn::mse_loss(zeros({0, 3}), zeros({0, 3}), Reduction::sum).item() == 0);
  CHECK_THROWS_AS(nn::huber_loss(x, x, {.delta = 0}), ValueError);
  CHECK_THROWS_AS(nn::smooth_l1_loss(x, x, {.beta = -1}), ValueError);
  CHECK_THROWS_AS(nn::hinge_loss(x, f64({{1, 2}})), ValueError);
  CHECK_THROWS_WITH(
      nn::l1_loss(x, f64({1, 2})),
      Catch::Contains("l1_loss: the output is [1, 2] f64, the target [2] f64") && Catch::Contains("losses_test.cpp:"));
}

}  // namespace losses_test
