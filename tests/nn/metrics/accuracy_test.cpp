#include "nn/metrics/accuracy.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"

namespace accuracy_test {

using namespace xgrad;
namespace metrics = nn::metrics;

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("accuracy counts the samples whose class has one of the largest scores") {
  const Tensor scores = tensor({{0.1, 0.7, 0.2}, {0.5, 0.3, 0.2}, {0.2, 0.3, 0.5}, {0.9, 0.05, 0.05}});
  const Tensor classes = tensor({1, 1, 0, 0});
  CHECK(metrics::accuracy(scores, classes) == 0.5);
  CHECK(metrics::accuracy(scores, classes, {.top_k = 2}) == 0.75);
  CHECK(metrics::accuracy(scores, classes, {.top_k = 3}) == 1);
  CHECK(metrics::accuracy(scores, classes, {.top_k = 10}) == 1);
  CHECK(metrics::accuracy(scores, tensor({1, -100, -100, 0})) == 1);
  CHECK(metrics::accuracy(transpose(scores), classes, {.axis = 0}) == 0.5);
  CHECK(metrics::accuracy(scores(0), tensor(1)) == 1);
}

TEST_CASE("of equal scores the first classes are ahead, and NaN is ahead of all numbers, as in argmax") {
  const Tensor scores = tensor({{1.0, 1.0, 0.0}, {1.0, nothing, 5.0}, {nothing, 2.0, nothing}});
  const Tensor first = argmax(scores, 1);
  CHECK(metrics::accuracy(scores, first) == 1);
  CHECK(metrics::accuracy(scores, tensor({1, 2, 2})) == 0);
  CHECK(metrics::accuracy(scores, tensor({1, 2, 2}), {.top_k = 2}) == 1);
  CHECK(metrics::accuracy(scores, tensor({2, 0, 1}), {.top_k = 2}) == 0);
}

TEST_CASE("accuracy of images with a class for each place") {
  Rng rng(1);
  const Tensor scores = normal({2, 4, 3, 5}, rng), classes = randint({2, 3, 5}, rng, 0, 4);
  const double expected = mean(argmax(scores, 1) == classes).item();
  CHECK(metrics::accuracy(scores, classes) == Approx(expected));
}

TEST_CASE("accuracy over batches is that of all at once, and begins anew after a reset") {
  Rng rng(2);
  const Tensor scores = normal({50, 4}, rng), classes = randint({50}, rng, 0, 4);
  metrics::Accuracy metric({.top_k = 2});
  for (const auto& [begin, end] : {std::pair{0, 7}, std::pair{7, 7}, std::pair{7, 50}})
    metric.add(slice(scores, 0, begin, end), slice(classes, 0, begin, end));
  CHECK(metric.count() == 50);
  CHECK(metric.value() == metrics::accuracy(scores, classes, {.top_k = 2}));
  metric.reset();
  CHECK_THROWS_AS(metric.value(), ValueError);
}

TEST_CASE("accuracy refuses what does not fit, and counts nothing of it") {
  const Tensor scores = ones({2, 3});
  metrics::Accuracy metric;
  CHECK_THROWS_AS(metric.add(scores, tensor({0, 3})), IndexError);
  CHECK_THROWS_AS(metric.add(scores, tensor({0, -1})), IndexError);
  CHECK_THROWS_AS(metric.add(scores, tensor({0})), ShapeError);
  CHECK_THROWS_AS(metric.add(scores, tensor({0.0, 1.0})), DTypeError);
  CHECK_THROWS_AS(metric.add(tensor({{1, 2}}), tensor({0})), DTypeError);
  CHECK_THROWS_AS(metric.add(tensor(1.0), tensor(0)), ShapeError);
  CHECK_THROWS_AS(metric.add(zeros({2, 0}), tensor({0, 0})), ShapeError);
  CHECK_THROWS_AS(metric.add(Tensor(), tensor({0})), GraphError);
  CHECK(metric.count() == 0);
  CHECK_THROWS_AS(metrics::accuracy(zeros({0, 3}), zeros({0}, int64)), ValueError);
  CHECK_THROWS_AS(metrics::Accuracy({.top_k = 0}), ValueError);
  CHECK_THROWS_WITH(metric.add(scores, tensor({0, 3})),
                    Catch::Contains("accuracy: class index 3 at place 1 of 2, for 3 classes") &&
                        Catch::Contains("accuracy_test.cpp:"));
}

}  // namespace accuracy_test
