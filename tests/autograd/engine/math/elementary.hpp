#pragma once

// What the tests of elementary functions share: functions on every instruction set that this processor has, against
// long double.

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "autograd/engine/interpreter/tile_functions.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/sets.hpp"

namespace xgrad::fused::testing {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

struct Range {
  double low, high;
};

struct Function {
  Code code;
  const char* name;
  long double (*exact)(long double, long double);
  Range x;       // where it is neither constant nor undefined
  Range y = {};  // of the second argument, if it has one
  double bound = 4;
  bool has_second() const { return y.low != y.high; }
};

template <class T>
struct Arguments {
  std::vector<T> x, y;
  void add(T a, T b = 0) { x.push_back(a), y.push_back(b); }
};

template <class T>
std::vector<T> apply(InstructionSet set, Code code, const T* x, const T* y, std::size_t n) {
  std::vector<T> z(n);
  tile_functions(set, dtype_of<T>)
      .elements[static_cast<int>(code)][0](z.data(), x, y, nullptr, static_cast<std::int64_t>(n));
  return z;
}
template <class T>
std::vector<T> apply(InstructionSet set, Code code, const Arguments<T>& at) {
  return apply(set, code, at.x.data(), at.y.data(), at.x.size());
}

template <class T>
bool same_number(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
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
Arguments<T> points(const Function& f, int count) {
  std::mt19937_64 random(7);
  const auto four = [&](const Range& range) {
    const auto middle = [&] { return xgrad::testing::uniform(random, -1.0, 1.0); };
    T any;
    const std::uint64_t bits = random();
    std::memcpy(&any, &bits, sizeof any);
    const T scaled = static_cast<T>(std::ldexp(middle(), static_cast<int>(random() % 40) - 32));
    return std::array{any, static_cast<T>(xgrad::testing::uniform<double>(random, range.low, range.high)),
                      static_cast<T>(middle()), scaled};
  };
  Arguments<T> at;
  for (int i = 0; i < count; ++i) {
    const auto x = four(f.x), y = four(f.y);
    for (std::size_t k = 0; k < 4; ++k) at.add(x[k], y[k]);
  }
  return at;
}

template <class T>
void check_arguments(const Function& f, InstructionSet set, const Arguments<T>& at) {
  const std::vector<T> z = apply(set, f.code, at);
  double worst = 0;
  std::size_t where = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const double error =
        error_in_ulp(z[i], f.exact(static_cast<long double>(at.x[i]), static_cast<long double>(at.y[i])));
    if (error > worst) worst = error, where = i;
  }
  INFO(f.name << " of " << sizeof(T) * 8 << " bits, instruction set " << static_cast<int>(set) << ", worst at "
              << at.x[where] << ", " << at.y[where] << ": " << z[where]);
  CHECK(worst <= f.bound);
}

inline void check_accuracy(const std::vector<Function>& functions, int count) {
  for (const InstructionSet set : sets())
    for (const Function& f : functions) {
      check_arguments(f, set, points<float>(f, 3 * count));
      check_arguments(f, set, points<double>(f, count));
    }
}

/// Each function of the numbers and their negatives, of each with each where it has two arguments.
template <class T>
void check_special_values(const std::vector<Function>& functions, std::vector<T> numbers) {
  for (std::size_t i = 0, n = numbers.size(); i < n; ++i) numbers.push_back(-numbers[i]);
  for (const InstructionSet set : sets())
    for (const Function& f : functions)
      for (const T x : numbers)
        for (const T y : f.has_second() ? numbers : std::vector<T>{0}) {
          const T z = apply(set, f.code, &x, &y, 1)[0];
          INFO(f.name << " of " << x << " and " << y << " is " << z);
          CHECK(error_in_ulp(z, f.exact(static_cast<long double>(x), static_cast<long double>(y))) <= f.bound);
        }
}

template <class T>
void check_position(const std::vector<Function>& functions) {
  for (const InstructionSet set : sets())
    for (const Function& f : functions) {
      const Arguments<T> at = points<T>(f, 20);
      const std::vector<T> whole = apply(set, f.code, at);
      for (std::size_t begin = 0; begin < whole.size(); begin += 7) {
        const std::vector<T> part = apply(set, f.code, at.x.data() + begin, at.y.data() + begin, whole.size() - begin);
        INFO(f.name << " from " << begin);
        CHECK(std::memcmp(part.data(), whole.data() + begin, part.size() * sizeof(T)) == 0);
      }
    }
}

/// Of those with fused multiply-add.
template <class T>
void check_sets_agree(const std::vector<Function>& functions) {
  if (!can_run(InstructionSet::avx2) || !can_run(InstructionSet::avx512)) return;
  for (const Function& f : functions) {
    const Arguments<T> at = points<T>(f, 5'000);
    const std::vector<T> a = apply(InstructionSet::avx2, f.code, at), b = apply(InstructionSet::avx512, f.code, at);
    std::size_t differing = 0;
    for (std::size_t i = 0; i < a.size(); ++i) differing += !same_number(a[i], b[i]);
    INFO(f.name);
    CHECK(differing == 0);
  }
}

}  // namespace xgrad::fused::testing
