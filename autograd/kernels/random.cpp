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

void randint(RandomState state, std::int64_t low, std::uint64_t range, const View& y) {
  std::uint64_t block = 0;
  for (std::int64_t& element : y.span<std::int64_t>()) {
    const Pair bits(state, block++);
    // The high word of range * (first * 2^64 + second) / 2^64; its sum cannot overflow.
    const unsigned __int128 carried = static_cast<unsigned __int128>(range) * bits.second >> 64;
    const unsigned __int128 product = static_cast<unsigned __int128>(range) * bits.first + carried;
    element = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + static_cast<std::uint64_t>(product >> 64));
  }
}

void bernoulli(const View& p, const View& u, const View& y, const Location& where) {
  const auto draws = u.span<const double>();
  for_floating(p, "bernoulli", [&]<class T>(std::span<T> probabilities) {
    bool* to = y.as<bool>();
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      const auto probability = static_cast<double>(probabilities[i]);
      check<ValueError>(probability >= 0 && probability <= 1, where, "bernoulli: p = ", probability, " at place ", i,
                        " of ", p.shape, " is no probability");
      to[i] = draws[i] < probability;
    }
  });
}

namespace {

// In double for both dtypes. Rounding may take u * total to the whole of it: then the last possible index is drawn.
template <std::floating_point T>
std::int64_t draw_index(std::span<const T> logits, double u, std::int64_t row, const Location& where) {
  double largest = -std::numeric_limits<double>::infinity(), total = 0;
  bool nan = false;
  for (const T logit : logits) {
    nan = nan || std::isnan(logit);
    largest = std::max(largest, static_cast<double>(logit));
  }
  check<ValueError>(!nan && std::isfinite(largest), where, "categorical: the logits of row ", row,
                    nan           ? " have a NaN"
                    : largest > 0 ? " have an infinite one"
                                  : " are all -inf");
  for (const T logit : logits) total += std::exp(static_cast<double>(logit) - largest);
  double sum = 0;
  std::int64_t possible = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double part = std::exp(static_cast<double>(logits[i]) - largest);
    if (part == 0) continue;
    possible = static_cast<std::int64_t>(i);
    sum += part;
    if (sum > u * total) break;
  }
  return possible;
}

}  // namespace

void categorical(const View& logits, const View& u, const View& y, const Location& where) {
  const auto draws = u.span<const double>();
  const auto size = static_cast<std::size_t>(logits.shape.back());
  for_floating(logits, "categorical", [&]<class T>(std::span<T> all) {
    std::int64_t* to = y.as<std::int64_t>();
    for (std::size_t row = 0; row < draws.size(); ++row)
      to[row] = draw_index<T>(all.subspan(row * size, size), draws[row], static_cast<std::int64_t>(row), where);
  });
}

}  // namespace xgrad::kernels
