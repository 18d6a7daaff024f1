#pragma once

// Matrices of long double, for naive references.

#include <cstddef>
#include <vector>

#include "tests/catalogue.hpp"

namespace xgrad::catalogue {

using Index = std::vector<std::int64_t>;
using Matrix = std::vector<std::vector<Real>>;

// The matrix that an index of the batch (its first numbers) leads to.
inline Matrix matrix_at(const Array& x, const Index& index) {
  const std::int64_t ndim = x.shape.ndim();
  Matrix matrix(u(x.shape[ndim - 2]), std::vector<Real>(u(x.shape[ndim - 1])));
  Index at(index.begin(), index.begin() + (ndim - 2));
  at.resize(u(ndim));
  for (std::size_t i = 0; i < matrix.size(); ++i)
    for (std::size_t j = 0; j < matrix[i].size(); ++j) {
      at[u(ndim - 2)] = static_cast<std::int64_t>(i);
      at[u(ndim - 1)] = static_cast<std::int64_t>(j);
      matrix[i][j] = x.at(at);
    }
  return matrix;
}

inline Matrix with_diagonal(Matrix matrix, Real added) {
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i][i] += added;
  return matrix;
}

inline Matrix without(const Matrix& matrix, std::size_t row, std::size_t column) {
  Matrix minor;
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    if (i == row) continue;
    minor.emplace_back();
    for (std::size_t j = 0; j < matrix.size(); ++j)
      if (j != column) minor.back().push_back(matrix[i][j]);
  }
  return minor;
}

// Along the first row.
inline Real determinant(const Matrix& matrix) {
  if (matrix.empty()) return 1;
  Real sum = 0;
  for (std::size_t j = 0; j < matrix.size(); ++j)
    sum += (j % 2 ? -1 : 1) * matrix[0][j] * determinant(without(matrix, 0, j));
  return sum;
}

Matrix zero_matrix(std::size_t rows, std::size_t columns);
Matrix transposed(const Matrix& a);
Matrix product(const Matrix& a, const Matrix& b);

// Of a symmetric matrix: the eigenvalues, ascending, and the eigenvectors in columns, of whose largest components the
// first is positive.
struct EigenParts {
  std::vector<Real> values;
  Matrix vectors;
};
EigenParts eigen(Matrix a);

// a = u diag(s) vᵀ, s descending; of the largest components of a column of u the first is positive.
struct SingularParts {
  Matrix u;
  std::vector<Real> s;
  Matrix v;
};
SingularParts singular(const Matrix& a);

// Each column without its parts along those before it, in unit length.
Matrix orthonormal(const Matrix& x);
Matrix pseudo_inverse(const Matrix& x);

// Small numbers beside a diagonal whose values lie well apart: 1, 2, ...
Tensor spread(const Operand& x);
Matrix spread(Matrix x);

}  // namespace xgrad::catalogue
