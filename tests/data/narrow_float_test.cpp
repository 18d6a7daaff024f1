#include "data/narrow_float.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace narrow_float_test {

using namespace xgrad;

namespace {

struct Format {
  const char* name;
  std::uint16_t (*from_float)(float);
  std::uint16_t (*from_double)(double);
  float (*widen)(std::uint16_t);
  int exponent_bits, fraction_bits;

  std::uint16_t infinity() const { return static_cast<std::uint16_t>(((1 << exponent_bits) - 1) << fraction_bits); }
  bool is_nan(std::uint16_t bits) const { return (bits & 0x7fff) > infinity(); }
  /// What the bits mean, by the definition of the format.
  double meaning(std::uint16_t bits) const {
    const int field = (bits & 0x7fff) >> fraction_bits, bias = (1 << (exponent_bits - 1)) - 1;
    const double fraction = bits & ((1 << fraction_bits) - 1), unit = std::ldexp(1, fraction_bits);
    const double magnitude = (bits & 0x7fff) == infinity() ? INFINITY
                             : field == 0                  ? std::ldexp(fraction / unit, 1 - bias)
                                                           : std::ldexp(1 + fraction / unit, field - bias);
    return bits & 0x8000 ? -magnitude : magnitude;
  }
};

const Format formats[] = {{"half", data::to_half, data::to_half, data::from_half, 5, 10},
                          {"bfloat", data::to_bfloat, data::to_bfloat, data::from_bfloat, 8, 7}};

/// Both conversions, where the number is a float.
void check_narrowed(const Format& format, double value, int expected) {
  INFO(format.name << " of " << value);
  REQUIRE(format.from_double(value) == expected);
  REQUIRE(format.from_double(-value) == (expected | 0x8000));
  const float single = static_cast<float>(value);
  if (static_cast<double>(single) != value) return;
  REQUIRE(format.from_float(single) == expected);
  REQUIRE(format.from_float(-single) == (expected | 0x8000));
}

}  // namespace

TEST_CASE("every pattern of 16 bits has its meaning as a float, and comes back", "[narrow_float]") {
  for (const Format& format : formats) {
    INFO(format.name);
    bool right = true;
    for (int i = 0; i < 65536; ++i) {
      const auto bits = static_cast<std::uint16_t>(i);
      const float value = format.widen(bits);
      right = right && std::isnan(value) == format.is_nan(bits) && std::signbit(value) == (bits >> 15 != 0);
      if (!format.is_nan(bits)) right = right && static_cast<double>(value) == format.meaning(bits);
      right = right && format.from_float(value) == bits;
      if (!format.is_nan(bits)) right = right && format.from_double(format.meaning(bits)) == bits;
      if (!right) FAIL("bits " << i);
    }
    CHECK(right);
  }
}

TEST_CASE("between two neighbours the nearer one is taken, and the even one in the middle", "[narrow_float]") {
  for (const Format& format : formats) {
    INFO(format.name);
    // The last neighbour of the largest number would be the next power of two, and is infinity.
    for (int lower = 0; lower < format.infinity(); ++lower) {
      const int upper = lower + 1;
      const double a = format.meaning(static_cast<std::uint16_t>(lower));
      const double b = upper == format.infinity() ? std::ldexp(1, 1 << (format.exponent_bits - 1))
                                                  : format.meaning(static_cast<std::uint16_t>(upper));
      const double middle = a + (b - a) / 2;  // exact: a double has bits to spare
      const auto of = format.from_double;
      const bool right = of(middle) == (lower % 2 == 0 ? lower : upper) && of(std::nextafter(middle, 0)) == lower &&
                         of(std::nextafter(middle, INFINITY)) == upper && of(std::nextafter(b, 0)) == upper;
      if (!right) FAIL("between bits " << lower << " and " << upper);
      const float single = static_cast<float>(middle);
      const auto narrow = format.from_float;
      if (static_cast<double>(single) == middle && middle < 3e38) {
        const bool same = narrow(single) == (lower % 2 == 0 ? lower : upper) &&
                          narrow(std::nextafter(single, 0.0f)) == lower &&
                          narrow(std::nextafter(single, INFINITY)) == upper;
        if (!same) FAIL("between bits " << lower << " and " << upper << ", from float");
      }
    }
  }
  CHECK(data::to_half(65519.99) == 0x7bff);
}

TEST_CASE("numbers beyond a narrow format become infinite, and tiny ones 0", "[narrow_float]") {
  check_narrowed(formats[0], 65504, 0x7bff);
  check_narrowed(formats[0], 65519, 0x7bff);
  check_narrowed(formats[0], 65520, 0x7c00);
  check_narrowed(formats[0], 1e300, 0x7c00);
  check_narrowed(formats[0], INFINITY, 0x7c00);
  check_narrowed(formats[0], std::ldexp(1, -24), 1);
  check_narrowed(formats[0], std::ldexp(1, -25), 0);
  check_narrowed(formats[0], std::ldexp(1.0000001, -25), 1);
  check_narrowed(formats[0], std::ldexp(1.0000001, -26), 0);
  check_narrowed(formats[0], std::numeric_limits<float>::denorm_min(), 0);
  check_narrowed(formats[0], std::numeric_limits<double>::denorm_min(), 0);
  check_narrowed(formats[0], 0, 0);
  check_narrowed(formats[1], std::numeric_limits<float>::max(), 0x7f80);
  check_narrowed(formats[1], 3.39e38, 0x7f7f);
  check_narrowed(formats[1], std::ldexp(1, 128), 0x7f80);
  check_narrowed(formats[1], std::ldexp(1, -133), 1);
  check_narrowed(formats[1], std::ldexp(1, -134), 0);
  check_narrowed(formats[1], std::numeric_limits<double>::denorm_min(), 0);
}

TEST_CASE("a double is rounded once on its way to 16 bits", "[narrow_float]") {
  // As a float this would be the middle between 1 and its neighbour, which goes to the even one.
  CHECK(data::to_half(1 + std::ldexp(1, -11) + std::ldexp(1, -40)) == 0x3c01);
  CHECK(data::to_bfloat(1 + std::ldexp(1, -8) + std::ldexp(1, -40)) == 0x3f81);
  CHECK(data::to_half(1 + std::ldexp(1, -11)) == 0x3c00);
}

TEST_CASE("NaN stays NaN even where its payload does not fit", "[narrow_float]") {
  for (const std::uint32_t bits : {0x7f800001u, 0xff800001u, 0x7fc00000u, 0x7fffffffu}) {
    const float nan = std::bit_cast<float>(bits);
    for (const Format& format : formats) {
      CHECK(format.is_nan(format.from_float(nan)));
      CHECK(format.from_float(nan) >> 15 == bits >> 31);
    }
  }
  const double nan = std::bit_cast<double>(0xfff0000000000001u);
  CHECK(data::to_half(nan) == 0xfc01);
  CHECK(data::to_bfloat(nan) == 0xff81);
}

TEST_CASE("narrowing does not depend on the rounding mode", "[narrow_float]") {
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    const auto up = data::to_half(1.0007f), down = data::to_half(1.0003f);
    const auto least = data::from_half(1), most = data::from_half(0x7bff);
    std::fesetround(FE_TONEAREST);
    CHECK(up == 0x3c01);
    CHECK(down == 0x3c00);
    CHECK(least == std::ldexp(1.0f, -24));
    CHECK(most == 65504);
  }
}

}  // namespace narrow_float_test
