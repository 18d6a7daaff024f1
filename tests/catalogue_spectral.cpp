// Rows of the primitives of orthogonal, spectral and matrix functions. The references are the textbook's: Jacobi's
// rotations, the process of Gram and Schmidt, and power series.

#include <algorithm>
#include <cmath>

#include "tests/catalogue_matrices.hpp"

namespace xgrad::catalogue {

namespace {

using Xs = std::vector<Tensor>;
using Arrays = std::vector<Array>;

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

Real sign_of_column(const Matrix& vectors, std::size_t j) {
  Real largest = 0;
  for (const auto& row : vectors) largest = std::max(largest, std::abs(row[j]));
  for (const auto& row : vectors)
    if (std::abs(row[j]) >= 0.9L * largest) return row[j] < 0 ? -1 : 1;
  return 1;
}

struct Eigen {
  std::vector<Real> values;
  Matrix vectors;  // its columns
};

// By rotations that make one pair of elements after the other 0.
Eigen eigen(Matrix a) {
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
  Eigen result{{}, zero_matrix(n, n)};
  for (std::size_t j = 0; j < n; ++j) {
    result.values.push_back(a[order[j]][order[j]]);
    for (std::size_t i = 0; i < n; ++i) result.vectors[i][j] = v[i][order[j]] * sign_of_column(v, order[j]);
  }
  return result;
}

struct Svd {
  Matrix u;
  std::vector<Real> s;
  Matrix v;
};

Svd svd_of_tall(const Matrix& a) {
  const Eigen of_square = eigen(product(transposed(a), a));
  const std::size_t m = a.size(), n = a[0].size();
  Svd result{zero_matrix(m, n), {}, zero_matrix(n, n)};
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

Svd singular(const Matrix& a) {
  if (a.size() >= a[0].size()) return svd_of_tall(a);
  Svd turned = svd_of_tall(transposed(a));
  for (std::size_t j = 0; j < turned.s.size(); ++j) {
    const Real sign = sign_of_column(turned.v, j);
    for (Matrix* vectors : {&turned.u, &turned.v})
      for (auto& row : *vectors) row[j] *= sign;
  }
  return {turned.v, turned.s, turned.u};
}

// Small numbers beside a diagonal whose values lie well apart: 1, 2, ..., and for eigenvalues, around 0.
Real on_diagonal(std::size_t i) { return static_cast<Real>(i + 1); }
Real around_zero(std::int64_t n) { return static_cast<Real>(n + 1) / 2; }
Tensor spread(const Tensor& x) {
  const std::int64_t m = x.size(-2), n = x.size(-1);
  return 0.125 * x + eye(m, n, x.dtype()) * unsqueeze(1 + cast(arange(m), x.dtype()), -1);
}
Matrix spread(Matrix x) {
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < x[0].size(); ++j) x[i][j] = x[i][j] / 8 + (i == j ? on_diagonal(i) : 0);
  return x;
}
Tensor centred(const Tensor& x) {
  return x - static_cast<double>(around_zero(x.size(-1))) * eye(x.size(-1), {}, x.dtype());
}
Matrix symmetric(const Matrix& x) {
  Matrix result = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j)
      result[i][j] = (x[i][j] + x[j][i]) / 2 - (i == j ? around_zero(static_cast<std::int64_t>(x.size())) : 0);
  return result;
}

// A function of the spread matrices whose value is a matrix for each of them.
template <class Reference>
Case of_matrices(std::function<Tensor(const Tensor&)> f, const Shape& shape, const Shape& result, Reference reference) {
  return {[f](const Xs& x) { return f(spread(x[0])); },
          {{shape, -1, 1}},
          [=](const Arrays& x) {
            return build(result, [&](const Index& index) {
              return reference(spread(matrix_at(x[0], index)))[u(index[index.size() - 2])][u(index.back())];
            });
          }};
}

// As above, with the results side by side in one row.
Case of_values(std::function<Tensor(const Tensor&)> f, const Shape& shape, const Shape& result,
               std::vector<Real> (*reference)(const Matrix&)) {
  return of_matrices([f](const Tensor& x) { return unsqueeze(f(x), -2); }, shape, result,
                     [=](const Matrix& x) { return Matrix{reference(x)}; });
}

std::vector<Real> eigenvalues(const Matrix& x) { return eigen(symmetric(x)).values; }
std::vector<Real> singular_values(const Matrix& x) { return singular(x).s; }
Matrix eigenvectors(const Matrix& x) { return eigen(symmetric(x)).vectors; }
Matrix last_eigenvector(const Matrix& x) {
  Matrix last;
  for (const auto& row : eigenvectors(x)) last.push_back({row.back()});
  return last;
}

// The derivative of sum(c v) of the eigenvectors v, by the formula for simple eigenvalues.
Case gaps_case(const Shape& shape) {
  return {[](const Xs& x) {
            const EnableGrad tracked;
            const Tensor at = x[0].tracked() ? x[0] : track(x[0]);
            const Tensor c = x[1].tracked() ? x[1] : track(x[1]);
            return grad(sum(c * eigh(centred(spread(at))).vectors), at, {.create_graph = true});
          },
          {{shape, -1, 1}, {shape, -1, 1}},
          [](const Arrays& x) {
            return build(x[0].shape, [&](const Index& index) {
              const auto [w, v] = eigen(symmetric(spread(matrix_at(x[0], index))));
              const Matrix inner = product(transposed(v), matrix_at(x[1], index));
              const std::size_t row = u(index[index.size() - 2]), column = u(index.back());
              Real derivative = 0;
              for (std::size_t i = 0; i < w.size(); ++i)
                for (std::size_t j = 0; j < w.size(); ++j)
                  if (i != j)
                    derivative +=
                        inner[i][j] / (w[j] - w[i]) * (v[row][i] * v[column][j] + v[column][i] * v[row][j]) / 2;
              return derivative / 8;
            });
          }};
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

// Of twice the matrix.
Matrix pseudo_inverse(const Matrix& x) {
  const auto [left, s, right] = singular(x);
  Matrix result = zero_matrix(x[0].size(), x.size());
  for (std::size_t i = 0; i < result.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j)
      for (std::size_t k = 0; k < s.size(); ++k) result[i][j] += right[i][k] * left[j][k] / (2 * s[k]);
  return result;
}

// Of norms around 1.
Matrix exponential(const Matrix& x) {
  Matrix term = zero_matrix(x.size(), x.size()), sum = term;
  for (std::size_t i = 0; i < x.size(); ++i) term[i][i] = 1;
  for (int k = 1; k < 80; ++k) {
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t j = 0; j < x.size(); ++j) sum[i][j] += term[i][j];
    term = product(term, x);
    for (auto& row : term)
      for (Real& element : row) element /= k;
  }
  return sum;
}

Case exponential_case(const Shape& shape) {
  return {[](const Xs& x) { return matrix_exp(x[0]); },
          {{shape, -1, 1}},
          [](const Arrays& x) {
            return build(x[0].shape, [&](const Index& index) {
              return exponential(matrix_at(x[0], index))[u(index[index.size() - 2])][u(index.back())];
            });
          }};
}

Row orthonormal_row() {
  const auto q = [](const Tensor& x) { return qr(x).q; };
  const auto of = [&](const Shape& shape) { return of_matrices(q, shape, shape, orthonormal); };
  return {"orthonormal", {of({3, 3}), of({4, 2}), of({2, 3, 2}), of({1, 1})}, 3, {}};
}

Row pinv_row() {
  const auto f = [](const Tensor& x) { return pinv(2 * x); };
  const auto of = [&](const Shape& shape, const Shape& result) {
    return of_matrices(f, shape, result, pseudo_inverse);
  };
  return {"pinv", {of({3, 2}, {2, 3}), of({2, 3}, {3, 2}), of({2, 2, 2}, {2, 2, 2})}, 3, {}};
}

Row singular_vectors_row() {
  const auto left = [](const Tensor& x) { return svd(x).u; };
  const auto right = [](const Tensor& x) { return transpose(svd(x).vh); };
  const auto u_of = [](const Matrix& x) { return singular(x).u; };
  const auto v_of = [](const Matrix& x) { return singular(x).v; };
  return {"singular_vectors",
          {of_matrices(left, {3, 2}, {3, 2}, u_of), of_matrices(left, {2, 3}, {2, 2}, u_of),
           of_matrices(right, {3, 2}, {2, 2}, v_of), of_matrices(right, {2, 2, 3}, {2, 3, 2}, v_of)},
          3,
          {}};
}

}  // namespace

