#include "nn/classification.hpp"

#include <catch2/catch.hpp>
#include <climits>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/nn.hpp"

namespace classification_test {

using namespace xgrad;
using nn::Reduction;

namespace {

Tensor f64(const Literal& values) { return tensor(values, float64); }
const Tensor& logits() {
  static const Tensor z = f64({{1, 2, 0.5}, {0.3, -1, 2}});
  return z;
}
const Tensor& weights() {
  static const Tensor w = f64({1, 2, 3});
  return w;
}

}  // namespace

TEST_CASE("cross-entropy has its golden values") {
  const Tensor y = tensor({1, 2});
  CHECK(nn::cross_entropy(logits(), y).item() == Approx(0.3366947753265026).epsilon(1e-14));
  CHECK(nn::cross_entropy(logits(), y, {.label_smoothing = 0.1}).item() == Approx(0.4566947753265026).epsilon(1e-14));
  CHECK(nn::cross_entropy(logits(), y, {.class_weights = weights()}).item() ==
        Approx(0.3111599735702141).epsilon(1e-14));
  CHECK(nn::cross_entropy(logits(), y, {.class_weights = weights(), .label_smoothing = 0.1}).item() ==
        Approx(0.39497955823931286).epsilon(1e-14));
  CHECK(nn::cross_entropy(logits(), tensor({1, -100})).item() == Approx(0.4643687841079449).epsilon(1e-14));
}

TEST_CASE("cross-entropy reduces as asked") {
  const Tensor y = tensor({1, 2});
  const Tensor each = nn::cross_entropy(logits(), y, {.reduction = Reduction::none});
  CHECK(each.shape() == Shape{2});
  CHECK(nn::cross_entropy(logits(), y, {.reduction = Reduction::sum}).item() == Approx(2 * 0.3366947753265026));
  CHECK_THAT(sum(each), AllClose(nn::cross_entropy(logits(), y, {.reduction = Reduction::sum})));
  const Tensor some = nn::cross_entropy(logits(), tensor({-100, 2}), {.reduction = Reduction::none});
  CHECK(some.to_vector()[0] == 0);
}

TEST_CASE("cross-entropy with probabilities agrees with class indices where it is one of them") {
  const Tensor y = tensor({1, 2}), hot = one_hot(y, 3, float64);
  CHECK_THAT(nn::cross_entropy(logits(), hot), AllClose(nn::cross_entropy(logits(), y)));
  CHECK_THAT(nn::cross_entropy(logits(), hot, {.label_smoothing = 0.1}),
             AllClose(nn::cross_entropy(logits(), y, {.label_smoothing = 0.1})));
  CHECK_THAT(nn::cross_entropy(logits(), hot, {.class_weights = weights(), .reduction = Reduction::sum}),
             AllClose(nn::cross_entropy(logits(), y, {.class_weights = weights(), .reduction = Reduction::sum})));
  CHECK_THROWS_AS(nn::cross_entropy(logits(), hot, {.ignore_index = 1}), ValueError);
}

TEST_CASE("the gradient of cross-entropy is (p - y) / N, and sums to 0 over the classes") {
  Rng rng(5);
  const Tensor z = track(normal({11, 6}, rng, 0, 4, float64));
  const Tensor y = tensor(std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1});
  const Tensor g = grad(nn::cross_entropy(z, y), z);
  CHECK_THAT(g, AllClose((softmax(z, 1) - one_hot(y, 6, float64)) / 11, 1e-14));
  CHECK_THAT(sum(g, 1), AllClose(zeros({11}, float64), 1e-12));
}

TEST_CASE("cross-entropy takes a class axis, one sample, and more axes") {
  Rng rng(6);
  const Tensor z = normal({2, 5, 3, 4}, rng, 0, 1, float64);
  std::vector<std::int64_t> classes(24);
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::int64_t>(i * 7 % 5);
  const Tensor y = tensor(classes, {2, 3, 4});
  const Tensor flat = reshape(permute(z, {0, 2, 3, 1}), {24, 5});
  CHECK_THAT(nn::cross_entropy(z, y), AllClose(nn::cross_entropy(flat, reshape(y, {24}))));
  CHECK_THAT(nn::cross_entropy(permute(z, {0, 2, 3, 1}), y, {.axis = -1}), AllClose(nn::cross_entropy(z, y)));
  CHECK_THAT(nn::cross_entropy(select(flat, 0, 3), select(reshape(y, {24}), 0, 3)),
             AllClose(nn::cross_entropy(slice(flat, 0, 3, 4), slice(reshape(y, {24}), 0, 3, 4))));
}

TEST_CASE("cross-entropy of extreme logits is finite where it should be") {
  for (const DType dtype : {float32, float64}) {
    const Tensor z = track(tensor({{1e4, 0.0, -1e4}}, dtype));
    const Tensor loss = nn::cross_entropy(z, tensor({2}));
    CHECK(loss.item() == 20000);
    CHECK(grad(loss, z).to_vector() == std::vector<double>{1, 0, -1});
    const double infinity = std::numeric_limits<double>::infinity();
    const Tensor masked = track(tensor({{1.0, -infinity, 1.0}}, dtype));
    const Tensor finite = nn::cross_entropy(masked, tensor({0}));
    CHECK(finite.item() == Approx(std::log(2.0)));
    CHECK(grad(finite, masked).to_vector() == std::vector<double>{-0.5, 0, 0.5});
    CHECK(nn::cross_entropy(masked, tensor({1})).item() == infinity);
    const Tensor target = tensor({{0.5, 0.0, 0.5}}, dtype);
    const Tensor soft = nn::cross_entropy(masked, target);
    CHECK(soft.item() == Approx(std::log(2.0)));
    CHECK(grad(soft, masked).to_vector() == std::vector<double>{0, 0, 0});
  }
}

