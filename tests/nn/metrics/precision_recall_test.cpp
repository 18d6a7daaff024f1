#include "nn/metrics/precision_recall.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "nn/metrics/accuracy.hpp"

namespace precision_recall_test {

using namespace xgrad;
namespace metrics = nn::metrics;
using metrics::Average;

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

// Class 0: 1 right of 2 predicted and 2 there; class 1: 1 of 2 and 1; class 2: 2 of 2 and 3.
const Tensor& actual() {
  static const Tensor y = tensor({0, 0, 1, 2, 2, 2});
  return y;
}
const Tensor& predicted() {
  static const Tensor y = tensor({0, 1, 1, 0, 2, 2});
  return y;
}

}  // namespace

TEST_CASE("precision, recall and F1 of each class, and their means") {
  metrics::ConfusionMatrix matrix(3);
  matrix.add(predicted(), actual());
  CHECK(metrics::precision_per_class(matrix) == std::vector<double>{0.5, 0.5, 1});
  CHECK(metrics::recall_per_class(matrix) == std::vector<double>{0.5, 1, 2.0 / 3});
  CHECK(metrics::f1_score_per_class(matrix) == std::vector<double>{2.0 / 4, 2.0 / 3, 4.0 / 5});
  CHECK(metrics::precision(matrix) == Approx(2.0 / 3));
  CHECK(metrics::recall(matrix) == Approx((0.5 + 1 + 2.0 / 3) / 3));
  CHECK(metrics::f1_score(matrix) == Approx((0.5 + 2.0 / 3 + 0.8) / 3));
  CHECK(metrics::precision(matrix, {.average = Average::weighted}) == Approx((2 * 0.5 + 0.5 + 3) / 6));
  CHECK(metrics::f1_score(matrix, {.average = Average::weighted}) == Approx((2 * 0.5 + 2.0 / 3 + 3 * 0.8) / 6));
}

TEST_CASE("the micro averages, and the weighted recall, of single labels are the accuracy") {
  using Score = double (*)(const Operand&, const Operand&, std::int64_t, const metrics::ScoreOptions&);
  for (const Score score : {Score{metrics::precision}, Score{metrics::recall}, Score{metrics::f1_score}})
    CHECK(score(predicted(), actual(), 3, {.average = Average::micro}) == Approx(4.0 / 6));
  CHECK(metrics::recall(predicted(), actual(), 3, {.average = Average::weighted}) == Approx(4.0 / 6));
}

TEST_CASE("what divides nothing by nothing is what was asked for") {
  // Class 1 occurs and is never predicted, class 2 is predicted and never occurs, class 3 does neither.
  metrics::ConfusionMatrix matrix(4);
  matrix.add(tensor({0, 0, 2}), tensor({0, 1, 0}));
  CHECK(metrics::precision_per_class(matrix) == std::vector<double>{0.5, 0, 0, 0});
  CHECK(metrics::precision_per_class(matrix, 1) == std::vector<double>{0.5, 1, 0, 1});
  CHECK(metrics::recall_per_class(matrix, 1) == std::vector<double>{0.5, 0, 1, 1});
  CHECK(metrics::f1_score_per_class(matrix, 1) == std::vector<double>{0.5, 0, 0, 1});
  CHECK(std::isnan(metrics::precision_per_class(matrix, nothing)[3]));
  CHECK(metrics::precision(matrix, {.zero_division = nothing}) == Approx(0.25));
  CHECK(metrics::precision(matrix) == Approx(0.125));
  const metrics::ConfusionMatrix empty(2);
  CHECK(metrics::f1_score(empty) == 0);
  CHECK(metrics::f1_score(empty, {.average = Average::weighted, .zero_division = 1}) == 1);
  CHECK(metrics::f1_score(empty, {.average = Average::micro, .zero_division = 1}) == 1);
  CHECK(std::isnan(metrics::recall(empty, {.zero_division = nothing})));
}

TEST_CASE("precision and recall of one batch are those of its confusion matrix, of scores, too") {
  Rng rng(3);
  const Tensor scores = normal({40, 3}, rng), classes = randint({40}, rng, 0, 3);
  metrics::ConfusionMatrix matrix(3);
  matrix.add(slice(scores, 0, 0, 11), slice(classes, 0, 0, 11));
  matrix.add(slice(scores, 0, 11, 40), slice(classes, 0, 11, 40));
  CHECK(metrics::precision(scores, classes, 3) == metrics::precision(matrix));
  CHECK(metrics::f1_score(scores, classes, 3, {.average = Average::weighted}) ==
        metrics::f1_score(matrix, {.average = Average::weighted}));
  CHECK(metrics::recall(scores, classes, 3, {.average = Average::micro}) == Approx(metrics::accuracy(scores, classes)));
  CHECK_THROWS_AS(metrics::precision(scores, classes, 4), ShapeError);
}

}  // namespace precision_recall_test
