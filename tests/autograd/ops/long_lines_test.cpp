// Running results along long and many lines, and products of the others: those of a plain loop, the same bits on any
// number of threads.

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/autograd/ops/bits.hpp"

namespace xgrad::long_lines_test {

namespace {

using Numbers = std::vector<double>;
using Line = std::vector<long double>;

struct Scan {
  const char* name;
  Tensor (*function)(const Operand&, std::int64_t);
  void (*loop)(Line& line);  // in place
  bool is_exact, is_whole;   // to the bit; of int64, too
};

template <class Join>
void run(Line& line, Join join) {
  for (std::size_t i = 1; i < line.size(); ++i) line[i] = join(line[i - 1], line[i]);
}

const std::vector<Scan> scans{
    {"cummax", cummax, [](Line& x) { run(x, [](auto a, auto b) { return std::max(a, b); }); }, true, true},
    {"cummin", cummin, [](Line& x) { run(x, [](auto a, auto b) { return std::min(a, b); }); }, true, true},
    {"cumprod", cumprod, [](Line& x) { run(x, [](auto a, auto b) { return a * b; }); }, false, false},
    {"logcumsumexp", logcumsumexp,
     [](Line& x) { run(x, [](auto a, auto b) { return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))); }); },
     false, false},
    {"product_of_others", product_of_others,
     [](Line& x) {
       Line behind(x.size() + 1, 1);
       for (std::size_t i = x.size(); i-- > 0;) behind[i] = behind[i + 1] * x[i];
       long double before = 1;
       for (std::size_t i = 0; i < x.size(); ++i) {
         const long double factor = x[i];
         x[i] = before * behind[i + 1];
         before *= factor;
       }
     },
     false, false},
};

// What the loop gives, in the places of the elements.
std::vector<long double> by_loop(const Scan& scan, const Tensor& x, std::int64_t axis) {
  const Numbers values = x.to_vector();
  Line all(values.begin(), values.end());
  std::int64_t inner = 1;
  for (std::int64_t i = axis + 1; i < x.ndim(); ++i) inner *= x.size(i);
  const std::int64_t size = x.size(axis);
  for (std::int64_t i = 0; i < x.numel() / std::max<std::int64_t>(1, size); ++i) {
    const std::int64_t first = i / inner * size * inner + i % inner;
    Line line;
    for (std::int64_t k = 0; k < size; ++k) line.push_back(all[static_cast<std::size_t>(first + k * inner)]);
    scan.loop(line);
    for (std::int64_t k = 0; k < size; ++k)
      all[static_cast<std::size_t>(first + k * inner)] = line[static_cast<std::size_t>(k)];
  }
  return all;
}

// One line, few and many of them, side by side and one behind the other, with parts and without, and what is left over.
const std::vector<std::pair<Shape, std::int64_t>> kinds{
    {{100'003}, 0}, {{3, 70'001}, 1}, {{40'000, 3}, 0},     {{2, 16'385, 2}, 1}, {{40, 5000}, 1},
    {{5000, 7}, 0}, {{50, 1300}, 0},  {{2, 30, 600}, 1},    {{999, 50}, 1},      {{3, 11}, 1},
    {{17, 65}, 0},  {{1}, 0},         {{2, 4, 1, 3, 5}, 3}, {{3, 0}, 1},         {{0, 3}, 1}};

Tensor made(const Shape& shape, DType dtype, bool near_one) {
  Rng rng(5);
  if (dtype == int64) return randint(shape, rng, -1'000'000'000'000, 1'000'000'000'000);
  return near_one ? uniform(shape, rng, 0.99, 1.01, dtype) : normal(shape, rng, 0, 3, dtype);
}

}  // namespace

TEST_CASE("running results are those of a loop, the same bits on any number of threads") {
  for (const Scan& scan : scans)
    for (const auto& [shape, axis] : kinds)
      for (const DType dtype : {float64, float32, int64}) {
        if (dtype == int64 && !scan.is_whole) continue;
        const Tensor x = made(shape, dtype, !scan.is_exact && scan.function != logcumsumexp);
        INFO(scan.name << ' ' << shape << ' ' << name(dtype));
        const Numbers y = test::same_on_threads([&, axis = axis] { return scan.function(x, axis); });
        const std::vector<long double> expected = by_loop(scan, x, axis);
        double worst = 0;
        for (std::size_t i = 0; i < y.size(); ++i) {
          const auto off = static_cast<double>(std::abs(y[i] - expected[i]));
          worst = std::max(worst, off / std::max(1.0, std::abs(static_cast<double>(expected[i]))));
        }
        CHECK(worst <= (scan.is_exact ? 0 : dtype == float32 ? 1.2e-7 : 1e-11));
      }
}

