#pragma once

// LAPACK and BLAS, and helpers of their callers. Their matrices are column-major, so a row-major matrix is transposed
// there.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/core/view.hpp"

extern "C" {
void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k, const float* alpha,
            const float* a, const int* lda, const float* b, const int* ldb, const float* beta, float* c,
            const int* ldc);
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* b, const int* ldb, const double* beta, double* c,
            const int* ldc);
void strsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
            const float* alpha, const float* a, const int* lda, float* b, const int* ldb);
void dtrsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
            const double* alpha, const double* a, const int* lda, double* b, const int* ldb);
void spotrf_(const char* uplo, const int* n, float* a, const int* lda, int* info);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void sgetrf_(const int* m, const int* n, float* a, const int* lda, int* pivots, int* info);
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void sgeqrf_(const int* m, const int* n, float* a, const int* lda, float* tau, float* work, const int* lwork,
             int* info);
void dgeqrf_(const int* m, const int* n, double* a, const int* lda, double* tau, double* work, const int* lwork,
             int* info);
void sorgqr_(const int* m, const int* n, const int* k, float* a, const int* lda, const float* tau, float* work,
             const int* lwork, int* info);
void dorgqr_(const int* m, const int* n, const int* k, double* a, const int* lda, const double* tau, double* work,
             const int* lwork, int* info);
void ssyevd_(const char* jobz, const char* uplo, const int* n, float* a, const int* lda, float* w, float* work,
             const int* lwork, int* iwork, const int* liwork, int* info);
void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w, double* work,
             const int* lwork, int* iwork, const int* liwork, int* info);
void sgesdd_(const char* jobz, const int* m, const int* n, float* a, const int* lda, float* s, float* u, const int* ldu,
             float* vt, const int* ldvt, float* work, const int* lwork, int* iwork, int* info);
void dgesdd_(const char* jobz, const int* m, const int* n, double* a, const int* lda, double* s, double* u,
             const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork, int* iwork, int* info);
void dgesvd_(const char* jobu, const char* jobvt, const int* m, const int* n, double* a, const int* lda, double* s,
             double* u, const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork, int* info);
}

namespace xgrad::kernels {

/// The routine for elements of type T: routine<T, spotrf_, dpotrf_>(arguments...).
template <class T, auto single_precision, auto double_precision, class... Arguments>
void routine(Arguments... arguments) {
  if constexpr (std::same_as<T, float>)
    single_precision(arguments...);
  else
    double_precision(arguments...);
}

/// The workspace that LAPACK asks for, in numbers. The answer may have been rounded down to a float.
template <class T>
int room_of(T answer) {
  return static_cast<int>(
      std::ceil(static_cast<double>(answer) * (1 + static_cast<double>(std::numeric_limits<T>::epsilon()))));
}

/// Calls `f(float{})` or `f(double{})`.
template <class Body>
void floating(const View& x, Body body) {
  x.dtype == float32 ? body(float{}) : body(double{});
}

inline int as_int(std::int64_t size, const char* call) {
  check<LimitError>(size <= std::numeric_limits<int>::max(), Location::current(), call, ": LAPACK cannot count to ",
                    size);
  return static_cast<int>(size);
}

/// Matrices of m rows and n columns, one after the other.
struct Matrices {
  std::int64_t count = 1;
  int m, n;

  Matrices(const View& x, const char* call)
      : m(as_int(x.shape[x.shape.ndim() - 2], call)), n(as_int(x.shape.back(), call)) {
    for (std::int64_t axis = 0; axis + 2 < x.shape.ndim(); ++axis) count *= x.shape[axis];
  }
  std::size_t rows() const { return static_cast<std::size_t>(m); }
  std::size_t columns() const { return static_cast<std::size_t>(n); }
  std::size_t elements() const { return rows() * columns(); }
  template <class T>
  const T* at(const View& x, std::int64_t entry) const {
    return x.as<const T>() + static_cast<std::size_t>(entry) * elements();
  }
  /// In a batch: "entry 3 of the batch: ", else nothing.
  std::string of_entry(std::int64_t entry) const {
    return count == 1 ? "" : "entry " + std::to_string(entry) + " of the batch: ";
  }
  /// LinalgError for NaN and infinities, with which LAPACK may not terminate.
  template <class T>
  void check_finite(const T* matrix, std::int64_t entry, const char* call, const Location& where) const {
    const std::size_t i = static_cast<std::size_t>(
        std::find_if_not(matrix, matrix + elements(), [](T element) { return std::isfinite(element); }) - matrix);
    if (i < elements())
      fail<LinalgError>(where, call, ": ", of_entry(entry), "the element [", i / columns(), ", ", i % columns(),
                        "] is ", matrix[i]);
  }
};

/// y = (x + x^T) / 2 of one matrix.
template <class T>
void symmetrise(const T* x, std::size_t n, T* y) {
  const T half = static_cast<T>(0.5);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) y[i * n + j] = y[j * n + i] = half * x[i * n + j] + half * x[j * n + i];
}

/// The LU factors of a square column-major matrix.
template <class T>
struct Lu {
  std::vector<T> factors;
  std::vector<int> pivots;
  int info = 0;

  Lu(const T* matrix, int n)
      : factors(matrix, matrix + static_cast<std::size_t>(n) * static_cast<std::size_t>(n)),
        pivots(static_cast<std::size_t>(n)) {
    routine<T, sgetrf_, dgetrf_>(&n, &n, factors.data(), &n, pivots.data(), &info);
  }
  /// Solves for the columns of `right` in place, with the matrix or its transpose. Not by getrs, because that of
  /// OpenBLAS wakes all its threads even for the smallest matrix.
  void solve(bool transposed, int columns, T* right) const {
    if (!transposed) swap_rows(false, columns, right);
    solve_triangle(transposed ? "U" : "L", transposed, columns, right);
    solve_triangle(transposed ? "L" : "U", transposed, columns, right);
    if (transposed) swap_rows(true, columns, right);
  }
  T diagonal(std::size_t i) const { return factors[i * (pivots.size() + 1)]; }
  /// The sign of the permutation.
  int sign() const {
    int sign = 1;
    for (std::size_t i = 0; i < pivots.size(); ++i)
      if (pivots[i] != static_cast<int>(i) + 1) sign = -sign;
    return sign;
  }

 private:
  void solve_triangle(const char* uplo, bool transposed, int columns, T* right) const {
    const int n = static_cast<int>(pivots.size());
    const T one = 1;
    routine<T, strsm_, dtrsm_>("L", uplo, transposed ? "T" : "N", *uplo == 'L' ? "U" : "N", &n, &columns, &one,
                               factors.data(), &n, right, &n);
  }
  void swap_rows(bool backwards, int columns, T* right) const {
    const std::size_t n = pivots.size();
    for (std::size_t j = 0; j < static_cast<std::size_t>(columns); ++j)
      for (std::size_t step = 0; step < n; ++step) {
        const std::size_t i = backwards ? n - 1 - step : step;
        std::swap(right[j * n + i], right[j * n + static_cast<std::size_t>(pivots[i] - 1)]);
      }
  }
};

}  // namespace xgrad::kernels
