#include "nn/metrics/means.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "autograd/tape/slab.hpp"
#include "nn/nn.hpp"

namespace means_test {

using namespace xgrad;
namespace metrics = nn::metrics;

TEST_CASE("the mean loss over batches of any sizes is that of all at once, to the bit") {
  Rng rng(1);
  const Tensor losses = uniform({101}, rng, 0, 3, float64);
  metrics::MeanLoss metric;
  metric.add(slice(losses, 0, 0, 40));
  metric.add(zeros({0}));
  metric.add(slice(losses, 0, 40, 101));
  CHECK(metric.count() == 101);
  CHECK(metric.value() == metrics::mean_loss(losses));
  CHECK(metric.value() == Approx(mean(losses).item()));
  metric.reset();
  CHECK(metric.count() == 0);
  CHECK_THROWS_AS(metric.value(), ValueError);
}

TEST_CASE("the mean loss takes means with the sizes of their batches") {
  metrics::MeanLoss metric;
  metric.add(tensor(2.0), 3);
  metric.add(5.0, 1);
  metric.add(std::numeric_limits<double>::quiet_NaN(), 0);
  CHECK(metric.value() == Approx(11.0 / 4));
  CHECK_THROWS_AS(metric.add(tensor(2.0), -1), ValueError);
  CHECK_THROWS_AS(metric.add(tensor({2.0, 1.0}), 2), ShapeError);
  CHECK_THROWS_AS(metric.add(tensor({2, 1})), DTypeError);
  CHECK(metric.value() == Approx(11.0 / 4));
  metric.add(std::numeric_limits<double>::quiet_NaN(), 1);
  CHECK(std::isnan(metric.value()));
}

TEST_CASE("perplexity is e to the mean cross-entropy of the tokens that count") {
  Rng rng(2);
  const Tensor logits = normal({6, 5, 4}, rng, 0, 2, float64);
  const Tensor tokens = concat({randint({6, 3}, rng, 0, 5), full({6, 1}, -100, int64)}, 1);
  const double expected = std::exp(nn::cross_entropy(logits, tokens).item());
  CHECK(metrics::perplexity(logits, tokens) == Approx(expected).epsilon(1e-13));
  CHECK(metrics::perplexity(log_softmax(logits, 1), tokens) == Approx(expected).epsilon(1e-13));
  CHECK(metrics::perplexity(moveaxis(logits, 1, -1), tokens, {.axis = -1}) == Approx(expected).epsilon(1e-13));
  CHECK(metrics::perplexity(zeros({3, 7}), tensor({0, 6, 3})) == Approx(7));
  metrics::Perplexity metric;
  metric.add(slice(logits, 0, 0, 1), slice(tokens, 0, 0, 1));
  metric.add(slice(logits, 0, 1, 6), slice(tokens, 0, 1, 6));
  CHECK(metric.count() == 18);
  CHECK(metric.value() == Approx(metrics::perplexity(logits, tokens)).epsilon(1e-14));
}

TEST_CASE("perplexity refuses what cross-entropy refuses, and no tokens") {
  CHECK_THROWS_AS(metrics::perplexity(ones({2, 3}), tensor({0, 3})), IndexError);
  CHECK_THROWS_AS(metrics::perplexity(ones({2, 3}), tensor({0})), ShapeError);
  CHECK_THROWS_AS(metrics::perplexity(ones({2, 3}), tensor({-100, -100})), ValueError);
  CHECK_THROWS_AS(metrics::Perplexity().value(), ValueError);
}

TEST_CASE("metrics let go of the tape of what they were given") {
  Rng rng(3);
  nn::Linear layer(4, 3);
  const Tensor x = normal({8, 4}, rng), y = randint({8}, rng, 0, 3);
  evaluate(x, y);
  metrics::Accuracy right;
  metrics::ConfusionMatrix matrix(3);
  metrics::MeanLoss loss;
  metrics::Perplexity perplexity;
  const std::int64_t before = live_entries();
  for (int batch = 0; batch < 3; ++batch) {
    const Tensor scores = layer(x);
    right.add(scores, y);
    matrix.add(scores, y);
    perplexity.add(scores, y);
    loss.add(nn::cross_entropy(scores, y, {.reduction = nn::Reduction::none}));
  }
  CHECK(live_entries() == before);
  CHECK_FALSE(matrix.counts().tracked());
}

}  // namespace means_test
