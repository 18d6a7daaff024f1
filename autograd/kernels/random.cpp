#include "autograd/core/random.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/random_bits.hpp"
#include "autograd/kernels/ranges.hpp"

namespace xgrad::kernels {

namespace {

// Calls make(blocks, begin, count) for all blocks of a stream, `count` of them at a time from number `begin` on. On
// several threads.
template <class Make>
void each_blocks(RandomState state, std::int64_t blocks, Make make) {
  constexpr std::int64_t together = BitPairs::count;
  parallel_ranges((blocks + together - 1) / together, 8 * together, [&](std::int64_t i, std::int64_t end) {
    for (; i < end; ++i)
      make(BitPairs(state, static_cast<std::uint64_t>(i * together)), i * together,
           std::min(together, blocks - i * together));
  });
}

// Fills element 2i from the first number of block i, and element 2i + 1 from the second.
template <class T, class Make>
void fill_pairs(RandomState state, std::span<T> y, Make make) {
  const std::int64_t size = std::ssize(y);
  each_blocks(state, (size + 1) / 2, [&](const BitPairs& bits, std::int64_t begin, std::int64_t count) {
    T pairs[2 * BitPairs::count];
    for (int i = 0; i < BitPairs::count; ++i) make(bits.first[i], bits.second[i], pairs[2 * i], pairs[2 * i + 1]);
    copy(pairs, std::min(2 * count, size - 2 * begin), y.data() + 2 * begin);
  });
}

template <std::floating_point T>
void uniform_fill(RandomState state, double low, double high, std::span<T> y) {
  const T from = static_cast<T>(low), to = static_cast<T>(high);
  const T below = from < to ? std::nextafter(to, from) : from;  // rounding must not give the excluded end
  const auto draw = [=](std::uint64_t bits) { return std::min(from + (to - from) * fraction<T>(bits), below); };
  fill_pairs(state, y, [=](std::uint64_t a, std::uint64_t b, T& first, T& second) {
    first = draw(a);
    second = draw(b);
  });
}

// Box and Muller, "A note on the generation of random normal deviates", 1958; in double for both dtypes.
template <std::floating_point T>
void normal_fill(RandomState state, double mean, double deviation, std::span<T> y) {
  fill_pairs(state, y, [=](std::uint64_t a, std::uint64_t b, T& first, T& second) {
    const double radius = deviation * std::sqrt(-2 * std::log(1 - fraction<double>(a)));
    const double angle = 2 * std::numbers::pi * fraction<double>(b);
    first = static_cast<T>(mean + radius * std::cos(angle));
    second = static_cast<T>(mean + radius * std::sin(angle));
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
  const auto to = y.as<std::int64_t>();
  each_blocks(state, y.numel(), [=](const BitPairs& bits, std::int64_t begin, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      // The high word of range * (first * 2^64 + second) / 2^64; the sum cannot overflow.
      const unsigned __int128 carried = static_cast<unsigned __int128>(range) * bits.second[i] >> 64;
      const unsigned __int128 product = static_cast<unsigned __int128>(range) * bits.first[i] + carried;
      to[begin + i] =
          static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + static_cast<std::uint64_t>(product >> 64));
    }
  });
}

void bernoulli(const View& p, const View& u, const View& y, const Location& where) {
  for_floating(p, "bernoulli", [&]<class T>(std::span<T> probabilities) {
    parallel_ranges(p.numel(), 1, [&, draws = u.as<const double>(), to = y.as<bool>()](auto i, auto end) {
      for (; i < end; ++i) to[i] = draws[i] < static_cast<double>(probabilities[static_cast<std::size_t>(i)]);
    });
    const auto bad = std::ranges::find_if_not(probabilities, [](T x) { return x >= 0 && x <= 1; });
    if (bad == probabilities.end()) return;
    fail<ValueError>(where, "bernoulli: p = ", static_cast<double>(*bad), " at place ", bad - probabilities.begin(),
                     " of ", p.shape, " is no probability");
  });
}

namespace {

// The cumulative sums of e^logit, in double for both dtypes. `possible` is the last index with a probability above 0.
struct Sums {
  std::vector<double> up_to;
  std::size_t possible = 0;
  explicit Sums(std::size_t size) : up_to(size) {}
};

template <std::floating_point T>
void check_logits(std::span<const T> logits, double largest, const char* call, std::size_t row, const Location& where) {
  const bool nan = std::ranges::any_of(logits, [](T logit) { return std::isnan(logit); });
  check<ValueError>(!nan && std::isfinite(largest), where, call, ": the logits of row ", row,
                    nan           ? " have a NaN"
                    : largest > 0 ? " have an infinite one"
                                  : " are all -inf");
}

template <std::floating_point T>
double largest_of(std::span<const T> logits) {
  double largest = -std::numeric_limits<double>::infinity();
  for (const T logit : logits) largest = std::max(largest, static_cast<double>(logit));
  return largest;
}

template <std::floating_point T>
void sum_up(std::span<const T> logits, double largest, Sums& sums) {
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double part = std::exp(static_cast<double>(logits[i]) - largest);
    if (part > 0) sums.possible = i;
    sums.up_to[i] = sum += part;
  }
}

}  // namespace

namespace {

// Calls draw(row, scratch) for the rows of logits that `accept` holds for, on several threads, and refuse(row) for the
// first other one.
template <class Scratch, class Accept, class Draw, class Refuse>
void each_distribution(std::int64_t rows, std::size_t size, Accept accept, Draw draw, Refuse refuse) {
  constexpr std::int64_t cost = 8;  // of an element, in units of a copied one
  std::vector<char> refused(static_cast<std::size_t>(rows));
  parallel_ranges(rows, cost * static_cast<std::int64_t>(size), [&](std::int64_t begin, std::int64_t end) {
    Scratch scratch(size);
    for (auto row = static_cast<std::size_t>(begin); row < static_cast<std::size_t>(end); ++row)
      if (accept(row))
        draw(row, scratch);
      else
        refused[row] = true;
  });
  const auto first = std::ranges::find(refused, true) - refused.begin();
  if (first < rows) refuse(static_cast<std::size_t>(first));
}

template <std::floating_point T>
bool is_distribution(std::span<const T> logits) {
  return std::ranges::none_of(logits, [](T x) { return std::isnan(x); }) && std::isfinite(largest_of(logits));
}

template <std::floating_point T>
std::size_t possible_classes(std::span<const T> logits) {
  return static_cast<std::size_t>(std::ranges::count_if(logits, [](T x) { return x > -INFINITY; }));
}

// The keys of a row, and its indices in the order of their keys.
struct KeyedPlaces {
  std::vector<double> keys;
  std::vector<std::int64_t> order;
  explicit KeyedPlaces(std::size_t size) : keys(size), order(size) {}

