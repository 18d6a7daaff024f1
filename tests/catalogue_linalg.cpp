#include <cmath>

#include "tests/catalogue.hpp"

namespace xgrad::catalogue {

namespace {

using Xs = std::vector<Tensor>;
using Arrays = std::vector<Array>;
using Index = std::vector<std::int64_t>;
using Matrix = std::vector<std::vector<Real>>;

std::size_t u(std::int64_t i) { return static_cast<std::size_t>(i); }

Tensor shifted(const Tensor& x) { return x + 2 * eye(x.size(-1), {}, x.dtype()); }
Tensor positive(const Tensor& x) { return matmul(x, transpose(x)) + eye(x.size(-1), {}, x.dtype()); }

// The matrix that an index of the batch (its first numbers) leads to.
Matrix matrix_at(const Array& x, const Index& index) {
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

Matrix with_diagonal(Matrix matrix, Real added) {
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i][i] += added;
  return matrix;
}

Matrix without(const Matrix& matrix, std::size_t row, std::size_t column) {
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
Real determinant(const Matrix& matrix) {
  if (matrix.empty()) return 1;
  Real sum = 0;
  for (std::size_t j = 0; j < matrix.size(); ++j)
    sum += (j % 2 ? -1 : 1) * matrix[0][j] * determinant(without(matrix, 0, j));
  return sum;
}

Real cofactor(const Matrix& matrix, std::size_t i, std::size_t j) {
  return ((i + j) % 2 ? -1 : 1) * determinant(without(matrix, i, j));
}

Shape batch_of(const Shape& shape) { return Shape(shape.data(), u(shape.ndim() - 2)); }

Case of_determinant(Tensor (*f)(const Tensor&), const Shape& shape, Real (*g)(Real)) {
  return {[f](const Xs& x) { return f(shifted(x[0])); },
          {{shape, -1, 1}},
          [g](const Arrays& x) {
            return build(batch_of(x[0].shape),
                         [&](const Index& index) { return g(determinant(with_diagonal(matrix_at(x[0], index), 2))); });
          }};
}

Case cofactors_case(const Shape& shape) {
  return {[](const Xs& x) {
            const EnableGrad tracked;
            const Tensor at = x[0].tracked() ? shifted(x[0]) : track(shifted(x[0]));
            return grad(sum(det(at)), at, {.create_graph = true});
          },
          {{shape, -1, 1}},
          [](const Arrays& x) {
            return build(x[0].shape, [&](const Index& index) {
              const Matrix matrix = with_diagonal(matrix_at(x[0], index), 2);
              return cofactor(matrix, u(index[index.size() - 2]), u(index.back()));
            });
          }};
}

// Cramer's rule
Case solve_case(const Shape& a, const Shape& b) {
  return {[](const Xs& x) { return solve(shifted(x[0]), x[1]); },
          {{a, -1, 1}, {b, -2, 2}},
          [](const Arrays& x) {
            return build(x[1].shape, [&](const Index& index) {
              Matrix matrix = with_diagonal(matrix_at(x[0], index), 2);
              const Real whole = determinant(matrix);
              const Matrix right = matrix_at(x[1], index);
              for (std::size_t i = 0; i < matrix.size(); ++i)
                matrix[i][u(index[index.size() - 2])] = right[i][u(index.back())];
              return determinant(matrix) / whole;
            });
          }};
}

// Substitution, from the first row on or from the last.
Case triangular_case(const Shape& a, const Shape& b, const TriangularOptions& options) {
  return {[options](const Xs& x) { return triangular_solve(shifted(x[0]), x[1], options); },
          {{a, -1, 1}, {b, -2, 2}},
          [options](const Arrays& x) {
            return build(x[1].shape, [&](const Index& index) {
              const Matrix read = with_diagonal(matrix_at(x[0], index), 2), right = matrix_at(x[1], index);
              const std::size_t n = read.size();
              std::vector<Real> y(n);
              const bool from_last = options.upper != options.transposed;
              for (std::size_t step = 0; step < n; ++step) {
                const std::size_t i = from_last ? n - 1 - step : step;
                Real rest = right[i][u(index.back())];
                for (std::size_t j = 0; j < n; ++j)
                  if (from_last ? j > i : j < i) rest -= (options.transposed ? read[j][i] : read[i][j]) * y[j];
                y[i] = options.unit ? rest : rest / read[i][i];
              }
              return y[u(index[index.size() - 2])];
            });
          }};
}

// Column by column (Cholesky and Banachiewicz)
Case cholesky_case(const Shape& shape) {
  return {[](const Xs& x) { return cholesky(positive(x[0])); },
          {{shape, -1, 1}},
          [](const Arrays& x) {
            return build(x[0].shape, [&](const Index& index) {
              const Matrix from = matrix_at(x[0], index);
              const std::size_t n = from.size();
              Matrix a(n, std::vector<Real>(n)), l = a;
              for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = 0; j < n; ++j) {
                  a[i][j] = i == j;
                  for (std::size_t k = 0; k < n; ++k) a[i][j] += from[i][k] * from[j][k];
                }
              for (std::size_t j = 0; j < n; ++j)
                for (std::size_t i = j; i < n; ++i) {
                  Real rest = a[i][j];
                  for (std::size_t k = 0; k < j; ++k) rest -= l[i][k] * l[j][k];
                  l[i][j] = i == j ? std::sqrt(rest) : rest / l[j][j];
                }
              return l[u(index[index.size() - 2])][u(index.back())];
            });
          }};
}

}  // namespace

std::vector<Row> linalg_rows() {
  const auto whole = [](const Tensor& x) { return det(x); };
  const auto logarithm = [](const Tensor& x) { return slogdet(x).logarithm; };
  const auto signed_sum = [](const Tensor& x) { return slogdet(x).sign * sum(x * 0 + 1, {-2, -1}); };
  const auto itself = [](Real d) -> Real { return d; };
  const auto log_of = [](Real d) -> Real { return std::log(std::abs(d)); };
  const auto four_signs = [](Real d) -> Real { return d > 0 ? 4 : d < 0 ? -4 : 0; };
  return {
      {"det",
       {of_determinant(whole, {3, 3}, itself), of_determinant(whole, {2, 2, 2}, itself),
        of_determinant(whole, {1, 1}, itself)},
       3,
       {}},
      {"logabsdet", {of_determinant(logarithm, {3, 3}, log_of), of_determinant(logarithm, {2, 2, 2}, log_of)}, 3, {}},
      {"det_sign",
       {of_determinant(signed_sum, {2, 2}, four_signs), of_determinant(signed_sum, {3, 2, 2}, four_signs)},
       1,
       {}},
      {"cofactors", {cofactors_case({2, 2}), cofactors_case({3, 3}), cofactors_case({2, 2, 2})}, 2, {}},
      {"solve", {solve_case({3, 3}, {3, 2}), solve_case({2, 2, 2}, {2, 2, 1}), solve_case({1, 1}, {1, 1})}, 3, {}},
      {"triangular_solve",
       {triangular_case({3, 3}, {3, 2}, {}), triangular_case({2, 2, 2}, {2, 2, 1}, {.upper = true}),
        triangular_case({3, 3}, {3, 1}, {.transposed = true, .unit = true}),
        triangular_case({3, 3}, {3, 1}, {.upper = true, .transposed = true})},
       3,
       {}},
      {"cholesky", {cholesky_case({3, 3}), cholesky_case({2, 2, 2}), cholesky_case({1, 1})}, 3, {}}};
}

}  // namespace xgrad::catalogue
