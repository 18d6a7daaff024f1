// Factors, powers and norms of matrices.

#include <limits>

#include "tests/catalogue_matrices.hpp"
#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor vector = known({3}), matrix = known({2, 3}), singular_matrix = known({2, 2}),
             whole = tensor({{1, 2}, {3, 4}});
constexpr double infinity = std::numeric_limits<double>::infinity();

Shape batch_sizes(const Shape& shape) { return Shape(shape.data(), u(shape.ndim() - 2)); }
Shape with_vectors(const Shape& shape, std::int64_t size) {
  std::vector<std::int64_t> sizes(shape.begin(), shape.end() - 2);
  sizes.push_back(size);
  return sizes;
}
Real at_end(const Matrix& x, const Places& at) { return x[u(at[at.size() - 2])][u(at.back())]; }

// Functions of matrices near diagonal ones, whose values are matrices, vectors and numbers.
Case matrix_case(std::function<Tensor(const Tensor&)> f, const Shape& from, const Shape& to,
                 std::function<Matrix(const Matrix&)> of) {
  return moved([f](const Tensor& x) { return f(spread(x)); }, from, to,
               [of](const Array& x, const Places& at) { return at_end(of(spread(matrix_at(x, at))), at); }, {-1, 1});
}
Case vector_case(std::function<Tensor(const Tensor&)> f, const Shape& from, std::int64_t size,
                 std::function<List(const Matrix&)> of) {
  return moved([f](const Tensor& x) { return f(spread(x)); }, from, with_vectors(from, size),
               [of](const Array& x, const Places& at) { return of(spread(matrix_at(x, at)))[u(at.back())]; }, {-1, 1});
}
Case number_case(std::function<Tensor(const Tensor&)> f, const Shape& from, std::function<Real(const Matrix&)> of) {
  return moved([f](const Tensor& x) { return f(spread(x)); }, from, batch_sizes(from),
               [of](const Array& x, const Places& at) { return of(spread(matrix_at(x, at))); }, {-1, 1});
}
std::vector<Case> number_cases(const std::function<Tensor(const Tensor&)>& f,
                               const std::function<Real(const Matrix&)>& of, bool square) {
  std::vector<Case> cases;
  for (const Shape& shape : std::vector<Shape>{{3, 3}, {2, 2, 2}, {1, 1}, {0, 2, 2}})
    cases.push_back(number_case(f, shape, of));
  if (!square) cases.push_back(number_case(f, {3, 2}, of));
  return cases;
}

Matrix square_part(const Matrix& x) {
  Matrix part = x;
  for (auto& row : part) row.resize(std::min(row.size(), x.size()));
  return part;
}
Matrix triangle_of(const Matrix& x) {
  Matrix r = product(transposed(orthonormal(square_part(x))), x);
  for (std::size_t i = 0; i < r.size(); ++i)
    for (std::size_t j = 0; j < std::min(i, r[0].size()); ++j) r[i][j] = 0;
  return r;
}

std::vector<Composition> factors() {
  const auto q = [](const Tensor& x) { return qr(x).q; };
  const auto r = [](const Tensor& x) { return qr(x).r; };
  const auto first = [](const Matrix& x) { return orthonormal(square_part(x)); };
  const auto eigenvalues = [](const Matrix& x) {
    Matrix both = x;
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t j = 0; j < x.size(); ++j) both[i][j] = (x[i][j] + x[j][i]) / 2;
    return eigen(both).values;
  };
  const auto singular_values = [](const Matrix& x) { return singular(x).s; };
  const auto values = [](const Tensor& x) { return eigvalsh(x); };
  const auto s = [](const Tensor& x) { return svdvals(x); };
  return {
      {.call = "qr(x, mode)",
       .equation = "x = q r with qᵀ q = 1, r upper triangular, rᵢᵢ ≥ 0",
       .cases = {matrix_case(q, {3, 3}, {3, 3}, first), matrix_case(q, {4, 2}, {4, 2}, first),
                 matrix_case(q, {2, 3}, {2, 2}, first), matrix_case(r, {3, 2}, {2, 2}, triangle_of),
                 matrix_case(r, {2, 2, 3}, {2, 2, 3}, triangle_of), matrix_case(q, {1, 1}, {1, 1}, first),
                 matrix_case(r, {0, 2, 2}, {0, 2, 2}, triangle_of)},
       .refusals = {refuses<ShapeError>([] { return qr(vector); }), refuses<DTypeError>([] { return qr(whole); })}},
      {.call = "eigvalsh(x, {.begin, .end})",
       .equation = "eigh(x).values",
       .cases = {vector_case(values, {3, 3}, 3, eigenvalues), vector_case(values, {2, 2, 2}, 2, eigenvalues),
                 vector_case(values, {1, 1}, 1, eigenvalues), vector_case(values, {0, 2, 2}, 2, eigenvalues)},
       .refusals = {refuses<ShapeError>([] { return eigvalsh(matrix); }),
                    refuses<DTypeError>([] { return eigvalsh(whole); })}},
      {.call = "svdvals(x, {.begin, .end})",
       .equation = "svd(x).s",
       .cases = {vector_case(s, {3, 2}, 2, singular_values), vector_case(s, {2, 2, 3}, 2, singular_values),
                 vector_case(s, {1, 1}, 1, singular_values), vector_case(s, {0, 2, 2}, 2, singular_values)},
       .refusals = {refuses<ShapeError>([] { return svdvals(vector); }),
                    refuses<DTypeError>([] { return svdvals(whole); })}},
  };
}

