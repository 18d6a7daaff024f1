#pragma once

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// The distances of the points in the rows of x [..., m, d] from those of y [..., n, d]: [..., m, n], the p-norm of
/// each difference, as `norm` takes it; the leading axes broadcast. The differences themselves are taken, so that near
/// points far from the origin keep their digits. The derivatives, of every order, at distance 0 are 0. Floating dtypes;
/// ValueError for p below 0 and NaN.
Tensor cdist(const Operand& x, const Operand& y, double p = 2);

}  // namespace xgrad
