// The textbook's algorithms: Jacobi's rotations, and the process of Gram and Schmidt.

#include "tests/catalogue_matrices.hpp"

#include <algorithm>
#include <cmath>

namespace xgrad::catalogue {

Matrix zero_matrix(std::size_t rows, std::size_t columns) { return Matrix(rows, std::vector<Real>(columns)); }

Matrix transposed(const Matrix& a) {
  Matrix result = zero_matrix(a[0].size(), a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a[0].size(); ++j) result[j][i] = a[i][j];
  return result;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix result = zero_matrix(a.size(), b[0].size());
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b[0].size(); ++j)
      for (std::size_t k = 0; k < b.size(); ++k) result[i][j] += a[i][k] * b[k][j];
  return result;
}

namespace {
Real sign_of_column(const Matrix& vectors, std::size_t j) {
  Real largest = 0;
  for (const auto& row : vectors) largest = std::max(largest, std::abs(row[j]));
  for (const auto& row : vectors)
    if (std::abs(row[j]) >= 0.9L * largest) return row[j] < 0 ? -1 : 1;
  return 1;
}

}  // namespace

// By rotations that make one pair of elements after the other 0.
EigenParts eigen(Matrix a) {
  const std::size_t n = a.size();
  Matrix v = zero_matrix(n, n);
  for (std::size_t i = 0; i < n; ++i) v[i][i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep)
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        if (a[p][q] == 0) continue;
        const Real angle = std::atan2(2 * a[p][q], a[q][q] - a[p][p]) / 2, c = std::cos(angle), s = std::sin(angle);
        Matrix rotation = zero_matrix(n, n);
        for (std::size_t i = 0; i < n; ++i) rotation[i][i] = 1;
        rotation[p][p] = rotation[q][q] = c;
        rotation[p][q] = s;
        rotation[q][p] = -s;
        a = product(transposed(rotation), product(a, rotation));
        v = product(v, rotation);
      }
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t i, std::size_t j) { return a[i][i] < a[j][j]; });
  EigenParts result{{}, zero_matrix(n, n)};
  for (std::size_t j = 0; j < n; ++j) {
    result.values.push_back(a[order[j]][order[j]]);
    for (std::size_t i = 0; i < n; ++i) result.vectors[i][j] = v[i][order[j]] * sign_of_column(v, order[j]);
  }
  return result;
}

namespace {
SingularParts svd_of_tall(const Matrix& a) {
  const EigenParts of_square = eigen(product(transposed(a), a));
  const std::size_t m = a.size(), n = a[0].size();
  SingularParts result{zero_matrix(m, n), {}, zero_matrix(n, n)};
  const Matrix image = product(a, of_square.vectors);
  for (std::size_t j = 0; j < n; ++j) {
    const std::size_t from = n - 1 - j;
    result.s.push_back(std::sqrt(of_square.values[from]));
    for (std::size_t i = 0; i < m; ++i) result.u[i][j] = image[i][from] / result.s[j];
    const Real sign = sign_of_column(result.u, j);
    for (std::size_t i = 0; i < m; ++i) result.u[i][j] *= sign;
    for (std::size_t i = 0; i < n; ++i) result.v[i][j] = sign * of_square.vectors[i][from];
  }
  return result;
}

}  // namespace

SingularParts singular(const Matrix& a) {
  if (a.size() >= a[0].size()) return svd_of_tall(a);
  SingularParts turned = svd_of_tall(transposed(a));
  for (std::size_t j = 0; j < turned.s.size(); ++j) {
    const Real sign = sign_of_column(turned.v, j);
    for (Matrix* vectors : {&turned.u, &turned.v})
      for (auto& row : *vectors) row[j] *= sign;
  }
  return {turned.v, turned.s, turned.u};
}

// Each column without its parts along those before it, in unit length.
Matrix orthonormal(const Matrix& x) {
  Matrix columns = transposed(x);
  for (std::size_t j = 0; j < columns.size(); ++j) {
    for (int again = 0; again < 2; ++again)
      for (std::size_t k = 0; k < j; ++k) {
        Real along = 0;
        for (std::size_t i = 0; i < x.size(); ++i) along += columns[k][i] * columns[j][i];
        for (std::size_t i = 0; i < x.size(); ++i) columns[j][i] -= along * columns[k][i];
      }
    Real square = 0;
    for (const Real element : columns[j]) square += element * element;
    for (Real& element : columns[j]) element /= std::sqrt(square);
  }
  return transposed(columns);
}

Matrix pseudo_inverse(const Matrix& x) {
  const auto [left, s, right] = singular(x);
  Matrix result = zero_matrix(x[0].size(), x.size());
  for (std::size_t i = 0; i < result.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j)
      for (std::size_t k = 0; k < s.size(); ++k) result[i][j] += right[i][k] * left[j][k] / s[k];
  return result;
}

Tensor spread(const Operand& operand) {
  const Tensor x = operand.tensor();
  const std::int64_t m = x.size(-2), n = x.size(-1);
  return 0.125 * x + eye(m, n, x.dtype()) * unsqueeze(1 + cast(arange(m), x.dtype()), -1);
}
Matrix spread(Matrix x) {
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < x[0].size(); ++j) x[i][j] = x[i][j] / 8 + (i == j ? static_cast<Real>(i + 1) : 0);
  return x;
}

}  // namespace xgrad::catalogue
