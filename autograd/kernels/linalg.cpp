// Systems of equations and determinants, by LAPACK.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/lapack.hpp"

namespace xgrad::kernels {

namespace {

template <class T>
T determinant(const Lu<T>& lu) {
  T product = static_cast<T>(lu.sign());
  for (std::size_t i = 0; i < lu.pivots.size(); ++i) product *= lu.diagonal(i);
  return product;
}

template <class T>
T log_of_determinant(const Lu<T>& lu) {
  T sum = 0;
  for (std::size_t i = 0; i < lu.pivots.size(); ++i) sum += std::log(std::abs(lu.diagonal(i)));
  return sum;
}

template <class T>
T sign_of_determinant(const Lu<T>& lu) {
  T sign = static_cast<T>(lu.sign());
  for (std::size_t i = 0; i < lu.pivots.size(); ++i) {
    const T x = lu.diagonal(i);
    sign *= x != x ? x : static_cast<T>((x > 0) - (x < 0));
  }
  return sign;
}

// det(U) det(V) U diag(product of the other singular values) V^T, in double for both dtypes, because products of
// singular values that are far apart lose all digits in float32.
template <class T>
void cofactors(const T* matrix, int n, T* y) {
  as_int((std::int64_t{8} * n + 8) * n + std::int64_t{64} * n, "the derivative of det");  // the workspace
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> a(matrix, matrix + size * size), u(size * size), vt(size * size), s(size), work(1);
  int info = 0, room = -1;
  const auto svd = [&] {
    dgesvd_("A", "A", &n, &n, a.data(), &n, s.data(), u.data(), &n, vt.data(), &n, work.data(), &room, &info);
  };
  svd();
  room = room_of(work[0]);
  work.resize(static_cast<std::size_t>(room));
  svd();
  const bool same = determinant(Lu<double>(u.data(), n)) * determinant(Lu<double>(vt.data(), n)) > 0;
  for (std::size_t k = 0; k < size; ++k) {  // each row of V^T by the product of the other singular values
    double others = same ? 1 : -1;
    for (std::size_t l = 0; l < size; ++l)
      if (l != k) others *= s[l];
    for (std::size_t i = 0; i < size; ++i) vt[i * size + k] *= others;
  }
  // LAPACK sees the transposed matrix, so its cofactors are transposed, too.
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j < size; ++j) {
      double sum = info == 0 ? 0 : std::numeric_limits<double>::quiet_NaN();  // NaN for a matrix that is not finite
      for (std::size_t k = 0; k < size; ++k) sum += u[k * size + j] * vt[i * size + k];
      y[i * size + j] = static_cast<T>(sum);
    }
}

}  // namespace

// The row-major lower triangle is the column-major upper one: A = U^T U with U = L^T.
void cholesky(const View& x, const View& y, const Location& where) {
  if (x.numel() == 0) return;
  const Matrices all(x, "cholesky");
  floating(x, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      T* matrix = y.as<T>() + static_cast<std::size_t>(entry) * all.elements();
      all.check_finite(all.at<T>(x, entry), entry, "cholesky", where);
      symmetrise(all.at<T>(x, entry), all.rows(), matrix);
      int info = 0;
      routine<T, spotrf_, dpotrf_>("U", &all.n, matrix, &all.n, &info);
      check<LinalgError>(info == 0, where, "cholesky: ", all.of_entry(entry),
                         "the matrix is not positive definite (pivot ", info - 1, ")");
      for (int i = 0; i < all.n; ++i)
        std::fill(matrix + static_cast<std::size_t>(i) * static_cast<std::size_t>(all.n) + i + 1,
                  matrix + static_cast<std::size_t>(i + 1) * static_cast<std::size_t>(all.n), T{0});
    }
  });
}

// A X = B is X^T A^T = B^T, whose column-major matrices are the row-major A, X and B.
void triangular_solve(const View& a, const View& b, bool upper, bool transposed, bool unit, const View& y,
                      const Location& where) {
  if (y.numel() == 0) return;
  const Matrices all(a, "triangular_solve");
  const int columns = as_int(b.shape.back(), "triangular_solve");
  floating(y, [&](auto zero) {
    using T = decltype(zero);
    std::copy_n(b.as<const T>(), b.numel(), y.as<T>());
    const T one = 1;
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      const T* matrix = all.at<T>(a, entry);
      for (std::size_t i = 0; i < all.rows() && !unit; ++i)
        if (matrix[i * (all.columns() + 1)] == 0)
          fail<LinalgError>(where, "triangular_solve: ", all.of_entry(entry), "the matrix is singular (pivot ", i, ")");
      T* result = y.as<T>() + entry * all.n * columns;
      const char *uplo = upper ? "L" : "U", *trans = transposed ? "T" : "N", *diagonal = unit ? "U" : "N";
      routine<T, strsm_, dtrsm_>("R", uplo, trans, diagonal, &columns, &all.n, &one, matrix, &all.n, result, &columns);
    }
  });
}

void solve(const View& a, const View& b, const View& y, const Location& where) {
  if (y.numel() == 0) return;
  const Matrices all(a, "solve");
  const int columns = as_int(b.shape.back(), "solve");
  floating(y, [&](auto zero) {
    using T = decltype(zero);
    const auto n = static_cast<std::size_t>(all.n), k = static_cast<std::size_t>(columns);
    std::vector<T> right(n * k);  // column by column
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      const Lu<T> lu(all.at<T>(a, entry), all.n);
      check<LinalgError>(lu.info == 0, where, "solve: ", all.of_entry(entry), "the matrix is singular (pivot ",
                         lu.info - 1, ")");
      const T* from = b.as<const T>() + static_cast<std::size_t>(entry) * n * k;
      T* to = y.as<T>() + static_cast<std::size_t>(entry) * n * k;
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < k; ++j) right[j * n + i] = from[i * k + j];
      lu.solve(true, columns, right.data());
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < k; ++j) to[i * k + j] = right[j * n + i];
    }
  });
}

void determinant(Determinant part, const View& x, const View& y) {
  const Matrices all(x, "det");
  floating(y, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      T& result = y.as<T>()[entry];
      if (all.n == 0) {
        result = part == Determinant::log ? T{0} : T{1};
        continue;
      }
      const Lu<T> lu(all.at<T>(x, entry), all.n);
      result = part == Determinant::whole ? determinant(lu)
               : part == Determinant::log ? log_of_determinant(lu)
                                          : static_cast<T>(sign_of_determinant(lu));
    }
  });
}

void cofactors(const View& x, const View& y) {
  if (x.numel() == 0) return;
  const Matrices all(x, "det");
  floating(x, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      const std::size_t begin = static_cast<std::size_t>(entry) * all.elements();
      cofactors(x.as<const T>() + begin, all.n, y.as<T>() + begin);
    }
  });
}

}  // namespace xgrad::kernels
