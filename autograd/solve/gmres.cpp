#include "autograd/solve/gmres.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/solve/implicit.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}
double length(const Vector& a) { return std::sqrt(dot(a, a)); }
void add(Vector& to, double factor, const Vector& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += factor * from[i];
}

// The least squares problem of the Hessenberg matrix, a column at a time, kept triangular by rotations.
class Triangle {
 public:
  explicit Triangle(double right) : right_{right} {}

  std::size_t size() const { return columns_.size(); }
  double residual() const { return std::abs(right_.back()); }
  /// Whether there was anything new in the column, whose last element, on the subdiagonal, is `beyond`.
  bool add(Vector column, double beyond) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const double a = column[i], b = column[i + 1];
      column[i] = cosines_[i] * a + sines_[i] * b;
      column[i + 1] = cosines_[i] * b - sines_[i] * a;
    }
    const double diagonal = std::hypot(column.back(), beyond);
    if (!(diagonal > 1e-300)) return false;  // singular, or NaN
    cosines_.push_back(column.back() / diagonal);
    sines_.push_back(beyond / diagonal);
    column.back() = diagonal;
    columns_.push_back(std::move(column));
    right_.push_back(-sines_.back() * right_.back());
    right_[right_.size() - 2] *= cosines_.back();
    return true;
  }
  Vector solution() const {
    Vector weights(right_.begin(), right_.end() - 1);
    for (std::size_t k = weights.size(); k-- > 0;) {
      weights[k] /= columns_[k][k];
      for (std::size_t i = 0; i < k; ++i) weights[i] -= weights[k] * columns_[k][i];
    }
    return weights;
  }

 private:
  std::vector<Vector> columns_;
  Vector cosines_, sines_, right_;
};

// Vectors are orthogonalised in double precision, whatever the dtype.
class Gmres {
 public:
  Gmres(const std::function<Tensor(const Tensor&)>& product, const Tensor& b, const LinearSolveOptions& options,
        const Location& where)
      : product_(product), b_(b), options_(options), where_(where), x_(static_cast<std::size_t>(b.numel())) {
    if (options_.tolerance <= 0) options_.tolerance = b.dtype() == float32 ? 1e-5 : 1e-12;
  }

  Tensor solve() {
    Vector b = b_.to_vector(where_);
    // Of size 1, so that no square underflows.
    double scale = 0;
    for (const double element : b) scale = std::max(scale, std::abs(element));
    if (!(scale > 0) || !std::isfinite(scale)) scale = 1;
    for (double& element : b) element /= scale;
    const double goal = options_.tolerance * length(b);
    Vector residual = b;
    double rest = length(residual);
    // (Written so that NaN ends it.)
    while (!(rest <= goal)) {
      const double before = rest;
      check<ConvergenceError>(std::isfinite(rest) && products_ < options_.max_products, where_,
                              "linear_solve: the residual is ", rest, " after ", products_,
                              " products, of |b| = ", length(b), "; the matrix may be singular, or badly scaled");
      improve(residual, rest, goal);
      residual = b;
      add(residual, -1, times(x_));
      rest = length(residual);
      check<ConvergenceError>(rest <= goal || rest < 0.99 * before, where_, "linear_solve: the residual stays at ",
                              rest, ", of |b| = ", length(b), "; the matrix may be singular, or badly scaled");
    }
    for (double& element : x_) element *= scale;
    return as_tensor(x_);
  }

 private:
  Tensor as_tensor(const Vector& v) const { return tensor(v, b_.shape(), b_.dtype(), where_); }
  Vector times(const Vector& v) {
    ++products_;
    const Tensor product = product_(as_tensor(v));
    check<ShapeError>(product.defined() && product.shape() == b_.shape(), where_, "linear_solve: the product is ",
                      describe(product), ", the right side ", describe(b_));
    return product.to_vector(where_);
  }

  // One cycle: the smallest residual over the Krylov space of as many products.
  void improve(const Vector& residual, double rest, double goal) {
    const std::size_t most = std::min(x_.size(), static_cast<std::size_t>(std::max(options_.restart, 1)));
    std::vector<Vector> basis{residual};
    for (double& element : basis[0]) element /= rest;
    Triangle triangle(rest);
    while (triangle.size() < most && triangle.residual() > goal && products_ < options_.max_products) {
      Vector next = times(basis.back()), column(basis.size());
      const double size = length(next);
      for (int pass = 0; pass < 2; ++pass)  // twice is enough
        for (std::size_t i = 0; i < basis.size(); ++i) {
          const double part = dot(basis[i], next);
          add(next, -part, basis[i]);
          column[i] += part;
        }
      const double beyond = length(next);
      if (!triangle.add(std::move(column), beyond) || !(beyond > 1e-14 * size)) break;  // the space is complete
      for (double& element : next) element /= beyond;
      basis.push_back(std::move(next));
    }
    const Vector weights = triangle.solution();
    for (std::size_t k = 0; k < weights.size(); ++k) add(x_, weights[k], basis[k]);
  }

  const std::function<Tensor(const Tensor&)>& product_;
  const Tensor& b_;
  LinearSolveOptions options_;
  const Location& where_;
  Vector x_;
  int products_ = 0;
};

}  // namespace

Tensor linear_solve(const std::function<Tensor(const Tensor&)>& product, const Tensor& b,
                    const LinearSolveOptions& options, const Location& where) {
  const CallScope scope("linear_solve", where);
  check<DTypeError>(is_floating(b.dtype()), where, "linear_solve: the right side is ", describe(b),
                    "; it needs a floating dtype");
  Tensor x;
  {
    const NoGrad untracked;
    x = Gmres(product, b, options, where).solve();
  }
  if (!Tape::current().grad) return x;
  const auto residual = [&](const Tensor& at) { return product(at) - b; };
  return detail::implicit(residual, x, {.dense_up_to = 0, .linear = options}, where);
}

}  // namespace xgrad