// With a vector, or the columns of a matrix.
Case least_squares_case(const Shape& a, const Shape& b, const Shape& to) {
  return any_case([](const Xs& x) { return lstsq(spread(x[0]), x[1]); }, {{a, -1, 1}, {b}}, to,
                  [](const Arrays& x, const Places& at) {
                    const bool single = x[1].shape.ndim() == 1;
                    const Places batch(at.begin(), at.end() - (single ? 1 : 2));
                    const Matrix y = pseudo_inverse(spread(matrix_at(x[0], batch)));
                    const List& row = y[u(at[batch.size()])];
                    Real sum = 0;
                    for (std::size_t k = 0; k < row.size(); ++k) {
                      Places place = batch;
                      place.push_back(i64(k));
                      if (!single) place.push_back(at.back());
                      sum += row[k] * x[1].at(place);
                    }
                    return sum;
                  });
}

Matrix power_of(const Matrix& x, int n) {
  Matrix result = with_diagonal(zero_matrix(x.size(), x.size()), 1);
  for (int i = 0; i < n; ++i) result = product(result, x);
  return result;
}
Case power_case(const Shape& shape, int n) {
  return matrix_case([n](const Tensor& x) { return matrix_power(x, n); }, shape, shape,
                     [n](const Matrix& x) { return power_of(n < 0 ? pseudo_inverse(x) : x, std::abs(n)); });
}

std::vector<Composition> functions() {
  return {
      {.call = "lstsq(a, b)",
       .equation = "the shortest x with the least |a x − b|",
       .cases = {least_squares_case({3, 2}, {3, 2}, {2, 2}), least_squares_case({2, 2, 3}, {2, 2, 1}, {2, 3, 1}),
                 least_squares_case({3, 2}, {3}, {2}), least_squares_case({0, 2, 2}, {0, 2, 1}, {0, 2, 1})},
       .refusals = {refuses<ShapeError>([] { return lstsq(matrix, vector); }),
                    refuses<DTypeError>([] { return lstsq(matrix, ones({2}, float64)); })}},
      {.call = "matrix_power(x, n)",
       .equation = "xⁿ",
       .cases = {power_case({3, 3}, 3), power_case({2, 2, 2}, -2), power_case({1, 1}, 5), power_case({0, 2, 2}, 2),
                 power_case({2, 2}, 1)},
       .refusals = {refuses<ShapeError>([] { return matrix_power(matrix, 2); }),
                    refuses<DTypeError>([] { return matrix_power(whole, 2); }),
                    refuses<LinalgError>([] { return evaluate(matrix_power(singular_matrix, -1)); })}},
      {.call = "logdet(x)",
       .equation = "log det x",
       .cases = number_cases([](const Tensor& x) { return logdet(x); },
                             [](const Matrix& x) { return std::log(determinant(x)); }, true),
       .refusals = {refuses<ShapeError>([] { return logdet(matrix); }),
                    refuses<DTypeError>([] { return logdet(whole); })}},
  };
}

Real largest_column_sum(const Matrix& x) {
  Real largest = 0;
  for (const auto& column : transposed(x)) {
    Real sum = 0;
    for (const Real element : column) sum += std::abs(element);
    largest = std::max(largest, sum);
  }
  return largest;
}
Real least_row_sum(const Matrix& x) {
  Real least = infinity;
  for (const auto& row : x) {
    Real sum = 0;
    for (const Real element : row) sum += std::abs(element);
    least = std::min(least, sum);
  }
  return least;
}
Real sum_of(const List& x) {
  Real sum = 0;
  for (const Real each : x) sum += each;
  return sum;
}
Real frobenius(const Matrix& x) {
  Real sum = 0;
  for (const auto& row : x)
    for (const Real element : row) sum += element * element;
  return std::sqrt(sum);
}

std::vector<Case> norm_cases(MatrixNormOrder order, const std::function<Real(const Matrix&)>& of) {
  return number_cases([order](const Tensor& x) { return matrix_norm(x, order); }, of, false);
}
std::vector<Case> condition_cases(MatrixNormOrder order, const std::function<Real(const Matrix&)>& of, bool square) {
  return number_cases([order](const Tensor& x) { return cond(x, order); }, of, square);
}

