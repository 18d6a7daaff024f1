// Division with what it leaves, bits, and numbers in `where`.

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/autograd/ops/points.hpp"
#include "tests/throws.hpp"

namespace xgrad::whole_test {
namespace {

using Whole = std::int64_t;
constexpr Whole least = std::numeric_limits<Whole>::min(), most = std::numeric_limits<Whole>::max();

std::vector<Whole> wholes(const Tensor& x) {
  REQUIRE(x.dtype() == int64);
  const auto values = x.data<Whole>();
  return {values.begin(), values.end()};
}

// Rounded down.
Whole floor_of_quotient(Whole a, Whole b) {
  if (b == -1) return static_cast<Whole>(0 - static_cast<std::uint64_t>(a));
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

// Python's formulas for float numbers.
struct Divided {
  double quotient, left;

  Divided(double a, double b) : left(std::fmod(a, b)) {
    quotient = (a - left) / b;
    if (left != 0 && (left < 0) != (b < 0)) {
      left += b;
      quotient -= 1;
    }
    quotient = b == 0 ? a / b : std::floor(quotient) + (quotient - std::floor(quotient) > 0.5);
  }
};

}  // namespace

TEST_CASE("int64 division rounds down, and what it leaves has the sign of the divisor") {
  const std::vector<Whole> numbers{0, 1, -1, 2, -2, 3, -3, 7, -7, 10, -10, most, most - 1, least, least + 1};
  for (const Whole a : numbers)
    for (const Whole b : numbers) {
      if (b == 0) continue;
      const Tensor x = tensor({a}), y = tensor({b});
      const Whole quotient = floor_of_quotient(a, b), cut = b == -1 ? 0 : a % b;
      INFO(a << " by " << b);
      CHECK(wholes(floor_divide(x, y))[0] == quotient);
      CHECK(wholes(fmod(x, y))[0] == cut);
      CHECK(wholes(remainder(x, y))[0] == (cut != 0 && (cut < 0) != (b < 0) ? cut + b : cut));
    }
  CHECK(wholes(floor_divide(tensor({{7, -7}}), tensor({{2}, {-2}}))) == std::vector<Whole>{3, -4, -4, 3});
  CHECK(wholes(remainder(tensor({7, -7}), 4)) == std::vector<Whole>{3, 1});
  CHECK(wholes(remainder(-7, tensor({4, -4}))) == std::vector<Whole>{1, -3});
  CHECK(wholes(floor_divide(tensor({true, false}), tensor({1, -1}))) == std::vector<Whole>{1, 0});
  CHECK(remainder(zeros({0, 2}, int64), 3).shape() == Shape{0, 2});
}

TEST_CASE("float division leaves exactly what it should") {
  const std::vector<double> numbers{0.0, 0.1,  -0.1,  1,      -1,    2.5, -2.5, 3,
                                    -3,  1e10, -1e10, 1e-300, 1e300, inf, -inf, nan};
  for (const DType dtype : {float32, float64})
    for (const double u : numbers)
      for (const double v : numbers) {
        const Tensor x = tensor(u, dtype), y = tensor(v, dtype);
        const double a = x.item(), b = y.item();
        INFO(a << " by " << b << " in " << name(dtype));
        CHECK(same(fmod(x, y), {std::fmod(a, b)}, 0));
        const Divided expected(a, b);
        CHECK(same(remainder(x, y), {expected.left}, dtype == float32 ? 1e-7 : 0));
        CHECK(same(floor_divide(x, y), {expected.quotient}, dtype == float32 ? 1e-7 : 0));
      }
  const auto divided = [](double a, double b) { return floor_divide(tensor(a, float64), b).item(); };
  CHECK(divided(1, 0.1) == 9);  // 0.1 is a bit more than a tenth
  CHECK(divided(-1, 0.1) == -10);
  CHECK(divided(6, 0.1) == 59);
  CHECK(divided(-1, inf) == -1);
  CHECK(divided(1, inf) == 0);
  CHECK(std::isnan(divided(inf, 2)));
  CHECK(remainder(tensor(-1, float64), inf).item() == inf);
  CHECK(remainder(tensor(-1e-20, float64), 1).item() == 1);
}

TEST_CASE("fmod is std::fmod to the bit, of any bits and beside multiples of the divisor") {
  const auto agree = []<class Float>(Float, DType dtype) {
    using Bits = std::conditional_t<sizeof(Float) == 4, std::uint32_t, std::uint64_t>;
    Rng rng(3);
    std::vector<Float> a, b, expected;
    for (int i = 0; i < 30000; ++i) {
      const auto any = [&] {
        return std::bit_cast<Float>(
            static_cast<Bits>((rng.below(1u << 31) << 33) ^ (rng.below(1u << 31) << 11) ^ rng.below(1u << 31)));
      };
      const auto factor = static_cast<Float>(rng.below(100000) + 1);
      Float x = any(), y = any();
      if (i % 3 == 1) y = x / factor;
      if (i % 3 == 2) x = std::nextafter(y * factor, i % 2 ? Float{0} : x);
      a.push_back(x);
      b.push_back(y);
      expected.push_back(std::fmod(x, y));
    }
    const Tensor y = fmod(tensor(a, dtype), tensor(b, dtype));
    const auto got = y.data<Float>();
    int wrong = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
      wrong += !(std::isnan(expected[i]) ? std::isnan(got[i])
                                         : got[i] == expected[i] && std::signbit(got[i]) == std::signbit(expected[i]));
    CHECK(wrong == 0);
  };
  agree(float{}, float32);
  agree(double{}, float64);
}

TEST_CASE("what division leaves differentiates by the whole quotient") {
  const Tensor a = tensor({7.3, -7.3, 7.3, -7.3, 0.4, 11.0}, float64),
               b = tensor({2.1, 2.1, -2.1, -2.1, 3.0, 1.7}, float64);
  const Tensor x = track(a), y = track(b);
  for (const bool down : {true, false}) {
    const Tensor left = down ? remainder(x, y) : fmod(x, y), quotient = down ? floor(a / b) : trunc(a / b);
    CHECK(grad(sum(left), x).to_vector() == Numbers(6, 1));
    CHECK(grad(sum(left), y).to_vector() == (-quotient).to_vector());
  }
  for (auto* f : {fmod, remainder})
    CHECK_THAT([f](const Tensor& s, const Tensor& t) { return f(s * s * s, t * t); },
               DifferentiatesCorrectly({a / 5, b}).order(2));
  // At a kink, where nothing is left, the quotient is whole.
  CHECK(grad(sum(fmod(x, y)), y).dtype() == float64);
  const Tensor six = track(tensor({6.0, -6.0})), two = track(tensor({2.0, 2.0}));
  CHECK(grad(sum(remainder(six, two)), two).to_vector() == Numbers{-3, 3});
  CHECK(grad(sum(fmod(six, two)), two).to_vector() == Numbers{-3, 3});
  const Tensor whole = floor_divide(x, y);
  CHECK(grad(sum(whole), {x, y}, {.allow_unused = true})[0].to_vector() == Numbers(6, 0));
  CHECK(grad(sum(remainder(x, x)), x).to_vector() == Numbers(6, 0));
}

TEST_CASE("bits of whole numbers") {
  const std::vector<Whole> numbers{0, 1, -1, 5, -6, 1 << 20, most, least};
  for (const Whole a : numbers)
    for (const Whole b : numbers) {
      const Tensor x = tensor({a}), y = tensor({b});
      CHECK(wholes(x & y)[0] == (a & b));
      CHECK(wholes(x | y)[0] == (a | b));
      CHECK(wholes(x ^ y)[0] == (a ^ b));
      CHECK(wholes(~x)[0] == ~a);
    }
  CHECK(wholes(bitwise_and(tensor({{6}, {3}}), tensor({1, 2}))) == std::vector<Whole>{0, 2, 1, 2});
  CHECK(wholes(bitwise_or(tensor({6, 9}), 1)) == std::vector<Whole>{7, 9});
  CHECK(wholes(tensor({true, false}) & tensor({3, 3})) == std::vector<Whole>{1, 0});
  CHECK(wholes(left_shift(tensor({1, -3, 5}), tensor({3, 1, 63}))) == std::vector<Whole>{8, -6, least});
  CHECK(wholes(left_shift(7, tensor({64, 1000}))) == std::vector<Whole>{0, 0});
  CHECK(wholes(right_shift(tensor({8, -3, -1, least, 5, -5}), tensor({3, 1, 5, 63, 64, 1000}))) ==
        std::vector<Whole>{1, -2, -1, -1, 0, -1});
}

TEST_CASE("bits of masks") {
  const Tensor a = tensor({true, true, false, false}), b = tensor({true, false, true, false});
  CHECK((a & b).dtype() == boolean);
  CHECK((a & b).to_vector() == Numbers{1, 0, 0, 0});
  CHECK((a | b).to_vector() == Numbers{1, 1, 1, 0});
  CHECK((a ^ b).to_vector() == Numbers{0, 1, 1, 0});
  CHECK((~a).to_vector() == Numbers{0, 0, 1, 1});
}

TEST_CASE("division and bits refuse what they cannot take") {
  const Tensor whole = tensor({1, 2}), real = tensor({1.0, 2.0}), mask = tensor({true, false});
  throws<ValueError>("remainder: fmod: integer division by zero").by([&] { remainder(whole, 0).to_vector(); });
  throws<ValueError>("floor_divide: fmod: integer division by zero").by([&] { floor_divide(whole, 0).to_vector(); });
  throws<ValueError>("fmod: integer division by zero").by([&] { fmod(whole, tensor({1, 0})).to_vector(); });
  throws<DTypeError>("fmod: dtypes differ: lhs [2] i64, rhs [2] f32 (cast one of them)").by([&] { fmod(whole, real); });
  throws<DTypeError>("bitwise_or: needs int64 or bool, got [2] f32").by([&] { return real | real; });
  throws<DTypeError>("bitwise_not: bitwise_xor: needs int64 or bool, got [2] f32").by([&] { return ~real; });
  throws<DTypeError>("left_shift: needs int64, got [2] bool").by([&] { left_shift(mask, mask); });
  throws<DTypeError>("right_shift: needs int64, got [2] f32").by([&] { right_shift(real, 1); });
  throws<ValueError>("left_shift: shift by -1 bits").by([&] { left_shift(whole, -1).to_vector(); });
  throws<ValueError>("right_shift: shift by -2 bits").by([&] { right_shift(whole, tensor({0, -2})).to_vector(); });
  throws<ShapeError>("bitwise_and: sizes 2 and 3 differ at axis 0 of shapes [2] and [3]").by([&] {
    return whole & tensor({1, 2, 3});
  });
}

TEST_CASE("a number stands on either side of where") {
  const Tensor mask = tensor({true, false});
  const Tensor x = track(tensor({nan, 2.0}, float64));
  CHECK(same(where(mask, 0, x), {0, 2}, 0));
  CHECK(same(where(mask, x, 0.5), {nan, 0.5}, 0));
  CHECK(where(mask, x, 0.5).dtype() == float64);
  CHECK(where(mask, tensor({1, 2}), 7).dtype() == int64);
  CHECK(where(mask, 1, 0).dtype() == int64);
  CHECK(where(mask, 1.0, 0).dtype() == float32);
  CHECK(where(mask, 1, 0.5).to_vector() == Numbers{1, 0.5});
  CHECK(where(mask, mask, 2).to_vector() == Numbers{1, 2});
  CHECK(where(mask, 1.5, tensor({{1.0}, {2.0}})).to_vector() == Numbers{1.5, 1, 1.5, 2});
  CHECK(grad(sum(where(mask, 0, x * x)), x).to_vector() == Numbers{0, 4});
  throws<DTypeError>("the number 0.5 has a point, beside [2] i64; cast that to a floating dtype").by([&] {
    where(mask, tensor({1, 2}), 0.5);
  });
}

TEST_CASE("an undefined operand of division or of bits is an error") {
  const Tensor none, x = tensor({1});
  CHECK_THROWS_AS(fmod(none, x), GraphError);
  CHECK_THROWS_AS(remainder(x, none), GraphError);
  CHECK_THROWS_AS(floor_divide(none, 2), GraphError);
  CHECK_THROWS_AS(bitwise_and(x, none), GraphError);
  CHECK_THROWS_AS(bitwise_not(none), GraphError);
  CHECK_THROWS_AS(left_shift(none, 1), GraphError);
}

}  // namespace xgrad::whole_test
