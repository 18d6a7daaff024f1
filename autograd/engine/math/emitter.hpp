#pragma once

// The functions of this room are written over an emitter, which does one operation for all lanes of a vector. With
// lanes of numbers (simd_lanes.hpp) they become the loops of the interpreter, with a list of instructions
// (vector_code.hpp) machine code. Both do the same operations in the same order, so they give the same bits.
//
// An emitter E has
//   using T                                     float or double
//   using R, M                                  lanes of T; masks for the lanes (M may be R)
//   number(double), bits(uint64)                a constant: rounded to T; as a bit pattern
//   add sub mul div, sqrt floor ceil round      round: to the nearest whole number, ties to even
//   fma fms fnma (a, b, c)                      a * b + c, a * b - c, c - a * b; in one rounding where there is FMA
//   fma_once fms_once fnma_once (a, b, c)       the same, in one rounding everywhere
//   min(a, b), max(a, b)                        a < b ? a : b, a > b ? a : b: the second where one is NaN
//   bit_and bit_or bit_xor (a, b), bit_clear    bit_clear(a, b): a & ~b
//   shift_left shift_right (a, int)             of the bits of each lane, zeros come in
//   integer_add integer_sub (a, b)              of the bits of each lane, modulo 2^32 or 2^64
//   equal not_equal less less_equal (a, b)      masks: not_equal holds for NaN, the others do not
//   mask_and mask_or mask_xor (m, n), mask_not
//   select(m, a, b), keep(m, a)                 m ? a : b, m ? a : 0
//   call_where(m, function, x, y)               m ? function(x) : y; costs little where m holds for no lane
// and may have
//   can_scale(), scale(a, n)                    whether there is, and is: a * 2^n for a whole n, rounded once

#if defined(__GNUC__)
#define XGRAD_FORCE_INLINE inline __attribute__((always_inline))
#define XGRAD_LAMBDA_INLINE __attribute__((always_inline))
#else
#define XGRAD_FORCE_INLINE inline
#define XGRAD_LAMBDA_INLINE
#endif

namespace xgrad::fused::math {

template <class E>
using Lanes = typename E::R;

}  // namespace xgrad::fused::math
