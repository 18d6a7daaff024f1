// Factorisations by LAPACK. Its matrices lie column by column: what is row-major here is transposed there.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numeric>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"

extern "C" {
void spotrf_(const char* uplo, const int* n, float* a, const int* lda, int* info);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void strsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
            const float* alpha, const float* a, const int* lda, float* b, const int* ldb);
void dtrsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
            const double* alpha, const double* a, const int* lda, double* b, const int* ldb);
void sgetrf_(const int* m, const int* n, float* a, const int* lda, int* pivots, int* info);
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void sgetrs_(const char* trans, const int* n, const int* nrhs, const float* a, const int* lda, const int* pivots,
             float* b, const int* ldb, int* info);
void dgetrs_(const char* trans, const int* n, const int* nrhs, const double* a, const int* lda, const int* pivots,
             double* b, const int* ldb, int* info);
void dgesvd_(const char* jobu, const char* jobvt, const int* m, const int* n, double* a, const int* lda, double* s,
             double* u, const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork, int* info);
}

namespace xgrad::kernels {

namespace {

template <class T>
constexpr bool is_float = std::same_as<T, float>;

// Square matrices one after the other.
struct Matrices {
  std::int64_t count;
  int n;
  std::size_t elements() const { return static_cast<std::size_t>(n) * static_cast<std::size_t>(n); }
};

int as_int(std::int64_t size, const char* call) {
  check<LimitError>(size <= std::numeric_limits<int>::max(), Location::current(), call, ": LAPACK cannot count to ",
                    size);
  return static_cast<int>(size);
}

Matrices matrices(const View& x, const char* call) {
  std::int64_t count = 1;
  for (std::int64_t axis = 0; axis + 2 < x.shape.ndim(); ++axis) count *= x.shape[axis];
  return {count, as_int(x.shape.back(), call)};
}

// In the batch: "entry 3 of the batch: ", or nothing where there is no batch.
std::string of_entry(std::int64_t entry, const Matrices& all) {
  return all.count == 1 ? "" : "entry " + std::to_string(entry) + " of the batch: ";
}

template <class Body>
void floating(const View& x, Body body) {
  x.dtype == float32 ? body(float{}) : body(double{});
}

// The factors of one matrix.
template <class T>
struct Lu {
  std::vector<T> factors;
  std::vector<int> pivots;
  int info = 0;

  Lu(const T* matrix, int n)
      : factors(matrix, matrix + static_cast<std::size_t>(n) * static_cast<std::size_t>(n)),
        pivots(static_cast<std::size_t>(n)) {
    if constexpr (is_float<T>)
      sgetrf_(&n, &n, factors.data(), &n, pivots.data(), &info);
    else
      dgetrf_(&n, &n, factors.data(), &n, pivots.data(), &info);
  }
  T diagonal(std::size_t i) const { return factors[i * (pivots.size() + 1)]; }
  // Of the permutation.
  int sign() const {
    int sign = 1;
    for (std::size_t i = 0; i < pivots.size(); ++i)
      if (pivots[i] != static_cast<int>(i) + 1) sign = -sign;
    return sign;
  }
  T determinant() const {
    T product = static_cast<T>(sign());
    for (std::size_t i = 0; i < pivots.size(); ++i) product *= diagonal(i);
    return product;
  }
};

template <class T>
T log_of_determinant(const Lu<T>& lu) {
  T sum = 0;
  for (std::size_t i = 0; i < lu.pivots.size(); ++i) sum += std::log(std::abs(lu.diagonal(i)));
  return sum;
}

template <class T>
int sign_of_determinant(const Lu<T>& lu) {
  int sign = lu.sign();
  for (std::size_t i = 0; i < lu.pivots.size(); ++i) sign *= (lu.diagonal(i) > 0) - (lu.diagonal(i) < 0);
  return sign;
}

// det(U) det(V) U diag(product of the other singular values) V^T, of numbers of either dtype: where singular values are
// far apart, products of theirs in float32 would be no cofactors any more.
template <class T>
void cofactors(const T* matrix, int n, T* y) {
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> a(matrix, matrix + size * size), u(size * size), vt(size * size), s(size), work(1);
  int info = 0, room = -1;
  const auto svd = [&] {
    dgesvd_("A", "A", &n, &n, a.data(), &n, s.data(), u.data(), &n, vt.data(), &n, work.data(), &room, &info);
  };
  svd();
  room = static_cast<int>(work[0]);
  work.resize(static_cast<std::size_t>(room));
  svd();
  const bool same = Lu<double>(u.data(), n).determinant() * Lu<double>(vt.data(), n).determinant() > 0;
  for (std::size_t k = 0; k < size; ++k) {  // each row of V^T by the product of the other singular values
    double others = same ? 1 : -1;
    for (std::size_t l = 0; l < size; ++l)
      if (l != k) others *= s[l];
    for (std::size_t i = 0; i < size; ++i) vt[i * size + k] *= others;
  }
  // (The matrix there is the transposed one, and so are its cofactors.)
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < size; ++j) {
      double sum = info == 0 ? 0 : std::numeric_limits<double>::quiet_NaN();  // of what is not finite
      for (std::size_t k = 0; k < size; ++k) sum += u[k * size + j] * vt[i * size + k];
      y[i * size + j] = static_cast<T>(sum);
    }
}

}  // namespace

