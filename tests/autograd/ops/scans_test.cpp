#include "autograd/ops/scans.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad {
namespace {
using Numbers = std::vector<double>;
}

TEST_CASE("running maxima, minima and logarithms of sums") {
  for (const std::int64_t n : {1, 2, 3, 7, 8, 33}) {
    Rng rng(static_cast<std::uint64_t>(n));
    const Tensor x = uniform({2, n, 3}, rng, -3, 3, float64);
    const Numbers values = x.to_vector(), largest = cummax(x, 1).to_vector(), least = cummin(x, 1).to_vector(),
                  sums = logcumsumexp(x, 1).to_vector();
    for (std::int64_t i = 0; i < 2; ++i)
      for (std::int64_t k = 0; k < 3; ++k) {
        double most = -1e9, fewest = 1e9, sum = 0;
        for (std::int64_t j = 0; j < n; ++j) {
          const auto at = static_cast<std::size_t>((i * n + j) * 3 + k);
          most = std::max(most, values[at]);
          fewest = std::min(fewest, values[at]);
          sum += std::exp(values[at]);
          CHECK(largest[at] == most);
          CHECK(least[at] == fewest);
          CHECK(sums[at] == Approx(std::log(sum)).margin(1e-13));
        }
      }
  }
  CHECK(cummax(tensor({3, 1, 4, 1, 5})).to_vector() == Numbers{3, 3, 4, 4, 5});
  CHECK(cummin(zeros({0, 2}), 0).shape() == Shape{0, 2});
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(logcumsumexp(tensor({-inf, 1000.0, 1000.0}, float64)).to_vector() == Numbers{-inf, 1000, 1000 + std::log(2.0)});
  CHECK(std::isnan(cummax(tensor({1.0, std::nan(""), 2.0})).to_vector()[2]));
  throws<DTypeError>("cummax: needs numbers, got [1] bool").by([] { cummax(tensor({true})); });
}

TEST_CASE("scans differentiate as their differences say") {
  Rng rng(2);
  const Tensor x = uniform({2, 7}, rng, -1, 1, float64);
  CHECK_THAT([](const Tensor& t) { return square(cummax(t * t * t)); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& t) { return square(cummin(t, 0)); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& t) { return logcumsumexp(t); }, DifferentiatesCorrectly(x).order(2));
}

}  // namespace xgrad
