#pragma once

// Norms, condition numbers and ranks of matrices in the last two axes; the axes before them are a batch. Floating
// dtypes.

#include <concepts>
#include <optional>

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

enum class MatrixNorm {
  frobenius,  ///< sqrt(sum of the squared elements)
  nuclear     ///< the sum of the singular values
};
/// A norm by its name or its number: 1 and -1 are the largest and the least sum of |elements| of a column, inf and -inf
/// those of a row, 2 and -2 the largest and the least singular value.
class MatrixNormOrder {
 public:
  MatrixNormOrder(MatrixNorm norm) : norm_(norm) {}
  template <class Number>
  requires((std::integral<Number> || std::floating_point<Number>)&&!std::same_as<Number, bool>)
      MatrixNormOrder(Number number)
      : number_(static_cast<double>(number)) {}
  /// None for a norm that has a name.
  std::optional<double> number() const { return number_; }
  MatrixNorm norm() const { return norm_; }

 private:
  std::optional<double> number_;
  MatrixNorm norm_ = MatrixNorm::frobenius;
};

/// The norm of each matrix: matrix_norm(x), matrix_norm(x, MatrixNorm::nuclear), matrix_norm(x, 2, keep_dims). Singular
/// values that are 0 (up to rounding) have derivative 0, so that of the nuclear norm is U V^T of the others. ValueError
/// for other numbers, and for the largest or least of nothing.
Tensor matrix_norm(const Operand& x, MatrixNormOrder order = MatrixNorm::frobenius, KeepDims keep = KeepDims::no);
template <OnlyKeepDims Keep>
Tensor matrix_norm(const Operand& x, Keep keep) {
  return matrix_norm(x, MatrixNorm::frobenius, keep);
}
/// How much larger a relative error may become in solving: for 2 (and -2) the ratio of the largest and the least
/// singular value (the other way), also of matrices that are not square, and inf, without derivative, for a singular
/// one; for other norms that of x times that of its inverse, and a LinalgError for a singular one. Where rounding alone
/// keeps a matrix from being singular, it is about 1 / epsilon, and its derivative, about cond^2 / |x|, tells nothing.
Tensor cond(const Operand& x, MatrixNormOrder order = 2);
/// int64, untracked: how many singular values are above rtol times the largest; max(m, n) epsilon, if no rtol is given.
/// ValueError for rtol below 0.
Tensor matrix_rank(const Operand& x, std::optional<double> rtol = {});

}  // namespace xgrad
