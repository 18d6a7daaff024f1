#pragma once

// Eigenvalues of symmetric matrices, and singular values, of matrices in the last two axes; the axes before them are a
// batch. Floating dtypes. Where values are equal (up to what rounding leaves, 4 (1 + sqrt(n)) epsilon times the
// largest), the derivative of values alone is V diag(g) V^T, a subgradient if the function tells them apart; the
// derivative of their vectors is a LinalgError, for no rule can know it: what depends on the vectors may depend on how
// the equal values part. NaN, infinities, and iterations that do not converge are a LinalgError, which names the entry
// of the batch.

#include <cstdint>
#include <optional>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Which values, in their order, from `begin` to before `end`, as a slice counts: {.begin = -3} are the last three.
/// Only values that are chosen must differ from all others for their vectors to have a derivative.
struct Spectrum {
  std::int64_t begin = 0;
  std::optional<std::int64_t> end = {};
};

/// x = V diag(values) V^T.
struct Eigenpairs {
  Tensor values, vectors;
};
/// Of (x + x^T) / 2: the eigenvalues [..., n], ascending, and in the columns of [..., n, n] orthonormal eigenvectors.
/// Of a vector's largest components (nine tenths of the largest, at least) the first is positive.
Eigenpairs eigh(const Operand& x, const Spectrum& chosen = {});
/// The eigenvalues alone. Their second derivative is that of the vectors.
Tensor eigvalsh(const Operand& x, const Spectrum& chosen = {});

/// x = u diag(s) vh.
struct SingularFactors {
  Tensor u, s, vh;
};
struct SvdOptions {
  bool full_matrices = false;  ///< whether u and vh are square; what is added has no derivative, nor has s a part in it
  Spectrum chosen = {};
};
/// x [..., m, n] = u diag(s) vh with u [..., m, k], vh [..., k, n], k = min(m, n), and s [..., k], descending. u has
/// orthonormal columns, vh orthonormal rows. Of a column's largest components (as above) the first is positive. Where s
/// is 0, its derivative is that of a smooth function, u_i v_i^T, and that of vectors whose matrix is not square is a
/// LinalgError.
SingularFactors svd(const Operand& x, const SvdOptions& options = {});
/// The singular values alone. Their second derivative is that of the vectors.
Tensor svdvals(const Operand& x, const Spectrum& chosen = {});

}  // namespace xgrad
