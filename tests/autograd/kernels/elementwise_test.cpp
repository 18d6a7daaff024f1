#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/core/error.hpp"
#include "autograd/kernels/kernels.hpp"
#include "tests/autograd/kernels/array.hpp"

namespace elementwise_test {

using namespace xgrad;
using test::Array;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

template <class T>
std::vector<T> unary(Instruction f, const std::vector<T>& x) {
  const Shape shape{static_cast<std::int64_t>(x.size())};
  const Array<T> from(shape, x), to(shape);
  kernels::unary(f, from.view(), to.view());
  return to.values();
}

template <class T, class Y = T>
std::vector<Y> binary(Instruction f, const std::vector<T>& a, const std::vector<T>& b) {
  const Shape shape{static_cast<std::int64_t>(a.size())};
  const Array<T> lhs(shape, a), rhs(shape, b);
  const Array<Y> to(shape);
  kernels::binary(f, lhs.view(), rhs.view(), to.view(), Location::current());
  return to.values();
}

template <class To, class From>
std::vector<To> cast(const std::vector<From>& x) {
  const Shape shape{static_cast<std::int64_t>(x.size())};
  const Array<From> from(shape, x);
  const Array<To> to(shape);
  kernels::cast(from.view(), to.view());
  return to.values();
}

// Equal to the last bit, NaN equal to NaN.
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](T u, T v) {
    return (u == v && std::signbit(u) == std::signbit(v)) || (std::isnan(u) && std::isnan(v));
  });
}

template <class T>
void check_against_library(Instruction f, T (*function)(T)) {
  std::vector<T> x, expected;
  for (double v = -3; v <= 3; v += 0.0625) x.push_back(static_cast<T>(v));
  for (const double v : {inf, -inf, no_number, 1e-30, -0.0, 700.0, 1e30}) x.push_back(static_cast<T>(v));
  for (const T v : x) expected.push_back(function(v));
  CAPTURE(static_cast<int>(f), sizeof(T));
  CHECK(same(unary(f, x), expected));
}

}  // namespace

TEMPLATE_TEST_CASE("functions of floating elements are those of the C++ library", "", float, double) {
  using T = TestType;
  using Function = T (*)(T);
  const std::vector<std::pair<Instruction, Function>> functions{
      {Instruction::exp, std::exp},     {Instruction::log, std::log},   {Instruction::log1p, std::log1p},
      {Instruction::expm1, std::expm1}, {Instruction::sqrt, std::sqrt}, {Instruction::sin, std::sin},
      {Instruction::cos, std::cos},     {Instruction::tan, std::tan},   {Instruction::tanh, std::tanh},
      {Instruction::asin, std::asin},   {Instruction::acos, std::acos}, {Instruction::atan, std::atan},
      {Instruction::log2, std::log2},   {Instruction::sinh, std::sinh}, {Instruction::cosh, std::cosh},
      {Instruction::erfc, std::erfc},   {Instruction::erf, std::erf},   {Instruction::abs, std::abs},
      {Instruction::floor, std::floor}, {Instruction::ceil, std::ceil}, {Instruction::round, std::nearbyint}};
  for (const auto& [f, function] : functions) check_against_library<T>(f, function);
}

TEMPLATE_TEST_CASE("sign, negation and rounding at the edges", "", float, double) {
  using T = TestType;
  const T not_a_number = static_cast<T>(no_number);
  CHECK(same(unary<T>(Instruction::sign, {-2, T(-0.0), 0, T(0.1), not_a_number}), {-1, 0, 0, 1, not_a_number}));
  CHECK(same(unary<T>(Instruction::neg, {0, 1, T(-0.0)}), {T(-0.0), -1, 0}));
  CHECK(same(unary<T>(Instruction::round, {0.5, 1.5, 2.5, -0.5, -1.5}), {0, 2, 2, T(-0.0), -2}));
}

