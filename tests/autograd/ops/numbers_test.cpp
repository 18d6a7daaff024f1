// C++ numbers beside Tensors: they take the Tensor's dtype, and whole ones are exact.

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"

namespace xgrad::numbers_test {
namespace {

using Whole = std::vector<std::int64_t>;

struct Function {
  const char* name;
  Tensor (*f)(const Operand&, const Operand&);
  bool of_whole = true;  // whether it takes int64, too
};

Tensor chosen(const Operand& a, const Operand& b) { return where(tensor({true}), a, b); }
Tensor halfway(const Operand& a, const Operand& b) { return lerp(a, b, 0.5); }
Tensor close(const Operand& a, const Operand& b) { return isclose(a, b); }
Tensor at_least(const Operand& a, const Operand& b) { return clamp(a, b, 4); }
Tensor at_most(const Operand& a, const Operand& b) { return clamp(3, a, b); }

const Function functions[] = {
    {"add", add},
    {"sub", sub},
    {"mul", mul},
    {"div", div},
    {"pow", pow},
    {"maximum", maximum},
    {"minimum", minimum},
    {"atan2", atan2, false},
    {"equal", equal},
    {"not_equal", not_equal},
    {"less", less},
    {"less_equal", less_equal},
    {"greater", greater},
    {"greater_equal", greater_equal},
    {"hypot", hypot, false},
    {"xlogy", xlogy, false},
    {"logaddexp", logaddexp, false},
    {"logaddexp2", logaddexp2, false},
    {"copysign", copysign, false},
    {"lerp", halfway, false},
    {"isclose", close},
    {"where", chosen},
    {"clamp", at_least},
    {"clamp of a number", at_most},
};

TEST_CASE("in every function of two Tensors a number takes the dtype of the Tensor beside it") {
  for (const Function& each : functions)
    for (const DType dtype : {float32, float64, int64}) {
      if (dtype == int64 && !each.of_whole) continue;
      INFO(each.name << " in " << name(dtype));
      const Tensor two = tensor({2, 2}, dtype), three = tensor({3, 3}, dtype), expected = each.f(two, three);
      const auto check_same = [&](const Tensor& got) {
        CHECK(got.dtype() == expected.dtype());
        CHECK(got.shape() == expected.shape());
        CHECK(got.to_vector() == expected.to_vector());
      };
      check_same(each.f(two, 3));
      check_same(each.f(2, three));
      if (dtype == int64) continue;
      check_same(each.f(two, 3.0));
      check_same(each.f(2.0, three));
      check_same(each.f(2.0f, three));
      check_same(each.f(true + 1u, three));
    }
}

TEST_CASE("a number takes part in derivatives as a constant") {
  for (const Function& each : functions) {
    if (each.of_whole) continue;
    INFO(each.name);
    const Tensor x = track(tensor({2.5, 0.5}, float64)), four = tensor({4.0, 4.0}, float64);
    CHECK(grad(sum(each.f(x, 4.0)), x).to_vector() == grad(sum(each.f(x, four)), x).to_vector());
    const GradOptions options{.allow_unused = true};  // copysign has no derivative by the sign
    CHECK(grad(sum(each.f(4, x)), x, options).to_vector() == grad(sum(each.f(four, x)), x, options).to_vector());
  }
}

TEST_CASE("of two numbers, one with a point makes both float32") {
  const Tensor condition = tensor({true, false});
  CHECK(where(condition, 1, 0.5).dtype() == float32);
  CHECK(where(condition, 0.5, 1).to_vector() == std::vector<double>{0.5, 1});
  CHECK(where(condition, 1, 2).dtype() == int64);
  CHECK(pow(2, 0.5).dtype() == float32);
}

TEST_CASE("whole numbers beyond 2^53 are exact beside int64 Tensors, and as Tensors of their own") {
  constexpr std::int64_t odd = 9007199254740993, most = std::numeric_limits<std::int64_t>::max();
  const Tensor zero = tensor({0, 1}), at = tensor({odd, odd - 1});
  CHECK((zero + odd).to_vector<std::int64_t>() == Whole{odd, odd + 1});
  CHECK((odd - zero).to_vector<std::int64_t>() == Whole{odd, odd - 1});
  CHECK((zero - most).to_vector<std::int64_t>() == Whole{-most, 1 - most});
  CHECK((at == odd).to_vector() == std::vector<double>{1, 0});
  CHECK((at < odd).to_vector() == std::vector<double>{0, 1});
  CHECK(where(zero == 0, odd, zero).to_vector<std::int64_t>() == Whole{odd, 1});
  CHECK(clamp(at, odd, most).to_vector<std::int64_t>() == Whole{odd, odd});
  CHECK(full({2}, odd, int64).to_vector<std::int64_t>() == Whole{odd, odd});
  CHECK(full({1}, std::numeric_limits<std::int64_t>::min(), int64).to_vector<std::int64_t>() ==
        Whole{std::numeric_limits<std::int64_t>::min()});
  CHECK(full_like(at, odd).to_vector<std::int64_t>() == Whole{odd, odd});
  // Constants that are equal as doubles are two values, in one plan and in a plan that is used again.
  for (const std::int64_t difference : {1, 0, 1}) {
    const Tensor both = concat({zero + odd, zero + (odd - difference)});
    CHECK(both.to_vector<std::int64_t>() == Whole{odd, odd + 1, odd - difference, odd - difference + 1});
  }
}

TEST_CASE("numbers that are none of the dtype are refused") {
  CHECK_THROWS_AS(full({2}, 0.5, int64), ValueError);
  CHECK_THROWS_AS(full({2}, 1e300, int64), ValueError);
  CHECK_THROWS_AS(tensor({1}) + 0.5, DTypeError);
  CHECK_THROWS_AS(tensor({1}) + std::numeric_limits<std::uint64_t>::max(), DTypeError);
  CHECK((tensor({1.0}) + std::numeric_limits<std::uint64_t>::max()).item() == 0x1p64);
}

}  // namespace
}  // namespace xgrad::numbers_test