  template <class Key>
  void order_first(std::size_t count, Key key) {
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = key(i);
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                      [&](std::int64_t a, std::int64_t b) {
                        const double x = keys[static_cast<std::size_t>(a)], z = keys[static_cast<std::size_t>(b)];
                        return x > z || (x == z && a < b);
                      });
  }
};

}  // namespace

void categorical(const View& logits, const View& u, const View& y, const Location& where) {
  const auto* draws = u.as<const double>();
  const auto size = static_cast<std::size_t>(logits.shape.back()), each = static_cast<std::size_t>(u.shape.back());
  if (u.numel() == 0) return;
  for_floating(logits, "categorical", [&]<class T>(std::span<T> all) {
    const auto row_of = [&](std::size_t row) { return std::span<const T>(all.subspan(row * size, size)); };
    each_distribution<Sums>(
        u.numel() / u.shape.back(), size, [&](std::size_t row) { return is_distribution(row_of(row)); },
        [&, to = y.as<std::int64_t>()](std::size_t row, Sums& sums) {
          sum_up(row_of(row), largest_of(row_of(row)), sums);
          for (std::size_t i = row * each; i < (row + 1) * each; ++i) {
            // u * total may be rounded up to the total; then the last possible index is drawn.
            const auto at = std::ranges::upper_bound(sums.up_to, draws[i] * sums.up_to.back()) - sums.up_to.begin();
            to[i] = std::min(at, static_cast<std::int64_t>(sums.possible));
          }
        },
        [&](std::size_t row) { check_logits(row_of(row), largest_of(row_of(row)), "categorical", row, where); });
  });
}

void draw_without_replacement(const View& logits, const View& u, const View& y, const Location& where) {
  const auto size = static_cast<std::size_t>(logits.shape.back()), count = static_cast<std::size_t>(y.shape.back());
  const auto* draws = u.as<const double>();
  if (u.numel() == 0) return;
  for_floating(logits, "multinomial", [&]<class T>(std::span<T> all) {
    const auto row_of = [&](std::size_t row) { return std::span<const T>(all.subspan(row * size, size)); };
    each_distribution<KeyedPlaces>(
        u.numel() / u.shape.back(), size,
        [&](std::size_t row) { return is_distribution(row_of(row)) && count <= possible_classes(row_of(row)); },
        [&, to = y.as<std::int64_t>()](std::size_t row, KeyedPlaces& places) {
          places.order_first(count, [&, values = row_of(row)](std::size_t i) {
            return static_cast<double>(values[i]) - std::log(-std::log1p(-std::max(draws[row * size + i], 0x1p-54)));
          });
          std::copy_n(places.order.begin(), count, to + row * count);
        },
        [&](std::size_t row) {
          check_logits(row_of(row), largest_of(row_of(row)), "multinomial", row, where);
          fail<ValueError>(where, "multinomial: row ", row, " has ", possible_classes(row_of(row)),
                           " possible classes, not ", count);
        });
  });
}

}  // namespace xgrad::kernels
