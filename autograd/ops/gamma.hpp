#pragma once

// The gamma function, its relatives, and the inverse of the error function. Floating dtypes.

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

Tensor lgamma(const Operand& x);   ///< log |Gamma(x)|; +inf at 0, -1, -2, ...
Tensor digamma(const Operand& x);  ///< its derivative; at 0 -inf, NaN at -1, -2, ...
/// The n-th derivative of digamma; at 0, -1, -2, ... +inf for odd n, NaN for even n > 0. ValueError unless
/// 0 <= n <= 100.
Tensor polygamma(std::int64_t n, const Operand& x);
Tensor erfinv(const Operand& x);  ///< y with erf(y) = x, to the last digits also near 1; +-inf at +-1, NaN beyond

}  // namespace xgrad
