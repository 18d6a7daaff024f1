// Linear recurrences, and running products, extremes and logarithms of sums.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/lines.hpp"
#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels {

namespace {

// float32 is multiplied in double; whole numbers wrap around.
template <class T>
using Accumulator = std::conditional_t<std::same_as<T, float>, double, Wrapping<T>>;

// Calls body(T{}) for the dtype of numbers.
template <class Body>
void for_numbers(DType dtype, const char* operation, Body body) {
  if (dtype == boolean) fail<DTypeError>(Location::current(), operation, ": not of ", dtype, " elements");
  dispatch(dtype, [&](auto zero) {
    if constexpr (!std::same_as<decltype(zero), bool>) body(zero);
  });
}

// Writes the products of all elements before each place to `before`, and multiplies them by those behind it.
template <class A, class T, class Apart, class Count>
void multiply_others(const T* x, std::int64_t size, Lines lines, Apart apart, Count count, A* before, T* y) {
  A product[most_lines];
  std::fill_n(product, std::int64_t{count}, A{1});
  for (std::int64_t k = 0, at = lines.begin; k < size; ++k, at += lines.step)
    for (std::int64_t j = 0; j < count; ++j) {
      before[k * count + j] = product[j];
      product[j] = static_cast<A>(product[j] * static_cast<A>(x[at + j * apart]));
    }
  std::fill_n(product, std::int64_t{count}, A{1});
  for (std::int64_t k = size, at = lines.begin + size * lines.step; k-- > 0;) {
    at -= lines.step;
    for (std::int64_t j = 0; j < count; ++j) {
      const std::int64_t i = at + j * apart;
      const A factor = static_cast<A>(x[i]);  // y may share the memory of x
      y[i] = static_cast<T>(static_cast<A>(before[k * count + j] * product[j]));
      product[j] = static_cast<A>(product[j] * factor);
    }
  }
}

template <class A>
struct Product {
  using State = A;
  static constexpr State start = 1;
  static void take(State& product, A factor) { product = static_cast<A>(product * factor); }
  static A result(State product) { return product; }
};

// A NaN replaces every number, and is never replaced.
template <bool largest, class T>
struct Extreme {
  using State = T;
  using Limits = std::numeric_limits<T>;
  static constexpr State start = largest ? (std::floating_point<T> ? -Limits::infinity() : Limits::lowest())
                                         : (std::floating_point<T> ? Limits::infinity() : Limits::max());
  static void take(State& best, T now) {
    const bool is_better = !(largest ? now <= best : now >= best) & (best == best);
    best = is_better ? now : best;
  }
  static State joined(State before, State behind) {
    take(before, behind);
    return before;
  }
  static T result(State best) { return best; }
};

// sum e^(x - reference). The reference is at least the maximum minus 1, so that the sum neither overflows nor is 0.
struct ExponentialSum {
  struct State {
    double reference, sum;
  };
  static constexpr State start{-std::numeric_limits<double>::infinity(), 0};
  static double power(double x, double reference) {  // equal infinities have the difference 0
    return x == reference ? 1 : std::exp(x - reference);
  }
  static void add(State& state, double reference, double sum) {
    if (reference <= state.reference + 1)
      state.sum += sum * power(reference, state.reference);
    else  // or one of them is NaN
      state = {reference, state.sum * power(state.reference, reference) + sum};
  }
  static void take(State& state, double x) { add(state, x, 1); }
  static State joined(State before, const State& behind) {
    add(before, behind.reference, behind.sum);
    return before;
  }
  static double result(const State& state) { return state.reference + std::log(state.sum); }
};

}  // namespace

void linear_recurrence(const View& a, const View& b, std::int64_t axis, bool reverse, const View& y) {
  const Panels shape = panels(y.shape, axis);
  if (y.numel() == 0) return;
  for_numbers(y.dtype, "linear_recurrence", [&]<class T>(T) {
    using A = Accumulator<T>;
    const T *factors = a.as<const T>(), *terms = b.as<const T>();
    each_lines(shape, reverse, [=, size = shape.size, to = y.as<T>()](Lines lines, auto apart, auto count) {
      A state[most_lines];
      for (std::int64_t k = 0, at = lines.begin; k < size; ++k, at += lines.step)
        for (std::int64_t j = 0; j < count; ++j) {
          const std::int64_t i = at + j * apart;
          const A term = static_cast<A>(terms[i]);
          state[j] = k == 0 ? term : static_cast<A>(static_cast<A>(factors[i]) * state[j] + term);
          to[i] = static_cast<T>(state[j]);
        }
    });
  });
}

void cumprod(const View& x, std::int64_t axis, const View& y) {
  const Panels shape = panels(y.shape, axis);
  if (y.numel() == 0) return;
  for_numbers(y.dtype, "cumprod", [&]<class T>(T) {
    using A = Accumulator<T>;
    // Lines are not divided, because products of parts may overflow where running products do not.
    scan_lines<Product<A>>(x.as<const T>(), shape, nullptr, y.as<T>());
  });
}

void product_of_others(const View& x, std::int64_t axis, const View& y) {
  const Panels shape = panels(y.shape, axis);
  if (y.numel() == 0) return;
  for_numbers(y.dtype, "product_of_others", [&]<class T>(T) {
    using A = Accumulator<T>;
    each_lines(shape, false,
               [=, size = shape.size, from = x.as<const T>(), to = y.as<T>()](Lines lines, auto apart, auto count) {
                 constexpr std::int64_t few = 1024;
                 if (size * count <= few) {
                   A before[few];
                   return multiply_others(from, size, lines, apart, count, before, to);
                 }
                 std::vector<A> before(static_cast<std::size_t>(size * count));
                 multiply_others(from, size, lines, apart, count, before.data(), to);
               });
  });
}

void running_extreme(Instruction max_or_min, const View& x, std::int64_t axis, const View& y) {
  const Panels shape = panels(y.shape, axis);
  if (y.numel() == 0) return;
  for_numbers(y.dtype, "running_extreme", [&]<class T>(T) {
    if (max_or_min == Instruction::max)
      scan<Extreme<true, T>>(x.as<const T>(), shape, y.as<T>());
    else
      scan<Extreme<false, T>>(x.as<const T>(), shape, y.as<T>());
  });
}

void logcumsumexp(const View& x, std::int64_t axis, const View& y) {
  const Panels shape = panels(y.shape, axis);
  if (y.numel() == 0) return;
  if (y.dtype == float32)
    scan<ExponentialSum>(x.as<const float>(), shape, y.as<float>());
  else
    scan<ExponentialSum>(x.as<const double>(), shape, y.as<double>());
}

}  // namespace xgrad::kernels
