// The elementary functions, on every instruction set that this processor has, against long double.

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "autograd/engine/tile_functions.hpp"

using namespace xgrad;
using namespace xgrad::fused;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Function {
  Code code;
  const char* name;
  long double (*exact)(long double);
  double low, high;  // where it is neither constant nor undefined
};

const std::vector<Function> functions = {
    {Code::exp, "exp", [](long double x) { return std::exp(x); }, -760, 715},
    {Code::expm1, "expm1", [](long double x) { return std::expm1(x); }, -45, 715},
    {Code::log, "log", [](long double x) { return std::log(x); }, 0, 3},
    {Code::log1p, "log1p", [](long double x) { return std::log1p(x); }, -1, 3},
    {Code::tanh, "tanh", [](long double x) { return std::tanh(x); }, -20, 20},
    {Code::erf, "erf", [](long double x) { return std::erf(x); }, -6, 6},
    {Code::sqrt, "sqrt", [](long double x) { return std::sqrt(x); }, 0, 4},
    {Code::sin, "sin", [](long double x) { return std::sin(x); }, -10, 10},
    {Code::atan, "atan", [](long double x) { return std::atan(x); }, -10, 10},
};

std::vector<InstructionSet> sets() {
  std::vector<InstructionSet> found;
  for (const InstructionSet set : {InstructionSet::generic, InstructionSet::avx2, InstructionSet::avx512})
    if (has(set)) found.push_back(set);
  return found;
}

template <class T>
std::vector<T> apply(InstructionSet set, Code code, const std::vector<T>& x) {
  std::vector<T> y(x.size());
  const DType dtype = dtype_of<T>;
  const TileFunction called = called_function(code, dtype, 0);
  (called ? called : tile_functions(set, dtype).elements[static_cast<int>(code)][0])(
      y.data(), x.data(), nullptr, nullptr, static_cast<std::int64_t>(x.size()));
  return y;
}

/// The distance to the exact value in units of its last place; infinite where the class or the sign is another.
template <class T>
double error_in_ulp(T y, long double exact) {
  const T rounded = static_cast<T>(exact);
  if (rounded != rounded) return y != y ? 0 : infinity;
  if (std::isinf(rounded) || std::isinf(y)) {
    // Just below the largest number, rounding may go either way.
    const bool edge = std::isinf(rounded) != std::isinf(y) &&
                      std::abs(exact) < 2 * static_cast<long double>(std::numeric_limits<T>::max());
    if (y != rounded && !edge) return infinity;
    return 0;
  }
  if (std::signbit(y) != std::signbit(rounded)) return infinity;
  int exponent = 0;
  std::frexp(exact, &exponent);
  const long double ulp = std::max(std::ldexp(1.0L, exponent - std::numeric_limits<T>::digits),
                                   static_cast<long double>(std::numeric_limits<T>::denorm_min()));
  return static_cast<double>(std::abs(static_cast<long double>(y) - exact) / ulp);
}

/// Points across all bit patterns, and across the part where the function is at work.
template <class T>
std::vector<T> points(const Function& f, int count) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> working(f.low, f.high), middle(-1, 1);
  std::vector<T> x;
  for (int i = 0; i < count; ++i) {
    T any;
    const std::uint64_t bits = random();
    std::memcpy(&any, &bits, sizeof any);
    const T scaled = static_cast<T>(std::ldexp(middle(random), static_cast<int>(random() % 40) - 32));
    x.insert(x.end(), {any, static_cast<T>(working(random)), static_cast<T>(middle(random)), scaled});
  }
  return x;
}

template <class T>
void check_function(const Function& f, InstructionSet set, int count) {
  const std::vector<T> x = points<T>(f, count), y = apply(set, f.code, x);
  double worst = 0;
  T where = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = error_in_ulp(y[i], f.exact(static_cast<long double>(x[i])));
    if (error > worst) worst = error, where = x[i];
  }
  INFO(f.name << " of " << sizeof(T) * 8 << " bits, instruction set " << static_cast<int>(set) << ", worst at "
              << where);
  CHECK(worst <= 4);
}

}  // namespace

TEST_CASE("elementary functions are within 4 units in the last place", "[math]") {
  for (const InstructionSet set : sets())
    for (const Function& f : functions) {
      check_function<float>(f, set, 150'000);
      check_function<double>(f, set, 50'000);
    }
}

TEMPLATE_TEST_CASE("elementary functions of special values are those of the C library", "[math]", float, double) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  std::vector<T> x = {0,
                      1,
                      T(0.5),
                      2,
                      Limits::infinity(),
                      Limits::quiet_NaN(),
                      Limits::min(),
                      Limits::denorm_min(),
                      Limits::max(),
                      Limits::epsilon(),
                      T(-88.7),
                      T(-103.5),
                      T(88.72),
                      T(709.7),
                      T(-745.1),
                      T(0.7071)};
  for (std::size_t i = 0, n = x.size(); i < n; ++i) x.push_back(-x[i]);
  for (const InstructionSet set : sets())
    for (const Function& f : functions) {
      const std::vector<T> y = apply(set, f.code, x);
      for (std::size_t i = 0; i < x.size(); ++i) {
        INFO(f.name << " of " << x[i] << " is " << y[i]);
        CHECK(error_in_ulp(y[i], f.exact(static_cast<long double>(x[i]))) <= 4);
      }
    }
}

TEMPLATE_TEST_CASE("an element has the same bits wherever it lies", "[math]", float, double) {
  using T = TestType;
  for (const InstructionSet set : sets())
    for (const Function& f : functions) {
      std::vector<T> x = points<T>(f, 20);
      const std::vector<T> y = apply(set, f.code, x);
      for (std::size_t begin = 0; begin < x.size(); begin += 7) {
        const std::vector<T> part(x.begin() + static_cast<std::ptrdiff_t>(begin), x.end());
        const std::vector<T> z = apply(set, f.code, part);
        INFO(f.name << " from " << begin);
        CHECK(std::memcmp(z.data(), y.data() + begin, z.size() * sizeof(T)) == 0);
      }
    }
}

TEMPLATE_TEST_CASE("instruction sets with fused multiply-add agree bit for bit", "[math]", float, double) {
  using T = TestType;
  if (!has(InstructionSet::avx2) || !has(InstructionSet::avx512)) return;
  for (const Function& f : functions) {
    const std::vector<T> x = points<T>(f, 5'000);
    const std::vector<T> y = apply(InstructionSet::avx2, f.code, x), z = apply(InstructionSet::avx512, f.code, x);
    std::size_t differing = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      differing += std::memcmp(&y[i], &z[i], sizeof(T)) != 0 && (y[i] == y[i] || z[i] == z[i]);
    INFO(f.name);
    CHECK(differing == 0);
  }
}