TEST_CASE("functions of whole numbers wrap around and are exact") {
  using Numbers = std::vector<std::int64_t>;
  CHECK(unary(Instruction::neg, Numbers{1, -2, least}) == Numbers{-1, 2, least});
  CHECK(unary(Instruction::abs, Numbers{-5, 5, least}) == Numbers{5, 5, least});
  CHECK(unary(Instruction::sign, Numbers{-5, 0, 7}) == Numbers{-1, 0, 1});
  CHECK(unary(Instruction::floor, Numbers{-5, most}) == Numbers{-5, most});
  CHECK(binary(Instruction::add, Numbers{most, 1}, Numbers{1, 2}) == Numbers{least, 3});
  CHECK(binary(Instruction::sub, Numbers{least, 1}, Numbers{1, 2}) == Numbers{most, -1});
  CHECK(binary(Instruction::mul, Numbers{most, -3}, Numbers{2, 4}) == Numbers{-2, -12});
  CHECK(binary(Instruction::div, Numbers{-7, 7, least, 5}, Numbers{2, -2, -1, 1}) == Numbers{-3, -3, least, 5});
  CHECK(binary(Instruction::pow, Numbers{2, -3, 0, 7, 2}, Numbers{10, 3, 0, 0, 64}) == Numbers{1024, -27, 1, 1, 0});
  CHECK(binary(Instruction::maximum, Numbers{1, most}, Numbers{2, least}) == Numbers{2, most});
}

TEST_CASE("whole numbers refuse division by zero and negative powers") {
  using Numbers = std::vector<std::int64_t>;
  CHECK_THROWS_AS(binary(Instruction::div, Numbers{1, 2}, Numbers{1, 0}), ValueError);
  CHECK_THROWS_WITH(binary(Instruction::div, Numbers{1}, Numbers{0}),
                    Catch::StartsWith("div: integer division by zero, at elementwise_test.cpp:"));
  CHECK_THROWS_AS(binary(Instruction::pow, Numbers{2}, Numbers{-1}), ValueError);
}

TEMPLATE_TEST_CASE("floating arithmetic is that of C++, and extremes propagate NaN", "", float, double) {
  using T = TestType;
  const T big = static_cast<T>(inf), none = static_cast<T>(no_number);
  CHECK(same(binary<T>(Instruction::add, {1, big, none}, {2, -big, 1}), {3, none, none}));
  CHECK(same(binary<T>(Instruction::sub, {1, 2}, {3, T(0.5)}), {-2, T(1.5)}));
  CHECK(same(binary<T>(Instruction::mul, {2, 0}, {T(0.5), big}), {1, none}));
  CHECK(same(binary<T>(Instruction::div, {1, 1, 0}, {3, 0, 0}), {T(1) / 3, big, none}));
  CHECK(same(binary<T>(Instruction::pow, {2, 0, -8, none}, {T(0.5), 0, 3, 0}), {std::sqrt(T(2)), 1, -512, 1}));
  CHECK(same(binary<T>(Instruction::atan2, {1, 0, -1}, {0, -1, 0}),
             {std::atan2(T(1), T(0)), std::atan2(T(0), T(-1)), std::atan2(T(-1), T(0))}));
  CHECK(same(binary<T>(Instruction::maximum, {1, none, 1, big}, {2, 1, none, 0}), {2, none, none, big}));
  CHECK(same(binary<T>(Instruction::minimum, {1, none, 1, -big}, {2, 1, none, 0}), {1, none, none, -big}));
}

TEMPLATE_TEST_CASE("comparisons of all dtypes", "", float, double, std::int64_t, bool) {
  using T = TestType;
  const std::vector<T> a{T(0), T(1), T(1)}, b{T(1), T(1), T(0)};
  using Truth = std::vector<bool>;
  CHECK(binary<T, bool>(Instruction::equal, a, b) == Truth{false, true, false});
  CHECK(binary<T, bool>(Instruction::not_equal, a, b) == Truth{true, false, true});
  CHECK(binary<T, bool>(Instruction::less, a, b) == Truth{true, false, false});
  CHECK(binary<T, bool>(Instruction::less_equal, a, b) == Truth{true, true, false});
  CHECK(binary<T, bool>(Instruction::greater, a, b) == Truth{false, false, true});
  CHECK(binary<T, bool>(Instruction::greater_equal, a, b) == Truth{false, true, true});
}

