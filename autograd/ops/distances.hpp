#pragma once

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// The distances of the points in the rows of x [..., m, d] from those of y [..., n, d]: [..., m, n], the p-norm of
/// each difference, as in `norm`; the leading axes broadcast. It is computed from the differences themselves, which is
/// accurate for close points far from the origin. The derivatives, of every order, at distance 0 are 0. Floating
/// dtypes; ValueError for p below 0 and NaN.
Tensor cdist(const Operand& x, const Operand& y, double p = 2);

}  // namespace xgrad
