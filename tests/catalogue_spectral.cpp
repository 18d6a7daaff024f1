// Rows of the primitives of orthogonal, spectral and matrix functions.

#include <algorithm>
#include <cmath>

#include "tests/catalogue_matrices.hpp"

namespace xgrad::catalogue {

namespace {

using Xs = std::vector<Tensor>;
using Arrays = std::vector<Array>;

// Eigenvalues around 0.
Real around_zero(std::int64_t n) { return static_cast<Real>(n + 1) / 2; }
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
    return of_matrices(f, shape, result, [](Matrix x) {
      for (auto& row : x)
        for (Real& element : row) element *= 2;
      return pseudo_inverse(x);
    });
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
