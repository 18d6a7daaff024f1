#include "nn/losses/focal.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/nn.hpp"

namespace focal_test {

using namespace xgrad;
using nn::Reduction;

namespace {

Tensor f64(const Literal& values) { return tensor(values, float64); }

}  // namespace

TEST_CASE("the focal loss is a cross-entropy times a power of what is missing to certainty") {
  const Tensor z = f64({1.5, -0.5, 2.0, -3.0}), y = f64({1.0, 1.0, 0.0, 0.0});
  const auto each =
      nn::sigmoid_focal_loss(z, y, {.alpha = 0.3, .gamma = 1.7, .reduction = Reduction::none}).to_vector();
  const auto zs = z.to_vector(), ys = y.to_vector();
  for (std::size_t i = 0; i < 4; ++i) {
    const double p = 1 / (1 + std::exp(-zs[i])), own = ys[i] == 1 ? p : 1 - p, alpha = ys[i] == 1 ? 0.3 : 0.7;
    CHECK(each[i] == Approx(-alpha * std::pow(1 - own, 1.7) * std::log(own)).epsilon(1e-13));
  }
  CHECK_THAT(nn::sigmoid_focal_loss(z, y, {.alpha = {}, .gamma = 0}),
             AllClose(nn::binary_cross_entropy_with_logits(z, y)));
  CHECK_THAT([&](const Tensor& a, const Tensor& b) { return nn::sigmoid_focal_loss(a, b); },
             DifferentiatesCorrectly({z, sigmoid(z * 0.7)}).order(2));
}

TEST_CASE("the focal loss of classes, with weights, and its relation to cross-entropy") {
  const Tensor z = f64({{1.0, 2.0, 0.5}, {0.3, -1.0, 2.0}}), y = tensor({1, 0}), w = f64({1.0, 2.0, 3.0});
  const Tensor p = softmax(z, 1);
  const double a = p(0, 1).item(), b = p(1, 0).item();
  const auto each = nn::focal_loss(z, y, {.class_weights = w, .reduction = Reduction::none}).to_vector();
  CHECK(each[0] == Approx(-2 * (1 - a) * (1 - a) * std::log(a)));
  CHECK(each[1] == Approx(-(1 - b) * (1 - b) * std::log(b)));
  CHECK_THAT(nn::focal_loss(z, y, {.gamma = 0}), AllClose(nn::cross_entropy(z, y)));
  CHECK_THAT(nn::focal_loss(transpose(z), y, {.class_weights = w, .axis = 0}),
             AllClose(nn::focal_loss(z, y, {.class_weights = w})));
  CHECK_THAT([&](const Tensor& s) { return nn::focal_loss(s, y, {.gamma = 1.5}); },
             DifferentiatesCorrectly(z).order(2));
  CHECK_THROWS_AS(nn::focal_loss(z, y, {.class_weights = f64({1.0, 2.0})}), ShapeError);
  CHECK_THROWS_AS(nn::focal_loss(z, y, {.gamma = -1}), ValueError);
  CHECK_THROWS_AS(nn::focal_loss(z, tensor({1, 3})), IndexError);
}

TEST_CASE("the focal losses stay finite, with finite derivatives, where an answer is certain") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const DType dtype : {float32, float64})
    for (const double gamma : {0.0, 0.5, 1.0, 2.0}) {
      const Tensor z = track(tensor({infinity, 1e4, -1e4, -infinity, 1e4}, dtype));
      const Tensor loss = nn::sigmoid_focal_loss(z, tensor({1.0, 1.0, 0.0, 0.0, 0.0}, dtype),
                                                 {.alpha = {}, .gamma = gamma, .reduction = Reduction::none});
      CHECK(loss.to_vector() == std::vector<double>{0, 0, 0, 0, 1e4});
      CHECK(grad(sum(loss), z).to_vector() == std::vector<double>{0, 0, 0, 0, 1});
      const Tensor scores = track(tensor({{1e4, 0.0}, {0.0, 1e4}}, dtype));
      const Tensor costs = nn::focal_loss(scores, tensor({0, 0}), {.gamma = gamma, .reduction = Reduction::none});
      CHECK(costs.to_vector() == std::vector<double>{0, 1e4});
      CHECK(grad(sum(costs), scores).to_vector() == std::vector<double>{0, 0, -1, 1});
    }
}

TEST_CASE("the focal loss leaves out what is ignored, like the cross-entropy, with and without weights") {
  const Tensor z = f64({{1.0, 2.0, 0.5}, {0.3, -1.0, 2.0}, {0.1, 0.2, 0.3}}), y = tensor({1, -100, 2});
  const Tensor kept = take(z, tensor({0, 2}), 0), classes = tensor({1, 2}), w = f64({1.0, 2.0, 3.0});
  CHECK_THAT(nn::focal_loss(z, y), AllClose(nn::focal_loss(kept, classes)));
  CHECK_THAT(nn::focal_loss(z, y, {.class_weights = w}), AllClose(nn::focal_loss(kept, classes, {.class_weights = w})));
  CHECK_THAT(nn::focal_loss(z, y, {.gamma = 0}), AllClose(nn::cross_entropy(z, y)));
  CHECK_THAT(nn::focal_loss(z, tensor({1, 0, 2}), {.ignore_index = 0}), AllClose(nn::focal_loss(kept, classes)));
  CHECK(nn::focal_loss(z, y, {.reduction = Reduction::none}).to_vector()[1] == 0);
}

}  // namespace focal_test
