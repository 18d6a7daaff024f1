#pragma once

// Eigenvalues of symmetric matrices, and singular values, of matrices in the last two axes; the axes before them are a
// batch. Floating dtypes. NaN, infinities, and iterations that do not converge are a LinalgError, which names the entry
// of the batch.
//
// Two values are equal if their difference is no more than what rounding leaves, 4 (1 + sqrt(n)) epsilon times the
// largest. Functions of the values alone have a first derivative there, too: exact if they treat equal values alike, as
// sums do, else a subgradient. The derivative of a vector whose value is equal to another one is a LinalgError, even if
// the function is the same for all bases of their space: V diag(h(values)) V^T and a projection onto that space look
// alike to a rule, but the derivative of the first depends on h', and no answer would be right for both. The second
// derivative of values is one of vectors.

#include <cstdint>
#include <optional>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// The values from `begin` to before `end` in their order, counted as in a slice: {.begin = -3} are the last three.
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
/// Of a vector's largest components (nine tenths of the largest, at least) the first is positive. The vectors of equal
/// values are some basis of their space.
Eigenpairs eigh(const Operand& x, const Spectrum& chosen = {});
/// The eigenvalues alone.
Tensor eigvalsh(const Operand& x, const Spectrum& chosen = {});

/// x = u diag(s) vh.
struct SingularFactors {
  Tensor u, s, vh;
};
struct SvdOptions {
  /// Whether u and vh are square. Through one that has columns (rows) added, a derivative is a LinalgError.
  bool full_matrices = false;
  Spectrum chosen = {};
};
/// x [..., m, n] = u diag(s) vh with u [..., m, k], vh [..., k, n], k = min(m, n), and s [..., k], descending. u has
/// orthonormal columns, vh orthonormal rows. Of a column's largest components (as above) the first is positive. Of
/// a singular value 0 the derivative is u_i v_i^T (a subgradient, exact for even functions); that of its vector is a
/// LinalgError if u (vh) is not square.
SingularFactors svd(const Operand& x, const SvdOptions& options = {});
/// The singular values alone.
Tensor svdvals(const Operand& x, const Spectrum& chosen = {});

}  // namespace xgrad
