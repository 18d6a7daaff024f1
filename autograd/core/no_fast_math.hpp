#pragma once

// The library uses NaN and infinity as values (masks, `isnan`, -inf scores) and compensated sums. With -ffast-math and
// similar flags compilers assume that there is no NaN or infinity, and cancel the compensation.

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "xgrad relies on IEEE arithmetic: compile without -ffast-math, -Ofast and -funsafe-math-optimizations."
#endif
