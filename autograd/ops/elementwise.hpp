#pragma once

// Elementwise functions. Two operands broadcast by numpy's rule; a C++ number takes the dtype of the Tensor beside it;
// Tensors of different dtypes are a DTypeError (see `cast`). Only a mask (bool) counts as zeros and ones of the other
// operand's dtype: int64 beside a whole C++ number, float32 beside one with a point. Every function evaluates lazily
// and may be differentiated any number of times.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

Tensor neg(const Operand& x);    ///< -x
Tensor exp(const Operand& x);    ///< e^x
Tensor log(const Operand& x);    ///< natural logarithm
Tensor log2(const Operand& x);   ///< binary logarithm, exact for powers of two
Tensor log1p(const Operand& x);  ///< log(1 + x), accurate near 0
Tensor expm1(const Operand& x);  ///< e^x - 1, accurate near 0
Tensor sqrt(const Operand& x);   ///< square root; its derivative at 0 is +inf
Tensor sin(const Operand& x);
Tensor cos(const Operand& x);
Tensor tan(const Operand& x);
Tensor sinh(const Operand& x);
Tensor cosh(const Operand& x);
Tensor tanh(const Operand& x);
Tensor asin(const Operand& x);
Tensor acos(const Operand& x);
Tensor atan(const Operand& x);
/// exp(-x^2), accurate in its tails
Tensor gaussian(const Operand& x);
Tensor erfc(const Operand& x);   ///< 1 - erf(x), accurate in its tail
Tensor erf(const Operand& x);    ///< 2/sqrt(pi) * integral of exp(-t^2) from 0 to x
Tensor abs(const Operand& x);    ///< |x|; its derivative at 0 is 0
Tensor sign(const Operand& x);   ///< -1, 0 or 1; NaN for NaN; its derivative is 0
Tensor floor(const Operand& x);  ///< largest whole number <= x; derivative 0
Tensor ceil(const Operand& x);   ///< smallest whole number >= x; derivative 0
Tensor round(const Operand& x);  ///< nearest whole number, halves to even; derivative 0
Tensor trunc(const Operand& x);  ///< x without its fraction; derivative 0
/// Converts the elements; derivatives flow between the floating dtypes.
Tensor cast(const Operand& x, DType dtype);

/// a + b. DTypeError for two masks, because some would expect a count and others logical_or.
Tensor add(const Operand& a, const Operand& b);
Tensor sub(const Operand& a, const Operand& b);
Tensor mul(const Operand& a, const Operand& b);  ///< a * b; of two masks their logical_and
/// a / b. For int64 the quotient is cut towards zero, and a zero divisor is a ValueError.
Tensor div(const Operand& a, const Operand& b);
/// floor(a / b) (numpy's and Python's //). For floating dtypes it is the whole number that belongs to `remainder`;
/// derivative 0. For int64 a zero divisor is a ValueError, here and in the next two functions.
Tensor floor_divide(const Operand& a, const Operand& b);
/// a - b floor(a / b), exactly; it has the sign of the divisor (Python's %). The derivative by b is
/// -floor(a / b).
Tensor remainder(const Operand& a, const Operand& b);
/// a - b trunc(a / b), exactly; it has the sign of a (C's fmod, and % for int64). The derivative by b is
/// -trunc(a / b).
Tensor fmod(const Operand& a, const Operand& b);
/// a^b; pow(0, 0) = 1 with derivatives 0, 0.
Tensor pow(const Operand& a, const Operand& b);
Tensor maximum(const Operand& a, const Operand& b);  ///< NaN if either is; a tie gives each side half the cotangent
Tensor minimum(const Operand& a, const Operand& b);  ///< NaN if either is; a tie gives each side half the cotangent
/// The angle of the point (x, y) in (-pi, pi]; its derivatives at (0, 0) are 0.
Tensor atan2(const Operand& y, const Operand& x);

/// a * b + c, rounded once, which gives other bits than a * b + c. The engine never contracts a product and a sum by
/// itself. The three broadcast; floating dtypes only. (IEEE 754, fusedMultiplyAdd)
Tensor fma(const Operand& a, const Operand& b, const Operand& c);

Tensor equal(const Operand& a, const Operand& b);
Tensor not_equal(const Operand& a, const Operand& b);
Tensor less(const Operand& a, const Operand& b);
Tensor less_equal(const Operand& a, const Operand& b);
Tensor greater(const Operand& a, const Operand& b);
Tensor greater_equal(const Operand& a, const Operand& b);

Tensor logical_and(const Operand& a, const Operand& b);
Tensor logical_or(const Operand& a, const Operand& b);
Tensor logical_xor(const Operand& a, const Operand& b);
Tensor logical_not(const Operand& x);

// Bitwise operations of int64 (two's complement) and of masks; DTypeError for floating dtypes.
Tensor bitwise_and(const Operand& a, const Operand& b);
Tensor bitwise_or(const Operand& a, const Operand& b);
Tensor bitwise_xor(const Operand& a, const Operand& b);
Tensor bitwise_not(const Operand& x);
// Shifts of int64; bits that are shifted out are lost. DTypeError for two masks, ValueError for shifts below 0.
Tensor left_shift(const Operand& a, const Operand& b);   ///< a 2^b
Tensor right_shift(const Operand& a, const Operand& b);  ///< floor(a / 2^b)

/// a where the condition holds, else b. Elements that are not chosen contribute exactly 0 to derivatives, even if they
/// are NaN or infinite (up to the first matrix product on the way back, which mixes elements).
Tensor where(const Operand& condition, const Operand& a, const Operand& b);

inline Tensor operator-(const Operand& x) { return neg(x); }
inline Tensor operator+(const Operand& a, const Operand& b) { return add(a, b); }
inline Tensor operator-(const Operand& a, const Operand& b) { return sub(a, b); }
inline Tensor operator*(const Operand& a, const Operand& b) { return mul(a, b); }
inline Tensor operator/(const Operand& a, const Operand& b) { return div(a, b); }
inline Tensor operator==(const Operand& a, const Operand& b) { return equal(a, b); }
inline Tensor operator!=(const Operand& a, const Operand& b) { return not_equal(a, b); }
inline Tensor operator<(const Operand& a, const Operand& b) { return less(a, b); }
inline Tensor operator<=(const Operand& a, const Operand& b) { return less_equal(a, b); }
inline Tensor operator>(const Operand& a, const Operand& b) { return greater(a, b); }
inline Tensor operator>=(const Operand& a, const Operand& b) { return greater_equal(a, b); }
inline Tensor operator!(const Operand& x) { return logical_not(x); }
// Of masks and int64. In C++ they bind less tightly than comparisons: a > 0 & b > 0 is (a > 0) & (b > 0).
inline Tensor operator&(const Operand& a, const Operand& b) { return bitwise_and(a, b); }
inline Tensor operator|(const Operand& a, const Operand& b) { return bitwise_or(a, b); }
inline Tensor operator^(const Operand& a, const Operand& b) { return bitwise_xor(a, b); }
inline Tensor operator~(const Operand& x) { return bitwise_not(x); }

// The variable becomes a handle to the new Tensor; the old one is untouched. ShapeError when the result has another
// shape than `a`: b broadcasts to a, but not a to b.
Tensor& operator+=(Tensor& a, const Operand& b);
Tensor& operator-=(Tensor& a, const Operand& b);
Tensor& operator*=(Tensor& a, const Operand& b);
Tensor& operator/=(Tensor& a, const Operand& b);

}  // namespace xgrad
