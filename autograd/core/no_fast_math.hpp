#pragma once

// NaN and infinity are values here (masks, `isnan`, -inf scores), and sums are compensated: with -ffast-math and its
// relatives compilers assume away the ones and cancel the others.

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "xgrad relies on IEEE arithmetic: compile without -ffast-math, -Ofast and -funsafe-math-optimizations."
#endif
