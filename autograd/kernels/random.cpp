#include "autograd/core/random.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numeric>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/draw_loops.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/ranges.hpp"

namespace xgrad::kernels {

namespace {

// Fills y from the stream, with `each` elements from every block. On several threads.
template <class Numbers, class T>
void fill(RandomState state, std::int64_t each, const Numbers& numbers, std::span<T> y) {
  const std::int64_t size = std::ssize(y), cost = 4;  // of a block, in units of a copied element
  parallel_ranges((size + each - 1) / each, cost, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = each * begin, last = std::min(size, each * end);
    const RandomState from{state.key, state.counter + static_cast<std::uint64_t>(begin)};
    draw(from, numbers, y.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)));
  });
}

template <std::floating_point T>
void uniform_fill(RandomState state, double low, double high, std::span<T> y) {
  const T from = static_cast<T>(low), to = static_cast<T>(high);
  const T last = from < to ? std::nextafter(to, from) : from;  // rounding must not give the excluded end
  fill(state, 2, UniformNumbers<T>{from, to - from, last}, y);
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
  for_floating(y, "normal", [&](auto elements) { fill(state, 2, NormalNumbers{mean, deviation}, elements); });
}

void randint(RandomState state, std::int64_t low, std::uint64_t range, const View& y) {
  fill(state, 1, WholeNumbers{low, range}, y.span<std::int64_t>());
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
