#include "nn/metrics/roc_auc.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"

namespace roc_auc_test {

using namespace xgrad;
namespace metrics = nn::metrics;
using metrics::Average;

namespace {

/// By all pairs.
double by_pairs(const std::vector<double>& scores, const std::vector<double>& positive) {
  double won = 0, pairs = 0;
  for (std::size_t i = 0; i < scores.size(); ++i)
    for (std::size_t k = 0; k < scores.size(); ++k)
      if (positive[i] == 1 && positive[k] == 0) {
        won += scores[i] > scores[k] ? 1 : scores[i] == scores[k] ? 0.5 : 0;
        ++pairs;
      }
  return won / pairs;
}

}  // namespace

TEST_CASE("the area under the ROC curve is 1 in order, 0 in reverse, and 1/2 for equal scores") {
  const Tensor y = tensor({0, 0, 1, 1});
  CHECK(metrics::roc_auc(tensor({0.1, 0.2, 0.3, 0.4}), y) == 1);
  CHECK(metrics::roc_auc(tensor({0.4, 0.3, 0.2, 0.1}), y) == 0);
  CHECK(metrics::roc_auc(tensor({0.5, 0.5, 0.5, 0.5}), y) == 0.5);
  CHECK(metrics::roc_auc(tensor({0.1, 0.4, 0.35, 0.8}), y) == 0.75);
  CHECK(metrics::roc_auc(tensor({0.1, 0.4, 0.4, 0.8}), tensor({false, false, true, true})) == 0.875);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(metrics::roc_auc(tensor({-infinity, 0.0, infinity, infinity}), y) == 1);
}

TEST_CASE("the area is the part of the pairs that are in order, with many ties, too") {
  Rng rng(1);
  for (const std::int64_t levels : {1, 3, 10, 1000000}) {
    const Tensor scores = cast(randint({60}, rng, 0, levels), float64), y = randint({60}, rng, 0, 2);
    CHECK(metrics::roc_auc(scores, y) == Approx(by_pairs(scores.to_vector(), y.to_vector())).epsilon(1e-14));
  }
}

TEST_CASE("several classes are each taken against the rest") {
  Rng rng(2);
  const Tensor scores = normal({50, 3}, rng), y = concat({tensor({0, 1, 2}), randint({47}, rng, 0, 3)});
  double macro = 0, weighted = 0;
  for (std::int64_t c = 0; c < 3; ++c) {
    const auto own = cast(y == c, float64).to_vector();
    const double each = by_pairs(select(scores, 1, c).to_vector(), own);
    macro += each / 3;
    weighted += each * sum(y == c).item() / 50;
  }
  CHECK(metrics::roc_auc(scores, y) == Approx(macro));
  CHECK(metrics::roc_auc(scores, y, Average::weighted) == Approx(weighted));
}

TEST_CASE("the area over batches is that of all at once") {
  Rng rng(3);
  const Tensor scores = cast(randint({100}, rng, 0, 20), float32), y = randint({100}, rng, 0, 2);
  metrics::RocAuc metric;
  for (const auto& [begin, end] : {std::pair{0, 13}, std::pair{13, 13}, std::pair{13, 100}})
    metric.add(slice(scores, 0, begin, end), slice(y, 0, begin, end));
  CHECK(metric.value() == metrics::roc_auc(scores, y));
  metric.reset();
  CHECK_THROWS_AS(metric.value(), ValueError);
  metrics::RocAuc several(3);
  const Tensor rows = normal({30, 3}, rng), classes = randint({30}, rng, 0, 3);
  several.add(slice(rows, 0, 0, 7), slice(classes, 0, 0, 7));
  several.add(slice(rows, 0, 7, 30), slice(classes, 0, 7, 30));
  CHECK(several.value() == metrics::roc_auc(rows, classes));
}

TEST_CASE("the area refuses what has none, and what does not fit") {
  const Tensor scores = tensor({0.1, 0.2});
  CHECK_THROWS_AS(metrics::roc_auc(scores, tensor({1, 1})), ValueError);
  CHECK_THROWS_AS(metrics::roc_auc(scores, tensor({0, 0})), ValueError);
  CHECK_THROWS_AS(metrics::roc_auc(zeros({0}), zeros({0}, int64)), ValueError);
  CHECK_THROWS_AS(metrics::roc_auc(tensor({0.1, std::numeric_limits<double>::quiet_NaN()}), tensor({0, 1})),
                  ValueError);
  CHECK_THROWS_AS(metrics::roc_auc(scores, tensor({0, 2})), IndexError);
  CHECK_THROWS_AS(metrics::roc_auc(scores, tensor({0, 1, 1})), ShapeError);
  CHECK_THROWS_AS(metrics::roc_auc(scores, tensor({0.0, 1.0})), DTypeError);
  CHECK_THROWS_AS(metrics::roc_auc(tensor({1, 2}), tensor({0, 1})), DTypeError);
  CHECK_THROWS_AS(metrics::roc_auc(ones({2, 3}), tensor({0, 1})), ValueError);
  CHECK_THROWS_AS(metrics::roc_auc(ones({2, 3, 1}), tensor({0, 1})), ShapeError);
  CHECK_THROWS_AS(metrics::RocAuc(1), ValueError);
  CHECK_THROWS_AS(metrics::RocAuc(3, Average::micro), ValueError);
  CHECK_THROWS_WITH(metrics::roc_auc(scores, tensor({1, 1})),
                    Catch::Contains("roc_auc: of 2 samples 2 are of class 1") && Catch::Contains("roc_auc_test.cpp:"));
}

}  // namespace roc_auc_test
