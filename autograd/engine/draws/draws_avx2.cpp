// Drawing for AVX2 and FMA. This file alone is compiled for them.

#if defined(__AVX2__) && defined(__FMA__)

#include "autograd/engine/draws/draw_loops_of.hpp"

namespace xgrad::fused {

const DrawFunctions* avx2_draws() { return &DrawLoopsOf<xsimd::fma3<xsimd::avx2>>::functions; }

}  // namespace xgrad::fused

#else

#include "autograd/engine/draws/draw_functions.hpp"

namespace xgrad::fused {

const DrawFunctions* avx2_draws() { return nullptr; }

}  // namespace xgrad::fused

#endif
