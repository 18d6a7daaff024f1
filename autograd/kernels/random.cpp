#include "autograd/core/random.hpp"

#include <cmath>
#include <concepts>
#include <numbers>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::kernels {

namespace {

// The two 64-bit numbers of a block.
struct Pair {
  std::uint64_t first, second;
  Pair(RandomState state, std::uint64_t index) {
    const auto words = philox(state.key, state.counter + index);
    first = words[0] | std::uint64_t{words[1]} << 32;
    second = words[2] | std::uint64_t{words[3]} << 32;
  }
};

// The leading bits as a fraction in [0, 1), exactly.
template <std::floating_point T>
T fraction(std::uint64_t bits) {
  constexpr int kept = std::same_as<T, float> ? 24 : 53;
  constexpr T unit = T{1} / static_cast<T>(std::uint64_t{1} << kept);
  return static_cast<T>(bits >> (64 - kept)) * unit;
}

// Calls `make(block, first, second)` for elements two by two; `second` is null where there is none.
template <class T, class Make>
void fill_pairs(RandomState state, std::span<T> y, Make make) {
  std::size_t i = 0;
  for (; i + 1 < y.size(); i += 2) make(Pair(state, i / 2), &y[i], &y[i + 1]);
  if (i < y.size()) make(Pair(state, i / 2), &y[i], static_cast<T*>(nullptr));
}

template <std::floating_point T>
void uniform_fill(RandomState state, double low, double high, std::span<T> y) {
  const T from = static_cast<T>(low), to = static_cast<T>(high);
  const T below = from < to ? std::nextafter(to, from) : from;  // rounding must not reach the end
  const auto draw = [&](std::uint64_t bits) { return std::min(from + (to - from) * fraction<T>(bits), below); };
  fill_pairs(state, y, [&](const Pair& bits, T* first, T* second) {
    *first = draw(bits.first);
    if (second) *second = draw(bits.second);
  });
}

// Box and Muller, "A note on the generation of random normal deviates", 1958; in double for both dtypes.
template <std::floating_point T>
void normal_fill(RandomState state, double mean, double deviation, std::span<T> y) {
  fill_pairs(state, y, [&](const Pair& bits, T* first, T* second) {
    const double radius = deviation * std::sqrt(-2 * std::log(1 - fraction<double>(bits.first)));
    const double angle = 2 * std::numbers::pi * fraction<double>(bits.second);
    *first = static_cast<T>(mean + radius * std::cos(angle));
    if (second) *second = static_cast<T>(mean + radius * std::sin(angle));
  });
}

template <class Body>
void for_floating(const View& y, const char* operation, Body body) {
  if (y.dtype == float32)
    body(y.span<float>());
  else if (y.dtype == float64)
    body(y.span<double>());
  else
    fail<DTypeError>(Location::current(), operation, ": the dtype must be floating, not ", y.dtype);
}

}  // namespace

void uniform(RandomState state, double low, double high, const View& y) {
  for_floating(y, "uniform", [&](auto elements) { uniform_fill(state, low, high, elements); });
}

void normal(RandomState state, double mean, double deviation, const View& y) {
  for_floating(y, "normal", [&](auto elements) { normal_fill(state, mean, deviation, elements); });
}

}  // namespace xgrad::kernels