// The lower triangle, row-major, is the upper one there: A = U^T U with U = L^T.
void cholesky(const View& x, const View& y, const Location& where) {
  if (x.numel() == 0) return;
  const Matrices all = matrices(x, "cholesky");
  floating(x, [&](auto zero) {
    using T = decltype(zero);
    std::copy_n(x.as<const T>(), x.numel(), y.as<T>());
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      T* matrix = y.as<T>() + static_cast<std::size_t>(entry) * all.elements();
      int info = 0;
      if constexpr (is_float<T>)
        spotrf_("U", &all.n, matrix, &all.n, &info);
      else
        dpotrf_("U", &all.n, matrix, &all.n, &info);
      check<LinalgError>(info == 0, where, "cholesky: ", of_entry(entry, all),
                         "the matrix is not positive definite (pivot ", info - 1, ")");
      for (int i = 0; i < all.n; ++i)
        std::fill(matrix + static_cast<std::size_t>(i) * static_cast<std::size_t>(all.n) + i + 1,
                  matrix + static_cast<std::size_t>(i + 1) * static_cast<std::size_t>(all.n), T{0});
    }
  });
}

// A X = B is X^T A^T = B^T, which is what lies there.
void triangular_solve(const View& a, const View& b, bool upper, bool transposed, bool unit, const View& y,
                      const Location& where) {
  if (y.numel() == 0) return;
  const Matrices all = matrices(a, "triangular_solve");
  const int columns = as_int(b.shape.back(), "triangular_solve");
  floating(y, [&](auto zero) {
    using T = decltype(zero);
    std::copy_n(b.as<const T>(), b.numel(), y.as<T>());
    const T one = 1;
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      const T* matrix = a.as<const T>() + static_cast<std::size_t>(entry) * all.elements();
      for (int i = 0; i < all.n && !unit; ++i)
        check<LinalgError>(matrix[static_cast<std::size_t>(i) * (static_cast<std::size_t>(all.n) + 1)] != 0, where,
                           "triangular_solve: ", of_entry(entry, all), "the matrix is singular (pivot ", i, ")");
      T* result = y.as<T>() + entry * all.n * columns;
      const char *uplo = upper ? "L" : "U", *trans = transposed ? "T" : "N", *diagonal = unit ? "U" : "N";
      if constexpr (is_float<T>)
        strsm_("R", uplo, trans, diagonal, &columns, &all.n, &one, matrix, &all.n, result, &columns);
      else
        dtrsm_("R", uplo, trans, diagonal, &columns, &all.n, &one, matrix, &all.n, result, &columns);
    }
  });
}

void solve(const View& a, const View& b, const View& y, const Location& where) {
  if (y.numel() == 0) return;
  const Matrices all = matrices(a, "solve");
  const int columns = as_int(b.shape.back(), "solve");
  floating(y, [&](auto zero) {
    using T = decltype(zero);
    const auto n = static_cast<std::size_t>(all.n), k = static_cast<std::size_t>(columns);
    std::vector<T> right(n * k);  // column by column
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      const Lu<T> lu(a.as<const T>() + static_cast<std::size_t>(entry) * all.elements(), all.n);
      check<LinalgError>(lu.info == 0, where, "solve: ", of_entry(entry, all), "the matrix is singular (pivot ",
                         lu.info - 1, ")");
      const T* from = b.as<const T>() + static_cast<std::size_t>(entry) * n * k;
      T* to = y.as<T>() + static_cast<std::size_t>(entry) * n * k;
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < k; ++j) right[j * n + i] = from[i * k + j];
      int info = 0;
      if constexpr (is_float<T>)
        sgetrs_("T", &all.n, &columns, lu.factors.data(), &all.n, lu.pivots.data(), right.data(), &all.n, &info);
      else
        dgetrs_("T", &all.n, &columns, lu.factors.data(), &all.n, lu.pivots.data(), right.data(), &all.n, &info);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < k; ++j) to[i * k + j] = right[j * n + i];
    }
  });
}

void determinant(Determinant part, const View& x, const View& y) {
  const Matrices all = matrices(x, "det");
  floating(y, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      T& result = y.as<T>()[entry];
      if (all.n == 0) {
        result = part == Determinant::log ? T{0} : T{1};
        continue;
      }
      const Lu<T> lu(x.as<const T>() + static_cast<std::size_t>(entry) * all.elements(), all.n);
      result = part == Determinant::whole ? lu.determinant()
               : part == Determinant::log ? log_of_determinant(lu)
                                          : static_cast<T>(sign_of_determinant(lu));
    }
  });
}

void cofactors(const View& x, const View& y) {
  if (x.numel() == 0) return;
  const Matrices all = matrices(x, "det");
  floating(x, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      const std::size_t begin = static_cast<std::size_t>(entry) * all.elements();
      cofactors(x.as<const T>() + begin, all.n, y.as<T>() + begin);
    }
  });
}

}  // namespace xgrad::kernels
