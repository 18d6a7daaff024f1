#pragma once

// What activations do to their input before anything else.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::activation {

/// Where e^-|x| and erfc(|x|) are 0 in every dtype, with room to spare: beyond it activations have reached their limit.
inline constexpr double far_out = 800;

/// x as a floating Tensor; a number is float32. DTypeError for other dtypes.
Tensor floating(const Operand& x, const char* call);

/// -|x|, given x >= 0: by a branch, which is right at 0 in all orders of derivative. Only its sign takes the branch, so
/// that the derivative is one product.
Tensor minus_magnitude(const Tensor& x, const Tensor& positive);

/// x, with a NaN for its derivative where it is NaN: for functions that are the identity somewhere, which would not
/// multiply the cotangent by anything.
Tensor passed(const Tensor& x);

}  // namespace xgrad::activation
