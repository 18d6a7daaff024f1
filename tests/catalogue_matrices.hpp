#pragma once

// Matrices of long double, for naive references.

#include <cstddef>
#include <vector>

#include "tests/catalogue.hpp"

namespace xgrad::catalogue {

using Index = std::vector<std::int64_t>;
using Matrix = std::vector<std::vector<Real>>;

inline std::size_t u(std::int64_t i) { return static_cast<std::size_t>(i); }

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

}  // namespace xgrad::catalogue