std::vector<Row> spectral_rows() {
  const auto values = [](const Tensor& x) { return eigvalsh(centred(x)); };
  const auto vectors = [](const Tensor& x) { return eigh(centred(x)).vectors; };
  const auto last = [](const Tensor& x) { return eigh(centred(x), {.begin = -1}).vectors; };
  const auto s = [](const Tensor& x) { return svdvals(x); };
  return {orthonormal_row(),
          pinv_row(),
          {"eigh", {of_values(values, {3, 3}, {1, 3}, eigenvalues)}, 2, {}},
          {"eigenvalues",
           {of_values(values, {3, 3}, {1, 3}, eigenvalues), of_values(values, {2, 2, 2}, {2, 1, 2}, eigenvalues),
            of_values(values, {1, 1}, {1, 1}, eigenvalues)},
           3,
           {}},
          {"eigenvectors",
           {of_matrices(vectors, {3, 3}, {3, 3}, eigenvectors), of_matrices(last, {3, 3}, {3, 1}, last_eigenvector),
            of_matrices(vectors, {2, 2, 2}, {2, 2, 2}, eigenvectors)},
           3,
           {}},
          {"reciprocal_gaps", {gaps_case({2, 2}), gaps_case({3, 3}), gaps_case({2, 2, 2})}, 2, {}},
          {"svd", {of_values(s, {3, 2}, {1, 2}, singular_values)}, 2, {}},
          {"singular_values",
           {of_values(s, {3, 2}, {1, 2}, singular_values), of_values(s, {2, 2, 3}, {2, 1, 2}, singular_values),
            of_values(s, {1, 1}, {1, 1}, singular_values)},
           3,
           {}},
          singular_vectors_row(),
          {"matrix_exp", {exponential_case({2, 2}), exponential_case({3, 3}), exponential_case({2, 1, 1})}, 3, {}}};
}

}  // namespace xgrad::catalogue
