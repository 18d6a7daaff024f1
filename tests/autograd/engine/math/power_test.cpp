// x^y, against long double.

#include "tests/autograd/engine/math/elementary.hpp"
#include "tests/autograd/engine/pick.hpp"

namespace power_test {

using namespace xgrad;
using namespace xgrad::fused;
using namespace xgrad::fused::testing;

namespace {

using Exact = long double;

const std::vector<Function> power = {
    {Code::pow, "pow", [](Exact x, Exact y) { return std::pow(x, y); }, {0, 8}, {-40, 40}, 1.5}};

/// Powers from one end of the range to the other, of numbers near one, far from it, and denormal.
template <class T>
Arguments<T> large_exponents(int count) {
  using Limits = std::numeric_limits<T>;
  std::mt19937_64 random(11);
  const auto uniform = [&](double low, double high) { return xgrad::testing::uniform(random, low, high); };
  const double least = Limits::min_exponent - Limits::digits - 4, most = Limits::max_exponent + 2;
  Arguments<T> at;
  const auto add = [&](T x) { at.add(x, static_cast<T>(uniform(least, most) / std::log2(static_cast<double>(x)))); };
  for (int i = 0; i < count; ++i) {
    add(static_cast<T>(uniform(0, 64)));
    add(static_cast<T>(1 + std::ldexp(uniform(-1, 1), -static_cast<int>(random() % Limits::digits))));
    add(static_cast<T>(std::ldexp(uniform(0.5, 1), static_cast<int>(uniform(Limits::min_exponent, most - 3)))));
    add(static_cast<T>(uniform(0, 1)) * Limits::min());
  }
  return at;
}

/// Negative numbers to whole powers.
template <class T>
Arguments<T> whole_exponents(int count) {
  std::mt19937_64 random(13);
  Arguments<T> at;
  for (int i = 0; i < count; ++i)
    at.add(static_cast<T>(xgrad::testing::uniform(random, -4.0, 0.0)), static_cast<T>(random() % 99) - 49);
  return at;
}

}  // namespace

TEST_CASE("powers are within 1.5 units in the last place", "[math]") { check_accuracy(power, 50'000); }

TEMPLATE_TEST_CASE("large exponents lose no digits", "[math]", float, double) {
  for (const InstructionSet set : sets()) {
    check_arguments(power[0], set, large_exponents<TestType>(50'000));
    check_arguments(power[0], set, whole_exponents<TestType>(20'000));
  }
}

TEMPLATE_TEST_CASE("powers of every class of number are those of the C library", "[math]", float, double) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  const T odd = std::ldexp(T{1}, Limits::digits) - 1;  // the largest odd number
  check_special_values<T>(power, {0,
                                  1,
                                  2,
                                  3,
                                  4,
                                  5,
                                  T(0.5),
                                  T(2.5),
                                  T(1.0 / 3),
                                  Limits::infinity(),
                                  Limits::quiet_NaN(),
                                  Limits::min(),
                                  Limits::min() / 3,
                                  Limits::denorm_min(),
                                  Limits::max(),
                                  Limits::epsilon(),
                                  1 - Limits::epsilon(),
                                  1 + Limits::epsilon(),
                                  odd,
                                  odd + 1,
                                  odd - 1,
                                  T(1e10),
                                  150,
                                  1080});
}

TEST_CASE("the table of powers", "[math]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  struct Row {
    double x, y, power;
  };
  const Row rows[] = {{0, 0, 1},
                      {nan, 0, 1},
                      {1, nan, 1},
                      {-2, 3, -8},
                      {-2, 2, 4},
                      {-2, 0.5, nan},
                      {-0.0, -1, -infinity},
                      {-0.0, 3, -0.0},
                      {-0.0, 0.5, 0},
                      {0, -2, infinity},
                      {-1, infinity, 1},
                      {-1, -infinity, 1},
                      {0.5, infinity, 0},
                      {0.5, -infinity, infinity},
                      {-infinity, 3, -infinity},
                      {-infinity, -3, -0.0},
                      {-infinity, 0.5, infinity},
                      {infinity, -1, 0},
                      {2, 2000, infinity},
                      {-2, 2001, -infinity},
                      {2, -2000, 0},
                      {-2, -2001, -0.0},
                      {2, -149, 0x1p-149}};
  for (const InstructionSet set : sets())
    for (const auto& [x, y, wanted] : rows) {
      const double z = apply(set, Code::pow, &x, &y, 1)[0];
      const float x1 = static_cast<float>(x), y1 = static_cast<float>(y), z1 = apply(set, Code::pow, &x1, &y1, 1)[0];
      INFO(x << "^" << y << " is " << z << " and " << z1);
      CHECK(same_number(z, wanted));
      CHECK(same_number(z1, static_cast<float>(wanted)));
    }
}

TEMPLATE_TEST_CASE("powers have the same bits wherever they lie", "[math]", float, double) {
  check_position<TestType>(power);
}

TEMPLATE_TEST_CASE("powers are the same on instruction sets with fused multiply-add", "[math]", float, double) {
  check_sets_agree<TestType>(power);
}

}  // namespace power_test
