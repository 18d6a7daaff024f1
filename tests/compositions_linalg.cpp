// Linear algebra, by elimination in long double.

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor vector = known({3}), matrix = known({2, 3}), singular = known({2, 2}, 0), whole = tensor({{1, 2}, {3, 4}});

using Matrix = std::vector<List>;

// A matrix of the batch; `diagonal` is added to its diagonal.
Matrix matrix_at(const Array& x, const Places& at, Real diagonal) {
  const std::int64_t rows = x.shape[x.shape.ndim() - 2], columns = x.shape.back();
  Matrix a(u(rows), List(u(columns)));
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) {
      Places place = at;
      place.resize(u(x.shape.ndim() - 2));
      place.insert(place.end(), {i, j});
      a[u(i)][u(j)] = x.at(place) + (i == j ? diagonal : 0);
    }
  return a;
}

// The determinant, and the inverse in place of the matrix: Gauss and Jordan's elimination with pivots.
Real invert(Matrix& a) {
  const std::size_t n = a.size();
  Matrix inverse(n, List(n));
  for (std::size_t i = 0; i < n; ++i) inverse[i][i] = 1;
  Real determinant = 1;
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < n; ++i)
      if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
    if (pivot != k) {
      std::swap(a[pivot], a[k]);
      std::swap(inverse[pivot], inverse[k]);
      determinant = -determinant;
    }
    const Real head = a[k][k];
    determinant *= head;
    for (std::size_t j = 0; j < n; ++j) a[k][j] /= head, inverse[k][j] /= head;
    for (std::size_t i = 0; i < n; ++i) {
      const Real factor = a[i][k];
      if (i == k) continue;
      for (std::size_t j = 0; j < n; ++j) a[i][j] -= factor * a[k][j], inverse[i][j] -= factor * inverse[k][j];
    }
  }
  a = inverse;
  return determinant;
}

// Well away from singular.
Tensor shifted(const Tensor& x) { return x + 2 * eye(x.size(-1), {}, x.dtype()); }

Case inverse_case(const Shape& shape) {
  return moved([](const Tensor& x) { return inverse(shifted(x)); }, shape, shape,
               [](const Array& x, const Places& at) {
                 Matrix a = matrix_at(x, at, 2);
                 invert(a);
                 return a[u(at[at.size() - 2])][u(at.back())];
               },
               {-1, 1});
}

Case slogdet_case(const Shape& shape, bool logarithm) {
  const Shape to(shape.data(), u(shape.ndim() - 2));
  return moved(
      [logarithm](const Tensor& x) {
        const SignAndLogarithm found = slogdet(shifted(x));
        return logarithm ? found.logarithm : found.sign;
      },
      shape, to,
      [logarithm](const Array& x, const Places& at) {
        Matrix a = matrix_at(x, at, 2);
        const Real determinant = invert(a);
        return logarithm ? std::log(std::abs(determinant)) : determinant > 0 ? 1 : -1;
      },
      {-1, 1});
}

// With the lower triangle of the second input as the factor.
Case cholesky_solve_case(const Shape& b, const Shape& factor) {
  return any_case([](const Xs& x) { return cholesky_solve(x[0], tril(shifted(x[1]))); }, {{b}, {factor, -1, 1}}, b,
                  [](const Arrays& x, const Places& at) {
                    Matrix l = matrix_at(x[1], at, 2), a = l;
                    const std::size_t n = l.size();
                    for (std::size_t i = 0; i < n; ++i)
                      for (std::size_t j = 0; j < n; ++j) {
                        a[i][j] = 0;
                        for (std::size_t k = 0; k <= std::min(i, j); ++k) a[i][j] += l[i][k] * l[j][k];
                      }
                    invert(a);
                    const std::int64_t row_axis = x[0].shape.ndim() == 1 ? 0 : x[0].shape.ndim() - 2;
                    Real sum = 0;
                    for (std::size_t k = 0; k < n; ++k)
                      sum += a[u(at[u(row_axis)])][k] * x[0].at(with(at, row_axis, i64(k)));
                    return sum;
                  });
}

}  // namespace

std::vector<Composition> linalg_compositions() {
  return {
      {.call = "inverse(a)",
       .equation = "a⁻¹",
       .cases = {inverse_case({3, 3}), inverse_case({2, 2, 2}), inverse_case({1, 1}), inverse_case({0, 2, 2})},
       .refusals = {refuses<ShapeError>([] { return inverse(matrix); }),
                    refuses<DTypeError>([] { return inverse(whole); }),
                    refuses<LinalgError>([] { return evaluate(inverse(singular)); })}},
      {.call = "slogdet(a)",
       .equation = "the sign of det a, and log |det a|",
       .cases = {slogdet_case({3, 3}, true), slogdet_case({2, 2, 2}, true), slogdet_case({1, 1}, true),
                 slogdet_case({0, 2, 2}, true), slogdet_case({3, 3}, false)},
       .refusals = {refuses<ShapeError>([] { return slogdet(matrix); }),
                    refuses<DTypeError>([] { return slogdet(whole); })}},
      {.call = "cholesky_solve(b, factor)",
       .equation = "y with L Lᵀ y = b",
       .cases = {cholesky_solve_case({3, 2}, {3, 3}), cholesky_solve_case({2, 2, 1}, {2, 2, 2}),
                 cholesky_solve_case({3}, {3, 3}), cholesky_solve_case({0, 2, 2}, {0, 2, 2})},
       .refusals = {refuses<ShapeError>([] { return cholesky_solve(vector, matrix); }), refuses<DTypeError>([] {
                      return cholesky_solve(vector, ones({3, 3}, float64));
                    })}},
  };
}

}  // namespace xgrad::catalogue
