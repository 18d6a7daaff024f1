#pragma once

// Linear algebra on matrices in the last two axes; the axes before them are a batch and broadcast. Floating dtypes.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// L, lower triangular with a diagonal > 0, with L L^T = (x + x^T) / 2. LinalgError, which names the entry of the batch
/// and the pivot, where that is not positive definite.
Tensor cholesky(const Operand& x);
struct TriangularOptions {
  bool upper = false;       ///< which triangle is read
  bool transposed = false;  ///< whether it is a^T y = b that is solved
  bool unit = false;        ///< whether the diagonal is taken for ones, and not read
};
/// y with a y = b for a triangular a; a vector b ([n]) gives a vector. The other triangle is not read, and gets no
/// derivative. LinalgError for a zero on the diagonal.
Tensor triangular_solve(const Operand& a, const Operand& b, const TriangularOptions& options = {});
/// y with L L^T y = b for the factor that cholesky gives.
Tensor cholesky_solve(const Operand& b, const Operand& factor);
/// y with a y = b; a vector b ([n]) gives a vector. LinalgError for a singular matrix.
Tensor solve(const Operand& a, const Operand& b);
/// a^-1. LinalgError for a singular matrix.
Tensor inverse(const Operand& a);
/// The determinant. Its derivative are the cofactors, also of a singular matrix; further derivatives are a LinalgError
/// there.
Tensor det(const Operand& a);
/// The sign of the determinant, without derivative, and the logarithm of its absolute value: 0 and -inf for a singular
/// matrix, whose derivative is a LinalgError.
struct SignAndLogarithm {
  Tensor sign, logarithm;
};
SignAndLogarithm slogdet(const Operand& a);

}  // namespace xgrad