TEST_CASE("a mean over samples that are all ignored is NaN") {
  CHECK(std::isnan(nn::cross_entropy(logits(), tensor({-100, -100})).item()));
}

TEST_CASE("the classification losses differentiate correctly to order 2") {
  const Tensor y = tensor({2, 0}), kept = tensor({7, 0});
  const Tensor& w = weights();
  const auto check = [](auto f, const Tensor& x, int order) { CHECK_THAT(f, DifferentiatesCorrectly(x).order(order)); };
  check([&](const Tensor& z) { return nn::cross_entropy(z, y); }, logits(), 3);
  check([&](const Tensor& z) { return nn::cross_entropy(z, y, {.class_weights = w, .label_smoothing = 0.2}); },
        logits(), 2);
  check([&](const Tensor& z) { return nn::cross_entropy(z, kept, {.ignore_index = 7}); }, logits(), 2);
  check([&](const Tensor& z) { return nn::nll_loss(log_softmax(z, 1), y, {.class_weights = w}); }, logits(), 2);
  check([&](const Tensor& z) { return nn::multi_margin_loss(z, y, {.power = 2, .margin = 0.7, .class_weights = w}); },
        logits(), 2);
  check([&](const Tensor& z) { return nn::multi_margin_loss(z, y); }, logits(), 1);
  const Tensor p = f64({{0.2, 0.5, 0.3}, {0.9, 0.0, 0.1}});
  CHECK_THAT([](const Tensor& z, const Tensor& t) { return nn::cross_entropy(z, t, {.label_smoothing = 0.1}); },
             DifferentiatesCorrectly({logits(), p}).order(2));
}

TEST_CASE("nll and multi-margin losses have their textbook values") {
  const Tensor y = tensor({1, 2});
  CHECK_THAT(nn::nll_loss(log_softmax(logits(), 1), y), AllClose(nn::cross_entropy(logits(), y)));
  CHECK_THAT(nn::nll_loss(log_softmax(logits(), 1), y, {.class_weights = weights()}),
             AllClose(nn::cross_entropy(logits(), y, {.class_weights = weights()})));
  // max(0, 1 - 2 + 1) + max(0, 1 - 2 + 0.5) = 0, and for the second row 0
  CHECK(nn::multi_margin_loss(logits(), tensor({0, 0}), {.reduction = Reduction::none}).to_vector() ==
        std::vector<double>{(2 + 0.5) / 3, (0.0 + 2.7) / 3});
}

TEST_CASE("a class index that does not exist is an IndexError with its value, row and the number of classes") {
  for (const std::int64_t wrong : {std::int64_t{3}, std::int64_t{-1}, std::int64_t{INT_MAX}}) {
    const Tensor y = tensor(std::vector<std::int64_t>{0, wrong});
    CHECK_THROWS_AS(nn::cross_entropy(logits(), y), IndexError);
    CHECK_THROWS_AS(nn::nll_loss(logits(), y), IndexError);
    CHECK_THROWS_AS(nn::multi_margin_loss(logits(), y), IndexError);
  }
  CHECK_THROWS_WITH(nn::cross_entropy(logits(), tensor({0, 3})),
                    Catch::Contains("cross_entropy: class index 3 at row 1 of 2, for 3 classes") &&
                        Catch::Contains("classification_test.cpp:"));
  const Tensor later = tensor({0, 2}) + 1;  // found out when it is computed
  CHECK_THROWS_AS(nn::cross_entropy(logits(), later).item(), IndexError);
}

TEST_CASE("classification losses refuse what does not fit") {
  const Tensor y = tensor({1, 2});
  CHECK_THROWS_AS(nn::cross_entropy(zeros({0, 3}), tensor(std::vector<std::int64_t>{})), ValueError);
  CHECK_THROWS_AS(nn::cross_entropy(logits(), tensor({1, 2, 0})), ShapeError);
  CHECK_THROWS_AS(nn::cross_entropy(logits(), tensor({1.0, 2.5})), DTypeError);
  CHECK_THROWS_AS(nn::cross_entropy(logits(), zeros({2, 3})), DTypeError);
  CHECK_THROWS_AS(nn::cross_entropy(logits(), zeros({2, 4}, float64)), ShapeError);
  CHECK_THROWS_AS(nn::cross_entropy(logits(), y, {.label_smoothing = -0.1}), ValueError);
  CHECK_THROWS_AS(nn::cross_entropy(logits(), y, {.label_smoothing = 1.5}), ValueError);
  CHECK_THROWS_AS(nn::cross_entropy(logits(), y, {.class_weights = f64({1, 2})}), ShapeError);
  CHECK_THROWS_AS(nn::cross_entropy(logits(), y, {.class_weights = tensor({1.0, 2.0, 3.0})}), DTypeError);
  CHECK_THROWS_AS(nn::cross_entropy(logits(), y, {.axis = 2}), AxisError);
  CHECK_THROWS_AS(nn::cross_entropy(f64(1.0), tensor(0)), ShapeError);
  CHECK_THROWS_AS(nn::multi_margin_loss(logits(), y, {.power = 3}), ValueError);
}

}  // namespace classification_test
