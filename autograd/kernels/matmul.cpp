#include <algorithm>
#include <concepts>
#include <limits>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/map.hpp"
#include "autograd/kernels/wrap.hpp"

#include <xtensor-blas/xblas.hpp>

namespace xgrad::kernels {

namespace {

struct Sizes {
  std::int64_t m, n, k;
};

// (m, k)(k, n) -> (m, n)
template <std::floating_point T>
void multiply(const T* a, const T* b, T* y, const Sizes& sizes) {
  const auto size = [](std::int64_t value) { return static_cast<xt::blas_index_t>(value); };
  const auto [m, n, k] = sizes;
  cxxblas::gemm<xt::blas_index_t>(cxxblas::RowMajor, cxxblas::NoTrans, cxxblas::NoTrans, size(m), size(n), size(k),
                                  T{1}, a, size(k), b, size(n), T{0}, y, size(n));
}

void multiply(const std::int64_t* a, const std::int64_t* b, std::int64_t* y, const Sizes& sizes) {
  const auto [m, n, k] = sizes;
  std::fill_n(y, m * n, 0);
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t l = 0; l < k; ++l)
      for (std::int64_t j = 0; j < n; ++j)
        y[i * n + j] = wrapping_add(y[i * n + j], wrapping_mul(a[i * k + l], b[l * n + j]));
}

template <class T>
void multiply_all(const View& a, const View& b, const View& y) {
  const std::int64_t axes = y.shape.ndim();
  const Sizes sizes{y.shape[axes - 2], y.shape[axes - 1], a.shape.back()};
  if (y.numel() == 0) return;
  if (sizes.k == 0) return fill(y.as<T>(), y.numel(), T{});
  constexpr std::int64_t most = std::numeric_limits<xt::blas_index_t>::max();
  check<LimitError>(!std::floating_point<T> || std::max({sizes.m, sizes.n, sizes.k}) <= most, Location::current(),
                    "matmul: BLAS cannot count the sizes ", sizes.m, ", ", sizes.n, " and ", sizes.k);
  const auto [m, n, k] = sizes;
  const auto *from_a = a.as<const T>(), *from_b = b.as<const T>();
  T* to = y.as<T>();
  if constexpr (std::floating_point<T>) {
    for (std::int64_t i = 0; i < y.numel() / (m * n); ++i)
      multiply(from_a + i * m * k, from_b + i * k * n, to + i * m * n, sizes);
  } else {  // row by row, on several threads
    parallel_ranges(y.numel() / n, n * k, [=, m = m, n = n, k = k](std::int64_t row, std::int64_t end) {
      for (; row < end; ++row) multiply(from_a + row * k, from_b + row / m * k * n, to + row * n, {1, n, k});
    });
  }
}

}  // namespace

void matmul(const View& a, const View& b, const View& y) {
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::same_as<T, bool>)
      fail<DTypeError>(Location::current(), "matmul: there is no product of bool elements");
    else
      multiply_all<T>(a, b, y);
  });
}

}  // namespace xgrad::kernels
