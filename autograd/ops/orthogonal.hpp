#pragma once

// Orthogonal factors of matrices in the last two axes, and least squares by them; the axes before are a batch. Floating
// dtypes. NaN and infinities are a LinalgError, which names the batch entry.

#include <optional>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// x = q r.
struct OrthogonalFactors {
  Tensor q, r;
};
enum class QrMode { reduced, complete };
/// x [..., m, n] = q r with q [..., m, k] of orthonormal columns and r [..., k, n] upper triangular with a diagonal >=
/// 0, which makes them unique for independent columns: k = min(m, n) in the reduced mode, m in the complete one. The
/// derivative is a LinalgError for dependent columns (of the first m, where there are more), and of a complete q
/// that is wider than x.
OrthogonalFactors qr(const Operand& x, QrMode mode = QrMode::reduced);
/// The x of least |x| among those of least |a x - b|, by qr; a vector b ([m]) gives a vector ([n]). LinalgError for
/// dependent columns (of a wide matrix, rows): there, take pinv(a) b.
Tensor lstsq(const Operand& a, const Operand& b);
/// The pseudo-inverse [..., n, m] of [..., m, n] (Moore and Penrose), for which singular values up to rtol times the
/// largest, max(m, n) epsilon if none is given, and subnormal ones are 0. Its derivative is that along matrices of the
/// same rank. ValueError for rtol below 0.
Tensor pinv(const Operand& x, std::optional<double> rtol = {});

}  // namespace xgrad
