#include "nn/metrics/confusion.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"

namespace confusion_test {

using namespace xgrad;
namespace metrics = nn::metrics;

TEST_CASE("the confusion matrix has the actual classes in its rows") {
  const Tensor actual = tensor({0, 0, 1, 2, 2, 2}), predicted = tensor({0, 1, 1, 0, 2, 2});
  CHECK(metrics::confusion_matrix(predicted, actual, 3).to_vector() == std::vector<double>{1, 1, 0, 0, 1, 0, 1, 0, 2});
  CHECK(metrics::confusion_matrix(predicted, tensor({0, -100, 1, -100, 2, 2}), 3).to_vector() ==
        std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 2});
  const Tensor yes = tensor({true, false, true}), guess = tensor({true, true, false});
  CHECK(metrics::confusion_matrix(guess, yes, 2).to_vector() == std::vector<double>{0, 1, 1, 1});
}

TEST_CASE("the confusion matrix of scores is that of the largest ones") {
  Rng rng(1);
  const Tensor scores = normal({4, 3, 5}, rng), actual = randint({4, 5}, rng, 0, 3);
  CHECK(metrics::confusion_matrix(scores, actual, 3).to_vector() ==
        metrics::confusion_matrix(argmax(scores, 1), actual, 3).to_vector());
}

TEST_CASE("the confusion matrix over batches is that of all at once") {
  Rng rng(2);
  const Tensor predicted = randint({100}, rng, 0, 5), actual = randint({100}, rng, 0, 5);
  metrics::ConfusionMatrix matrix(5);
  matrix.add(slice(predicted, 0, 0, 33), slice(actual, 0, 0, 33));
  matrix.add(zeros({0}, int64), zeros({0}, int64));
  matrix.add(slice(predicted, 0, 33, 100), slice(actual, 0, 33, 100));
  CHECK(matrix.counts().to_vector() == metrics::confusion_matrix(predicted, actual, 5).to_vector());
  CHECK(sum(matrix.counts()).item() == 100);
  CHECK(matrix.at(1, 2) == matrix.counts()(1, 2).item<std::int64_t>());
  matrix.reset();
  CHECK(sum(matrix.counts()).item() == 0);
}

TEST_CASE("the confusion matrix refuses what does not fit, and counts nothing of it") {
  metrics::ConfusionMatrix matrix(3);
  CHECK_THROWS_AS(matrix.add(tensor({0, 1}), tensor({0, 3})), IndexError);
  CHECK_THROWS_AS(matrix.add(tensor({0, 3}), tensor({0, 1})), IndexError);
  CHECK_THROWS_AS(matrix.add(tensor({0, -100}), tensor({0, 1})), IndexError);
  CHECK_THROWS_AS(matrix.add(tensor({0}), tensor({0, 1})), ShapeError);
  CHECK_THROWS_AS(matrix.add(ones({2, 4}), tensor({0, 1})), ShapeError);
  CHECK_THROWS_AS(matrix.add(tensor({0, 1}), tensor({0.0, 1.0})), DTypeError);
  CHECK(sum(matrix.counts()).item() == 0);
  CHECK_THROWS_AS(metrics::ConfusionMatrix(0), ValueError);
  CHECK_THROWS_AS(metrics::ConfusionMatrix(std::int64_t{1} << 40), ValueError);
}

TEST_CASE("the confusion matrix has no counts for classes that it has not") {
  metrics::ConfusionMatrix matrix(3);
  matrix.add(tensor({1}), tensor({1}));
  CHECK_THROWS_AS(matrix.at(0, 4), IndexError);
  CHECK_THROWS_AS(matrix.at(2, -2), IndexError);
  CHECK_THROWS_AS(matrix.at(-1, 0), IndexError);
  CHECK_THROWS_AS(matrix.at(std::int64_t{1} << 62, 0), IndexError);
  CHECK(matrix.at(1, 1) == 1);
}

}  // namespace confusion_test