TEST_CASE("running results of what is transposed and sliced are those of a copy") {
  Rng rng(6);
  const Tensor x = uniform({40, 30, 20}, rng, 0.9, 1.1, float64);
  const Tensor view = slice(permute(x, {2, 0, 1}), 1, 1, 33, 3),
               copied = tensor(view.to_vector(), view.shape(), float64);
  for (const Scan& scan : scans)
    for (std::int64_t axis = 0; axis < 3; ++axis)
      CHECK(scan.function(view, axis).to_vector() == scan.function(copied, axis).to_vector());
}

TEST_CASE("running results pass NaN and infinities on, in parts, too") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const std::size_t n = 100'000, at = 70'000;
  for (const DType dtype : {float32, float64})
    for (const double odd : {nan, inf, -inf}) {
      Numbers x(n, 1);
      x[at] = odd;
      const Tensor line = tensor(x, dtype);
      const Numbers most = cummax(line, 0).to_vector(), least = cummin(line, 0).to_vector(),
                    sums = logcumsumexp(line, 0).to_vector();
      for (const Numbers* y : {&most, &least, &sums}) CHECK(std::isfinite((*y)[at - 1]));
      CHECK(std::isnan(most[n - 1]) == std::isnan(odd));
      CHECK(std::isnan(least[n - 1]) == std::isnan(odd));
      CHECK(std::isnan(sums[n - 1]) == std::isnan(odd));
      if (std::isnan(odd)) continue;
      CHECK(most[n - 1] == std::max(odd, 1.0));
      CHECK(least[n - 1] == std::min(odd, 1.0));
      if (odd > 0)
        CHECK(sums[n - 1] == inf);
      else
        CHECK(sums[n - 1] == Approx(1 + std::log(n - 1.0)).epsilon(1e-7));
    }
}

TEST_CASE("equal running extremes share the derivative evenly") {
  const Tensor x = track(tensor({2.0, 1.0, 2.0, 2.0, 3.0}, float64));
  const Tensor g = tensor({1.0, 10.0, 100.0, 1000.0, 10'000.0}, float64);
  // y = 2 2 2 2 3: alone, alone, of two, of three, alone.
  const Numbers shares = grad(sum(g * cummax(x)), x).to_vector(),
                expected{61 + 1000 / 3.0, 0, 50 + 1000 / 3.0, 1000 / 3.0, 10'000};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(shares[i] == Approx(expected[i]).margin(1e-12));
  const Numbers of_least = grad(sum(g * cummin(-x)), x).to_vector();
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(of_least[i] == Approx(-expected[i]).margin(1e-12));
}

TEST_CASE("products of the others are exact with zeros, in every order") {
  const auto others = [](const Tensor& x) { return product_of_others(x); };
  const auto product = [](const Tensor& x) { return prod(x); };
  for (const Numbers& x : {Numbers{2, 0, 3, 4}, Numbers{2, 0, 3, 0, 5}, Numbers{0, 0, 0, 0}, Numbers{-1, 2, 0.5}}) {
    CHECK_THAT(others, DifferentiatesCorrectly(tensor(x, float64)).order(3));
    CHECK_THAT(product, DifferentiatesCorrectly(tensor(x, float64)).order(3));
  }
  CHECK(product_of_others(tensor({2, 0, 3, 4})).to_vector() == Numbers{0, 24, 0, 0});
  CHECK(product_of_others(tensor({2, 0, 0, 4})).to_vector() == Numbers{0, 0, 0, 0});
  CHECK(product_of_others(tensor({7})).to_vector() == Numbers{1});
  // Where the product overflows or underflows, those of the others need not.
  CHECK(product_of_others(tensor({1e300, 1e-300, 1e300}, float64)).to_vector() ==
        Numbers{1, std::numeric_limits<double>::infinity(), 1});
  const Tensor x = track(tensor({1e30f, 1e-30f, 1e30f}));
  CHECK(grad(prod(x), x).to_vector()[0] == Approx(1));
  CHECK_THROWS_AS(product_of_others(tensor({true})), DTypeError);
  CHECK_THROWS_AS(product_of_others(tensor({1.0}), 1), AxisError);
}

TEST_CASE("the derivative of a product over any axes is the product of the others") {
  Rng rng(7);
  const Tensor x = uniform({2, 3, 2, 2}, rng, -1, 1, float64);
  for (const std::vector<std::int64_t>& axes : std::vector<std::vector<std::int64_t>>{
           {0}, {1}, {3}, {0, 1}, {1, 2}, {2, 3}, {0, 2}, {1, 3}, {0, 3}, {0, 1, 3}, {0, 1, 2, 3}})
    CHECK_THAT([&](const Tensor& t) { return square(prod(t, axes)); }, DifferentiatesCorrectly(x).order(2));
}

}  // namespace xgrad::long_lines_test
