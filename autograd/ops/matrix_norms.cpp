#include "autograd/ops/matrix_norms.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/core/infinity.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/linalg.hpp"
#include "autograd/ops/matrices.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/ops/spectral.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

double usual_rtol(const Tensor& x) {
  return static_cast<double>(std::max(x.size(-2), x.size(-1))) * epsilon(x.dtype());
}

// Singular values [..., k], of which those that are 0 up to rounding have derivative 0: theirs would be u v^T, with
// vectors whose signs rounding decides.
Tensor values_of(const Tensor& x, const Spectrum& chosen) {
  const Tensor s = svdvals(x, chosen);
  const Tensor least = negligible_part(x) * norm(stop_gradient(x), {-2, -1});
  return where(s <= unsqueeze(least, -1), stop_gradient(s), s);
}

Tensor extreme_of_sums(const Tensor& x, std::int64_t over, bool largest) {
  const Tensor sums = sum(abs(x), over, keep_dims);
  const std::int64_t other = over == -1 ? -2 : -1;
  return largest ? max(sums, other, keep_dims) : min(sums, other, keep_dims);
}

// [..., 1, 1]
Tensor norm_of(const Tensor& x, const MatrixNormOrder& order, const Location& where) {
  if (!order.number()) {
    if (order.norm() == MatrixNorm::frobenius) return norm(x, {-2, -1}, keep_dims);
    return unsqueeze(sum(values_of(x, {}), -1, keep_dims), -1);
  }
  const double p = *order.number();
  check<ValueError>(std::abs(p) == 1 || std::abs(p) == 2 || std::abs(p) == infinity, where, "matrix_norm: there is no ",
                    p, "-norm here");
  check<ValueError>(x.size(-1) > 0 && x.size(-2) > 0, where, "matrix_norm: ", describe(x), " has no rows or columns");
  if (std::abs(p) == 1) return extreme_of_sums(x, -2, p > 0);
  if (std::abs(p) == infinity) return extreme_of_sums(x, -1, p > 0);
  return unsqueeze(values_of(x, p > 0 ? Spectrum{0, 1} : Spectrum{-1}), -1);
}

}  // namespace

Tensor matrix_norm(const Operand& operand, MatrixNormOrder order, KeepDims keep) {
  const CallScope scope("matrix_norm", operand.where());
  const Tensor kept = norm_of(matrices(operand, "matrix_norm"), order, operand.where());
  return keep == KeepDims::yes ? kept : squeeze(kept, {-2, -1});
}

Tensor cond(const Operand& operand, MatrixNormOrder order) {
  const CallScope scope("cond", operand.where());
  const Tensor x = matrices(operand, "cond");
  const double p = order.number().value_or(0);
  if (std::abs(p) != 2) return matrix_norm(x, order) * matrix_norm(inverse(x), order);
  const Tensor largest = matrix_norm(x, 2), least = matrix_norm(x, -2);
  if (p < 0) return where(largest == 0, 0, least / largest);
  return where(least == 0, infinity, largest / least);
}

Tensor matrix_rank(const Operand& operand, std::optional<double> rtol) {
  const CallScope scope("matrix_rank", operand.where());
  const NoGrad untracked;
  const Tensor x = matrices(operand, "matrix_rank");
  const double relative = rtol.value_or(usual_rtol(x));
  check<ValueError>(relative >= 0, operand.where(), "matrix_rank: rtol is ", relative);
  const Tensor s = svdvals(x);
  return sum(s > relative * slice(s, -1, 0, 1), -1);
}

}  // namespace xgrad
