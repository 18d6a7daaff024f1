#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "autograd/core/error.hpp"
#include "autograd/kernels/kernels.hpp"
#include "tests/autograd/kernels/array.hpp"

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

}  // namespace

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
