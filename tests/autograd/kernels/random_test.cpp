#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "autograd/core/error.hpp"
#include "autograd/kernels/kernels.hpp"
#include "tests/autograd/kernels/array.hpp"

namespace random_test {

using namespace xgrad;
using test::Array;

namespace {

// The leading 53 bits of half a block, as a fraction.
double fraction(RandomState state, std::uint64_t element) {
  const auto block = philox(state.key, state.counter + element / 2);
  const std::size_t half = 2 * (element % 2);
  const std::uint64_t bits = block[half] | std::uint64_t{block[half + 1]} << 32;
  return std::ldexp(static_cast<double>(bits >> 11), -53);
}

/// FNV-1a of the bytes of 10,001 elements.
template <class T, class Draw>
std::uint64_t hash(Draw draw) {
  const Array<T> y(Shape{10001});
  draw(RandomState{0x0123456789abcdef, 0xfffff000}, y.view());
  const auto* bytes = static_cast<const unsigned char*>(y.view().data);
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < 10001 * sizeof(T); ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
  return hash;
}

}  // namespace

// A number that changed would change all that is computed with it: these stay.
TEST_CASE("random numbers are what they were") {
  using namespace kernels;
  CHECK(hash<float>([](auto from, const View& y) { uniform(from, -2, 3, y); }) == 0xb4906db37bb4c755);
  CHECK(hash<double>([](auto from, const View& y) { uniform(from, -2, 3, y); }) == 0x931b35ef03e59b10);
  CHECK(hash<std::int64_t>([](auto from, const View& y) { randint(from, -5, 100, y); }) == 0x4d0797bf789ffa76);
  CHECK(hash<std::int64_t>([](auto from, const View& y) { randint(from, -5, (std::uint64_t{1} << 40) + 12345, y); }) ==
        0xee2145521b248256);
  CHECK(hash<std::int64_t>([](auto from, const View& y) {
          randint(from, std::numeric_limits<std::int64_t>::min(), ~std::uint64_t{0}, y);
        }) == 0x26a55f463f4bbee0);
  CHECK(hash<float>([](auto from, const View& y) { normal(from, 1, 3, y); }) == 0x2f5a12d440100dcc);
  CHECK(hash<double>([](auto from, const View& y) { normal(from, 1, 3, y); }) == 0x9d7033d3f740fa30);
}

TEST_CASE("normal numbers have the moments and the tails of their distribution") {
  constexpr std::int64_t n = 1'000'000;
  const Array<double> y(Shape{n});
  kernels::normal({8, 0}, 0, 1, y.view());
  double sums[5] = {}, pairs = 0;
  std::int64_t beyond[5] = {};
  for (std::int64_t i = 0; i < n; ++i) {
    for (int power = 1; power < 5; ++power) sums[power] += std::pow(y[i], power) / n;
    for (int bound = 1; bound < 5; ++bound) beyond[bound] += std::abs(y[i]) > bound;
    if (i % 2) pairs += y[i - 1] * y[i] / (n / 2);
  }
  // Within 5 deviations of a mean of n numbers: sqrt(Var x^k / n), with variances 1, 2, 15, 96.
  CHECK(std::abs(sums[1]) < 5e-3);
  CHECK(std::abs(sums[2] - 1) < 5e-3 * std::sqrt(2));
  CHECK(std::abs(sums[3]) < 5e-3 * std::sqrt(15));
  CHECK(std::abs(sums[4] - 3) < 5e-3 * std::sqrt(96));
  CHECK(std::abs(pairs) < 5e-3 * std::sqrt(2));
  for (int bound = 1; bound < 5; ++bound) {
    const double p = std::erfc(bound / std::numbers::sqrt2);
    CHECK(std::abs(static_cast<double>(beyond[bound]) - n * p) < 5 * std::sqrt(n * p));
  }
}

TEST_CASE("uniform numbers are the leading bits of the stream") {
  const RandomState state{42, 1000};
  const Array<double> y(Shape{7});
  kernels::uniform(state, 0, 1, y.view());
  for (std::int64_t i = 0; i < 7; ++i) CHECK(y[i] == fraction(state, static_cast<std::uint64_t>(i)));
  const Array<float> z(Shape{7});
  kernels::uniform(state, 0, 1, z.view());
  for (std::int64_t i = 0; i < 7; ++i) CHECK(z[i] == static_cast<float>(std::floor(std::ldexp(y[i], 24)) / 16777216));
}

TEST_CASE("normal numbers are the Box-Muller transform of the stream") {
  const RandomState state{43, 5};
  const Array<double> y(Shape{7});
  kernels::normal(state, 3, 2, y.view());
  for (std::int64_t i = 0; i < 7; ++i) {
    const auto pair = static_cast<std::uint64_t>(i / 2 * 2);
    const double radius = std::sqrt(-2 * std::log(1 - fraction(state, pair)));
    const double angle = 2 * std::numbers::pi * fraction(state, pair + 1);
    CHECK(y[i] == Approx(3 + 2 * radius * (i % 2 ? std::sin(angle) : std::cos(angle))).epsilon(1e-14));
  }
}

TEMPLATE_TEST_CASE("uniform numbers stay below the upper end", "", float, double) {
  using T = TestType;
  const Array<T> y(Shape{100000});
  const double low = 1,
               high = static_cast<double>(std::nextafter(T{1}, T{2}));  // nothing between: rounding would end there
  kernels::uniform({1, 0}, low, high, y.view());
  for (const T value : y.values())
    if (value != T{1}) FAIL("a number is not in [low, high)");
  kernels::uniform({1, 0}, 2, 2, y.view());
  CHECK(y[0] == 2);
  CHECK(y[99999] == 2);
}

TEST_CASE("random numbers are floating") {
  const Array<std::int64_t> y(Shape{1});
  CHECK_THROWS_AS(kernels::uniform({}, 0, 1, y.view()), DTypeError);
  CHECK_THROWS_AS(kernels::normal({}, 0, 1, y.view()), DTypeError);
}

}  // namespace random_test
