#include "autograd/ops/scans.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::scans_test {
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
  throws<DTypeError>("cummax: needs numbers, got [1] bool (cast makes numbers of it; |, & and ^ join masks)").by([] {
    cummax(tensor({true}));
  });
}

TEST_CASE("scans differentiate as their differences say") {
  Rng rng(2);
  const Tensor x = uniform({2, 7}, rng, -1, 1, float64);
  CHECK_THAT([](const Tensor& t) { return square(cummax(t * t * t)); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& t) { return square(cummin(t, 0)); }, DifferentiatesCorrectly(x).order(2));
  CHECK_THAT([](const Tensor& t) { return logcumsumexp(t); }, DifferentiatesCorrectly(x).order(2));
}

TEST_CASE("running sums in parts are those of a loop, the same bits on any number of threads") {
  const int before = num_threads();
  // Long ones, rows that lie side by side, long rows that are added, and some of each.
  const std::vector<std::pair<Shape, std::int64_t>> kinds{{{100'003}, 0},      {{3, 70'000}, 1}, {{40'000, 3}, 0},
                                                          {{2, 16'385, 2}, 1}, {{40, 5000}, 1},  {{5000, 7}, 0},
                                                          {{50, 1300}, 0},     {{2, 30, 600}, 1}};
  for (const auto& [shape, axis] : kinds)
    for (const DType dtype : {float64, float32, int64})
      for (const bool reverse : {false, true}) {
        Rng rng(3);
        const Tensor x = dtype == int64 ? randint(shape, rng, -1'000'000'000'000'000'000, 1'000'000'000'000'000'000)
                                        : normal(shape, rng, 0.1, 1, dtype);
        std::vector<Numbers> results;
        for (const int threads : {1, 2, 3, 5}) {
          set_num_threads(threads);
          results.push_back(cumsum(x, axis, reverse).to_vector());
        }
        for (const Numbers& other : results) CHECK(other == results[0]);
        // With long double, along the axis.
        const Numbers values = x.to_vector();
        const std::int64_t size = shape[axis], inner = axis == shape.ndim() - 1 ? 1 : shape.back();
        double worst = 0;
        for (std::int64_t i = 0; i < x.numel() / size; ++i) {
          long double sum = 0, sizes = 0;
          for (std::int64_t k = 0; k < size; ++k) {
            const std::int64_t row = i / inner * size + (reverse ? size - 1 - k : k);
            const auto at = static_cast<std::size_t>(row * inner + i % inner);
            sum += values[at];
            sizes += std::abs(values[at]);
            worst = std::max(worst, static_cast<double>(std::abs(sum - results[0][at]) / sizes));
          }
        }
        INFO(shape << ' ' << name(dtype));
        if (dtype != int64) CHECK(worst < (dtype == float32 ? 6e-8 : 1e-14));
      }
  set_num_threads(before);
}

TEST_CASE("running sums in parts wrap, overflow and pass NaN on where the others do") {
  const auto n = static_cast<std::size_t>(100'000);
  Numbers x(n, 1);
  x[70'000] = std::numeric_limits<double>::quiet_NaN();
  Numbers sums = cumsum(tensor(x, float64), 0).to_vector();
  CHECK(sums[69'999] == 70'000);
  CHECK(std::isnan(sums[70'000]));
  CHECK(std::isnan(sums[n - 1]));
  const double inf = std::numeric_limits<double>::infinity(), large = 1e308;
  x[70'000] = inf;
  sums = cumsum(tensor(x, float64), 0).to_vector();
  CHECK(sums[69'999] == 70'000);
  CHECK(sums[n - 1] == inf);
  // Parts that overflow, and one after the other does not.
  for (std::size_t i = 0; i < n; ++i) x[i] = i % 2 ? -large : large;
  sums = cumsum(tensor(x, float64), 0).to_vector();
  for (std::size_t i = 0; i < n; i += 9) CHECK(sums[i] == (i % 2 ? 0 : large));
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> whole(n, most);
  const auto wrapped = cumsum(tensor(whole), 0).to_vector<std::int64_t>();
  for (std::size_t i = 0; i < n; i += 7)
    CHECK(static_cast<std::uint64_t>(wrapped[i]) == static_cast<std::uint64_t>(most) * (i + 1));
}

TEST_CASE("a linear recurrence is that of a loop, whichever its axis") {
  Rng rng(4);
  for (const std::int64_t n : {1, 2, 9, 40}) {
    const Tensor a = uniform({2, n, 3}, rng, -1, 1, float64), b = uniform({2, n, 3}, rng, -1, 1, float64);
    const Numbers got = linear_recurrence(a, b, 1).to_vector(), factors = a.to_vector(), terms = b.to_vector();
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 3; ++j) {
        double h = 0;
        for (std::size_t k = 0; k < static_cast<std::size_t>(n); ++k) {
          const std::size_t at = (i * static_cast<std::size_t>(n) + k) * 3 + j;
          h = factors[at] * h + terms[at];
          CHECK(got[at] == Approx(h).margin(1e-15));
        }
      }
  }
  const Tensor a = uniform({2, 5}, rng, -1, 1, float64), b = uniform({2, 5}, rng, -1, 1, float64);
  const auto f = [](std::int64_t axis) {
    return [axis](const Tensor& s, const Tensor& t) { return square(linear_recurrence(s, t, axis)); };
  };
  CHECK_THAT(f(1), DifferentiatesCorrectly({a, b}).order(2));
  CHECK_THAT(f(0), DifferentiatesCorrectly({a, b}).order(2));
  CHECK(linear_recurrence(tensor({7, 2, 3}), tensor({1, 1, 1})).to_vector() == Numbers{1, 3, 10});
  CHECK(linear_recurrence(tensor({std::nan(""), 2.0}), tensor({1.0, 1.0})).to_vector() == Numbers{1, 3});
  CHECK(linear_recurrence(tensor(0.5), tensor({1.0, 1.0, 1.0})).to_vector() == Numbers{1, 1.5, 1.75});
  CHECK(linear_recurrence(zeros({0, 2}), zeros({0, 2}), 0).shape() == Shape{0, 2});
  throws<DTypeError>("linear_recurrence: needs numbers, got [1] bool (cast makes numbers of it; |, & and ^ join masks)")
      .by([] { linear_recurrence(tensor({true}), tensor({true})); });
  CHECK_THROWS_AS(linear_recurrence(zeros({2}), zeros({2}), 1), AxisError);
}

TEST_CASE("running products with zeros, huge and tiny factors, and of other dtypes") {
  const double inf = std::numeric_limits<double>::infinity();
  const auto products = [](const Tensor& x) { return cumprod(x); };
  for (const Numbers& x : {Numbers{2, 0, 3, 4}, Numbers{2, 0, 3, 0, 5}, Numbers{0, 0, 0}, Numbers{-1, 2, 0.5}})
    CHECK_THAT(products, DifferentiatesCorrectly(tensor(x, float64)).order(3));
  const Tensor x = track(tensor({2.0, 0.0, 3.0, 0.0, 5.0}, float64));
  const Tensor first = grad(sum(cumprod(x)), x, {.create_graph = true});
  CHECK(first.to_vector() == Numbers{1, 8, 0, 0, 0});
  CHECK(grad(sum(first), x).to_vector() == Numbers{4, 42, 2, 36, 0});
  // What overflows or underflows on the way is inf or 0 as one after the other, not a NaN.
  CHECK(cumprod(tensor({1e200, 1e200, 1e-300, 1e-300}, float64)).to_vector() == Numbers{1e200, inf, inf, inf});
  CHECK(cumprod(tensor({1e-200, 1e-200, 1e300, 1e300}, float64)).to_vector() == Numbers{1e-200, 0, 0, 0});
  CHECK(cumprod(tensor({2, 3, 4})).to_vector() == Numbers{2, 6, 24});
  const Tensor mask = cumprod(tensor({true, true, false, true}));
  CHECK(mask.dtype() == int64);
  CHECK(mask.to_vector() == Numbers{1, 1, 0, 0});
  CHECK(cumprod(zeros({2, 0})).shape() == Shape{2, 0});
}

TEST_CASE("logarithms of running sums where they are infinite") {
  const double inf = std::numeric_limits<double>::infinity();
  const auto both = [](const Numbers& x) {
    const Tensor at = track(tensor(x, float64)), y = logcumsumexp(at);
    return std::pair(y.to_vector(), grad(sum(y), at).to_vector());
  };
  CHECK(both({0, inf, 1, -inf}) == std::pair(Numbers{0, inf, inf, inf}, Numbers{1, 3, 0, 0}));
  CHECK(both({0, -inf}) == std::pair(Numbers{0, 0}, Numbers{2, 0}));
  CHECK(both({-inf, -inf, 0}).first == Numbers{-inf, -inf, 0});
  CHECK(both({-inf, -inf, 0}).second == Numbers{0, 0, 1});
  CHECK(both({-inf, 2, inf, inf}) == std::pair(Numbers{-inf, 2, inf, inf}, Numbers{0, 1, 2, 1}));
  CHECK(both({1000, -1000}) == std::pair(Numbers{1000, 1000}, Numbers{2, 0}));
  CHECK(cummax(tensor({-inf, inf, 1.0}, float64)).to_vector() == Numbers{-inf, inf, inf});
}

}  // namespace xgrad::scans_test
