// What becomes of numbers that a stream seldom has: the ends of their range, and the places where formulas change.

#include "autograd/engine/draws/draw_numbers.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <vector>

namespace xgrad::fused::draw_numbers_test {
namespace {

using L = DrawLanes<xsimd::default_arch>;

std::vector<std::uint64_t> hard_bits() {
  std::vector<std::uint64_t> all;
  for (int shift = 0; shift < 64; ++shift)
    for (std::uint64_t near = 0; near < 3; ++near) {
      const std::uint64_t power = std::uint64_t{1} << shift;
      all.push_back(power - near), all.push_back(power + near), all.push_back(~power + near);
    }
  for (std::uint64_t eighth = 0; eighth < 8; ++eighth)  // where the quarter of a turn changes, and between
    for (std::uint64_t near = 0; near < 5; ++near)
      for (const int unit : {0, 11, 30})
        all.push_back((eighth << 61) + (near << unit)), all.push_back((eighth << 61) - (near << unit));
  return all;
}

L::Words each(std::uint64_t bits) { return L::Words(bits); }
double first_lane(L::R x) {
  double lanes[L::width];
  L::store(lanes, x);
  return lanes[0];
}
double fraction(std::uint64_t bits) { return std::ldexp(static_cast<double>(bits >> 11), -53); }

/// In units of the last place of a double of that size.
double distance(double x, double wanted) {
  if (x == wanted) return 0;
  return std::abs(x - wanted) / std::ldexp(1.0, std::ilogb(wanted) - 52);
}

}  // namespace

TEST_CASE("radii of normal numbers are finite, and those of the C library", "[draws]") {
  for (const std::uint64_t bits : hard_bits()) {
    const double wanted = std::sqrt(-2 * std::log(1 - fraction(bits))), r = first_lane(radius<L>(each(bits)));
    INFO(bits << ": " << r << ", " << wanted);
    CHECK(distance(r, wanted) <= 2);
  }
  CHECK(first_lane(radius<L>(each(0))) == 0);
  CHECK(first_lane(radius<L>(each(~std::uint64_t{0}))) == Approx(std::sqrt(106 * std::numbers::ln2)));
}

TEST_CASE("points on the circle of normal numbers are those of the C library", "[draws]") {
  for (const std::uint64_t bits : hard_bits()) {
    const double angle = 2 * std::numbers::pi * fraction(bits);
    const auto point = on_circle<L>(each(bits));
    INFO(bits << ": " << first_lane(point.cosine) << ", " << first_lane(point.sine) << " at " << angle);
    CHECK(distance(first_lane(point.cosine), std::cos(angle)) <= 2);
    CHECK(distance(first_lane(point.sine), std::sin(angle)) <= 2);
  }
}

TEST_CASE("whole numbers carry from one word to the next", "[draws]") {
  for (const std::uint64_t first : hard_bits())
    for (const std::uint64_t range :
         {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}, std::uint64_t{0x80000001}, std::uint64_t{0xffffffff}}) {
      // The second number whose part just carries into the first one's, and the one before.
      const std::uint64_t rest = static_cast<std::uint64_t>(static_cast<unsigned __int128>(range) * first);
      const std::uint64_t carries = static_cast<std::uint64_t>(
          std::min<unsigned __int128>(~std::uint64_t{0}, ((static_cast<unsigned __int128>(~rest) + 1) << 64) / range));
      for (const std::uint64_t second : {carries - 1, carries, carries + 1, std::uint64_t{0}, ~std::uint64_t{0}}) {
        const unsigned __int128 part = static_cast<unsigned __int128>(range) * second >> 64;
        const auto wanted = static_cast<std::uint64_t>((static_cast<unsigned __int128>(range) * first + part) >> 64);
        std::uint64_t lanes[L::width];
        scaled<L>(each(first), each(second), each(range)).store_unaligned(lanes);
        if (lanes[0] != wanted) FAIL_CHECK(range << " of " << first << ", " << second << ": " << lanes[0]);
      }
    }
}

TEST_CASE("numbers become fractions without rounding", "[draws]") {
  for (const std::uint64_t bits : hard_bits()) {
    CHECK(first_lane(L::leading_bits(each(bits))) == static_cast<double>(bits >> 11));
    float singles[2 * L::width];
    L::Singles::store(singles, L::leading_bits_between(each(bits), each(~bits)));
    CHECK(singles[0] == static_cast<float>(bits >> 40));
    CHECK(singles[1] == static_cast<float>(~bits >> 40));
  }
}

}  // namespace xgrad::fused::draw_numbers_test
