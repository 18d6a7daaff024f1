#include <concepts>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/wrap.hpp"

namespace xgrad::kernels {

namespace {

// Whether b is to replace the extreme a: a NaN does, and is never replaced.
struct Above {
  template <class T>
  bool operator()(T a, T b) const {
    return b > a || (b != b && a == a);
  }
};
struct Below {
  template <class T>
  bool operator()(T a, T b) const {
    return b < a || (b != b && a == a);
  }
};

template <class Better, class T>
std::int64_t extreme_of_run(const T* x, std::int64_t n, Better better) {
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < n; ++i)
    if (better(x[best], x[i])) best = i;
  return best;
}

template <class Better, class T>
void extreme(const T* x, const Panels& shape, std::int64_t* y, Better better) {
  const auto [outer, size, inner] = shape;
  if (inner == 1) {
    for (std::int64_t i = 0; i < outer; ++i) y[i] = extreme_of_run(x + i * size, size, better);
    return;
  }
  std::vector<T> best(static_cast<std::size_t>(inner));
  for (std::int64_t i = 0; i < outer; ++i, y += inner) {
    const T* panel = x + i * size * inner;
    for (std::int64_t j = 0; j < inner; ++j) {
      best[static_cast<std::size_t>(j)] = panel[j];
      y[j] = 0;
    }
    for (std::int64_t k = 1; k < size; ++k)
      for (std::int64_t j = 0; j < inner; ++j) {
        const T value = panel[k * inner + j];
        if (!better(best[static_cast<std::size_t>(j)], value)) continue;
        best[static_cast<std::size_t>(j)] = value;
        y[j] = k;
      }
  }
}

template <class A, class T>
void running_sum(const T* x, const Panels& shape, bool reverse, T* y) {
  const auto [outer, size, inner] = shape;
  std::vector<A> total(static_cast<std::size_t>(inner));
  for (std::int64_t i = 0; i < outer; ++i) {
    total.assign(total.size(), A{});
    for (std::int64_t k = 0; k < size; ++k) {
      const std::int64_t row = (i * size + (reverse ? size - 1 - k : k)) * inner;
      for (std::int64_t j = 0; j < inner; ++j) {
        A& sum = total[static_cast<std::size_t>(j)];
        sum = static_cast<A>(sum + static_cast<A>(x[row + j]));
        y[row + j] = static_cast<T>(sum);
      }
    }
  }
}

}  // namespace

void arg_extreme(Instruction max_or_min, const View& x, std::int64_t axis, const View& y) {
  if (x.numel() == 0) return;
  dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    // std::vector<bool> is not an array: truth values are compared as bytes.
    using Stored = std::conditional_t<std::same_as<T, bool>, unsigned char, T>;
    const Panels shape = panels(x.shape, axis);
    const auto* from = static_cast<const Stored*>(x.data);
    if (max_or_min == Instruction::max)
      extreme(from, shape, y.as<std::int64_t>(), Above{});
    else
      extreme(from, shape, y.as<std::int64_t>(), Below{});
  });
}

void cumsum(const View& x, std::int64_t axis, bool reverse, const View& y) {
  if (x.numel() == 0) return;
  const bool known = dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::same_as<T, bool>) {
      using A = std::conditional_t<std::same_as<T, float>, double, Wrapping<T>>;
      running_sum<A>(x.as<const T>(), panels(x.shape, axis), reverse, y.as<T>());
      return true;
    }
    return false;
  });
  if (!known) fail<DTypeError>(Location::current(), "cumsum: there are no sums of ", x.dtype, " elements");
}

}  // namespace xgrad::kernels