// All rows equal to the first one, or all rows.
Case rank_case(const Shape& shape, bool one) {
  return moved(
      [one](const Tensor& x) {
        const Tensor y = spread(x);
        return matrix_rank(one ? broadcast_to(slice(y, -2, 0, 1), y.shape()) : y);
      },
      shape, batch_sizes(shape),
      [=](const Array&, const Places&) {
        return static_cast<Real>(one ? 1 : std::min(shape.back(), shape[shape.ndim() - 2]));
      },
      {-1, 1});
}

std::vector<Composition> norms() {
  const auto inverse_too = [](Real (*norm)(const Matrix&)) {
    return [norm](const Matrix& x) { return norm(x) * norm(pseudo_inverse(x)); };
  };
  const auto ratio = [](const Matrix& x) {
    const List s = singular(x).s;
    return s.front() / s.back();
  };
  return {
      {.call = "matrix_norm(x, order, keep)",
       .equation = "√(Σ xᵢⱼ²), Σ σᵢ, or the largest or least σᵢ or sum of the |xᵢⱼ| of a column or row",
       .cases = joined(joined(norm_cases(MatrixNorm::frobenius, frobenius),
                              norm_cases(MatrixNorm::nuclear, [](const Matrix& x) { return sum_of(singular(x).s); })),
                       joined(joined(norm_cases(1, largest_column_sum), norm_cases(-infinity, least_row_sum)),
                              joined(norm_cases(2, [](const Matrix& x) { return singular(x).s.front(); }),
                                     norm_cases(-2, [](const Matrix& x) { return singular(x).s.back(); })))),
       .refusals = {refuses<ShapeError>([] { return matrix_norm(vector); }),
                    refuses<DTypeError>([] { return matrix_norm(whole); }),
                    refuses<ValueError>([] { return matrix_norm(matrix, 3); })}},
      {.call = "cond(x, order = 2)",
       .equation = "the largest σᵢ / the least σᵢ, or |x| |x⁻¹|",
       .cases = joined(condition_cases(2, ratio, false),
                       joined(condition_cases(1, inverse_too(largest_column_sum), true),
                              condition_cases(MatrixNorm::frobenius, inverse_too(frobenius), true))),
       .refusals = {refuses<ShapeError>([] { return cond(vector); }), refuses<DTypeError>([] { return cond(whole); }),
                    refuses<ShapeError>([] { return cond(matrix, 1); })}},
      {.call = "matrix_rank(x, rtol)",
       .equation = "how many σᵢ are above rtol times the largest",
       .cases = {rank_case({3, 2}, false), rank_case({3, 3}, true), rank_case({2, 2, 2}, true),
                 rank_case({1, 1}, false), rank_case({0, 2, 2}, false)},
       .refusals = {refuses<ShapeError>([] { return matrix_rank(vector); }),
                    refuses<DTypeError>([] { return matrix_rank(whole); }),
                    refuses<ValueError>([] { return matrix_rank(matrix, -1); })},
       .constant = "whole numbers"},
  };
}

Case distance_case(const Shape& left, const Shape& right, double p, const Shape& to) {
  return any_case([p](const Xs& x) { return cdist(x[0], x[1], p); }, {{left}, {right}}, to,
                  [p](const Arrays& x, const Places& at) {
                    Places a(at.begin(), at.end() - 1), b(at.begin(), at.end() - 2);
                    b.push_back(at.back());
                    Real sum = 0, largest = 0;
                    for (std::int64_t k = 0; k < x[0].shape.back(); ++k) {
                      const Real d =
                          std::abs(x[0].at(inserted(a, i64(a.size()), k)) - x[1].at(inserted(b, i64(b.size()), k)));
                      sum += std::pow(d, static_cast<Real>(p));
                      largest = std::max(largest, d);
                    }
                    return p == infinity ? largest : std::pow(sum, 1 / static_cast<Real>(p));
                  });
}

Composition distances() {
  return {.call = "cdist(x, y, p = 2)",
          .equation = "(Σₖ |xᵢₖ − yⱼₖ|ᵖ)^(1/p)",
          .cases = {distance_case({3, 2}, {4, 2}, 2, {3, 4}), distance_case({2, 2, 3}, {2, 1, 3}, 1, {2, 2, 1}),
                    distance_case({2, 3}, {2, 3}, 3, {2, 2}), distance_case({2, 2}, {3, 2}, infinity, {2, 3}),
                    distance_case({0, 2}, {3, 2}, 2, {0, 3})},
          .refusals = {refuses<ShapeError>([] {
                         return cdist(matrix, ones({2, 2}));
                       }),
                       refuses<DTypeError>([] { return cdist(whole, whole); }),
                       refuses<ValueError>([] { return cdist(matrix, matrix, -1); })}};
}

}  // namespace

std::vector<Composition> matrix_compositions() {
  std::vector<Composition> all = factors();
  for (auto* part : {functions, norms})
    for (Composition& row : part()) all.push_back(std::move(row));
  all.push_back(distances());
  return all;
}

}  // namespace xgrad::catalogue
