// Exponentials, logarithms and their kin, on every instruction set that this processor has, against long double.

#include "tests/autograd/engine/math/elementary.hpp"

namespace elementary_test {

using namespace xgrad;
using namespace xgrad::fused;
using namespace xgrad::fused::testing;

namespace {

using Exact = long double;

const std::vector<Function> functions = {
    {Code::exp, "exp", [](Exact x, Exact) { return std::exp(x); }, {-760, 715}},
    {Code::expm1, "expm1", [](Exact x, Exact) { return std::expm1(x); }, {-45, 715}},
    {Code::log, "log", [](Exact x, Exact) { return std::log(x); }, {0, 3}},
    {Code::log2, "log2", [](Exact x, Exact) { return std::log2(x); }, {0, 3}},
    {Code::log1p, "log1p", [](Exact x, Exact) { return std::log1p(x); }, {-1, 3}},
    {Code::sinh, "sinh", [](Exact x, Exact) { return std::sinh(x); }, {-712, 712}},
    {Code::sinh, "sinh", [](Exact x, Exact) { return std::sinh(x); }, {-3, 3}},
    {Code::cosh, "cosh", [](Exact x, Exact) { return std::cosh(x); }, {-712, 712}},
    {Code::tanh, "tanh", [](Exact x, Exact) { return std::tanh(x); }, {-20, 20}},
    {Code::gaussian, "gaussian", [](Exact x, Exact) { return std::exp(-x * x); }, {-28, 28}},
    {Code::erfc, "erfc", [](Exact x, Exact) { return std::erfc(x); }, {-6, 28}, {}, 5},
    {Code::erfc, "erfc", [](Exact x, Exact) { return std::erfc(x); }, {0, 10.1}, {}, 5},
    {Code::erf, "erf", [](Exact x, Exact) { return std::erf(x); }, {-6, 6}},
    {Code::sqrt, "sqrt", [](Exact x, Exact) { return std::sqrt(x); }, {0, 4}},
    {Code::trunc, "trunc", [](Exact x, Exact) { return std::trunc(x); }, {-9, 9}, {}, 0},
};

}  // namespace

TEST_CASE("elementary functions are within 4 units in the last place, erfc within 5", "[math]") {
  check_accuracy(functions, 50'000);
}

TEMPLATE_TEST_CASE("log2 of every power of two is exact", "[math]", float, double) {
  using Limits = std::numeric_limits<TestType>;
  Arguments<TestType> at;
  const int least = Limits::min_exponent - Limits::digits;
  for (int n = least; n < Limits::max_exponent; ++n) at.add(std::ldexp(TestType(1), n));
  for (const InstructionSet set : sets()) {
    const std::vector<TestType> found = apply(set, Code::log2, at);
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == TestType(least + static_cast<int>(i)));
  }
}

TEMPLATE_TEST_CASE("tanh near 1 is rounded once: its derivative 1 - y^2 has no other digits", "[math]", float, double) {
  const Function f{Code::tanh, "tanh", [](Exact x, Exact) { return std::tanh(x); }, {}, {}, 0.6};
  Arguments<TestType> at;
  for (int i = 0; i < 200'000; ++i) {
    const auto x = static_cast<TestType>(3 + 17 * std::sqrt(2.0) * i / 300'000);
    at.add(i % 2 ? x : -x);
  }
  for (const InstructionSet set : sets()) check_arguments(f, set, at);
}

TEMPLATE_TEST_CASE("elementary functions of special values are those of the C library", "[math]", float, double) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  check_special_values<T>(functions, {0, 1, T(0.5), 2, Limits::infinity(), Limits::quiet_NaN(), Limits::min(),
                                      Limits::denorm_min(), Limits::max(), Limits::epsilon(), T(-88.7), T(-103.5),
                                      T(88.72), T(709.7), T(-745.1), T(0.7071), T(710.4), T(10.1), T(26.5)});
}

TEMPLATE_TEST_CASE("an element has the same bits wherever it lies", "[math]", float, double) {
  check_position<TestType>(functions);
}

TEMPLATE_TEST_CASE("instruction sets with fused multiply-add agree bit for bit", "[math]", float, double) {
  check_sets_agree<TestType>(functions);
}

}  // namespace elementary_test