TEST_CASE("NaN compares unequal to everything") {
  const std::vector<double> a{no_number, no_number, 1}, b{no_number, 1, no_number};
  using Truth = std::vector<bool>;
  for (const Instruction f : {Instruction::equal, Instruction::less, Instruction::less_equal, Instruction::greater,
                              Instruction::greater_equal})
    CHECK(binary<double, bool>(f, a, b) == Truth{false, false, false});
  CHECK(binary<double, bool>(Instruction::not_equal, a, b) == Truth{true, true, true});
}

TEST_CASE("logic of bool") {
  using Truth = std::vector<bool>;
  const Truth a{false, false, true, true}, b{false, true, false, true};
  CHECK(binary<bool>(Instruction::logical_and, a, b) == Truth{false, false, false, true});
  CHECK(binary<bool>(Instruction::logical_or, a, b) == Truth{false, true, true, true});
  CHECK(binary<bool>(Instruction::logical_xor, a, b) == Truth{false, true, true, false});
  CHECK(unary<bool>(Instruction::logical_not, a) == Truth{true, true, false, false});
}

TEST_CASE("what has no meaning for a dtype is refused") {
  CHECK_THROWS_AS(unary<std::int64_t>(Instruction::exp, {1}), DTypeError);
  CHECK_THROWS_AS(unary<bool>(Instruction::neg, {true}), DTypeError);
  CHECK_THROWS_AS(binary<bool>(Instruction::add, {true}, {true}), DTypeError);
  CHECK_THROWS_AS(binary<double>(Instruction::logical_and, {1}, {1}), DTypeError);
}

TEST_CASE("casting is defined for every value") {
  using Numbers = std::vector<std::int64_t>;
  CHECK(cast<std::int64_t>(std::vector<double>{1.9, -1.9, no_number, inf, -inf, 1e300, 9223372036854775808.0}) ==
        Numbers{1, -1, 0, most, least, most, most});
  CHECK(cast<std::int64_t>(std::vector<float>{-9223372036854775808.0f, 2.5f}) == Numbers{least, 2});
  CHECK(cast<bool>(std::vector<float>{0, -0.0f, 0.5f, float(no_number)}) ==
        std::vector<bool>{false, false, true, true});
  CHECK(cast<bool>(Numbers{0, -1}) == std::vector<bool>{false, true});
  CHECK(cast<float>(std::vector<double>{0.1, 1e300}) == std::vector<float>{0.1f, float(inf)});
  CHECK(cast<double>(std::vector<float>{0.1f}) == std::vector<double>{double{0.1f}});
  CHECK(cast<double>(std::vector<bool>{true, false}) == std::vector<double>{1, 0});
  CHECK(cast<std::int64_t>(Numbers{most}) == Numbers{most});
}

TEMPLATE_TEST_CASE("where chooses element by element", "", float, double, std::int64_t, bool) {
  using T = TestType;
  const Shape shape{3};
  const Array<bool> condition(shape, {true, false, true});
  const Array<T> a(shape, {T(1), T(1), T(0)}), b(shape, {T(0), T(0), T(1)}), y(shape);
  kernels::where(condition.view(), a.view(), b.view(), y.view());
  CHECK(y.values() == std::vector<T>{T(1), T(0), T(0)});
}

TEST_CASE("elementwise kernels take any shape, and may write over what they read") {
  const Array<double> none(Shape{3, 0}), none_too(Shape{3, 0});
  kernels::unary(Instruction::exp, none.view(), none_too.view());
  kernels::binary(Instruction::add, none.view(), none.view(), none_too.view(), Location::current());
  const Array<double> one(Shape{}, {2});
  kernels::binary(Instruction::mul, one.view(), one.view(), one.view(), Location::current());
  CHECK(one[0] == 4);
  Rng rng(1);
  const Array<float> x = test::random_array<float>(Shape::filled(64, 1), rng);
  kernels::unary(Instruction::neg, x.view(), x.view());
  CHECK(std::abs(x[0]) <= 9);
}

}  // namespace elementwise_test
