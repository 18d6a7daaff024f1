// Functions of angles and their inverses, against long double.

#include "autograd/engine/math/c_library.hpp"
#include "tests/autograd/engine/math/elementary.hpp"
#include "tests/autograd/engine/pick.hpp"

namespace trigonometry_test {

using namespace xgrad;
using namespace xgrad::fused;
using namespace xgrad::fused::testing;

namespace {

using Exact = long double;

const std::vector<Function> of_angles = {
    {Code::sin, "sin", [](Exact x, Exact) { return std::sin(x); }, {-10, 10}, {}, 2},
    {Code::cos, "cos", [](Exact x, Exact) { return std::cos(x); }, {-10, 10}, {}, 2},
    {Code::tan, "tan", [](Exact x, Exact) { return std::tan(x); }, {-10, 10}, {}, 3},
};

std::vector<Function> all() {
  std::vector<Function> functions = {
      {Code::asin, "asin", [](Exact x, Exact) { return std::asin(x); }, {-1, 1}, {}, 2.5},
      {Code::acos, "acos", [](Exact x, Exact) { return std::acos(x); }, {-1, 1}, {}, 2},
      {Code::atan, "atan", [](Exact x, Exact) { return std::atan(x); }, {-10, 10}, {}, 2},
      {Code::atan2, "atan2", [](Exact y, Exact x) { return std::atan2(y, x); }, {-3, 3}, {-3, 3}, 2},
  };
  functions.insert(functions.begin(), of_angles.begin(), of_angles.end());
  return functions;
}

template <class T>
constexpr T largest_reduced = sizeof(T) == 4 ? T(0x1p17) : T(0x1p30);

/// The numbers next to multiples of pi / 2 and pi / 4, as far as angles are reduced.
template <class T>
Arguments<T> near_multiples() {
  std::mt19937_64 random(3);
  Arguments<T> at;
  for (int i = 0; i < 40'000; ++i) {
    const std::uint64_t most = std::uint64_t{1} << (1 + random() % (sizeof(T) == 4 ? 17 : 30));
    const Exact angle = static_cast<Exact>(random() % most) * std::acos(0.0L) / 2;
    for (const Exact x : {angle, -angle}) {
      const T near = static_cast<T>(x);
      at.add(near), at.add(std::nextafter(near, T{0})), at.add(std::nextafter(near, 2 * near));
    }
  }
  return at;
}

template <class T>
T by_library(Code code, T x) {
  return code == Code::sin ? library::sin(x) : code == Code::cos ? library::cos(x) : library::tan(x);
}

}  // namespace

TEST_CASE("functions of angles and their inverses are within the bounds", "[math]") { check_accuracy(all(), 50'000); }

TEMPLATE_TEST_CASE("angles next to multiples of a quarter turn lose no digits", "[math]", float, double) {
  for (const InstructionSet set : sets())
    for (const Function& f : of_angles) check_arguments(f, set, near_multiples<TestType>());
}

TEMPLATE_TEST_CASE("angles and coordinates of every class have the values of the C library", "[math]", float, double) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  check_special_values<T>(all(), {0,
                                  1,
                                  T(0.5),
                                  2,
                                  3,
                                  Limits::infinity(),
                                  Limits::quiet_NaN(),
                                  Limits::min(),
                                  Limits::min() / 3,
                                  Limits::denorm_min(),
                                  Limits::max(),
                                  Limits::max() / 2,
                                  Limits::epsilon(),
                                  1 - Limits::epsilon(),
                                  1 + Limits::epsilon(),
                                  largest_reduced<T>,
                                  std::nextafter(largest_reduced<T>, Limits::max()),
                                  T(1e9),
                                  T(1.5707963267948966),
                                  T(0.78539816339744831),
                                  T(6381956970095103.0 * 0x1p50)});
}

TEMPLATE_TEST_CASE("large angles are left to the C library, lane by lane", "[math]", float, double) {
  using T = TestType;
  std::mt19937_64 random(5);
  for (const InstructionSet set : sets())
    for (const Function& f : of_angles) {
      Arguments<T> small, mixed;
      for (int i = 0; i < 2'003; ++i) {
        const T x = static_cast<T>(xgrad::testing::uniform(random, -1.0, 1.0));
        small.add(x * 100);
        mixed.add(random() % 9 == 0 ? x * largest_reduced<T> * 1000 : x * 100);
      }
      const std::vector<T> alone = apply(set, f.code, small), z = apply(set, f.code, mixed);
      int wrong = 0, large = 0;
      for (std::size_t i = 0; i < z.size(); ++i) {
        const bool called = std::abs(mixed.x[i]) > largest_reduced<T>;
        large += called;
        const T wanted = called ? by_library(f.code, mixed.x[i]) : mixed.x[i] == small.x[i] ? alone[i] : z[i];
        wrong += !same_number(z[i], wanted);
      }
      INFO(f.name);
      CHECK(large > 100);
      CHECK(wrong == 0);
    }
}

TEMPLATE_TEST_CASE("angles have the same bits wherever they lie", "[math]", float, double) {
  check_position<TestType>(all());
}

TEMPLATE_TEST_CASE("angles are the same on instruction sets with fused multiply-add", "[math]", float, double) {
  check_sets_agree<TestType>(all());
}

// A minute or so; every float, with a stride of 1, would take an hour.
TEST_CASE("functions of angles and their inverses are within the bounds all over the floats", "[.][sweep]") {
  constexpr std::size_t block = 1 << 16, stride = 61;
  Arguments<float> at{std::vector<float>(block), std::vector<float>(block)};
  for (const Function& f : all())
    for (std::uint64_t first = 0; first < std::uint64_t{1} << 32 && !f.has_second(); first += block * stride) {
      for (std::size_t i = 0; i < block; ++i) {
        const auto bits = static_cast<std::uint32_t>(first + i * stride);
        std::memcpy(&at.x[i], &bits, sizeof bits);
      }
      check_arguments(f, instruction_set(), at);
    }
}

}  // namespace trigonometry_test
