// Drawing for AVX-512 (F, DQ, BW, VL). This file alone is compiled for them.

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__)

#include "autograd/engine/draws/draw_loops_of.hpp"

namespace xgrad::fused {

const DrawFunctions* avx512_draws() { return &DrawLoopsOf<xsimd::avx512bw>::functions; }

}  // namespace xgrad::fused

#else

#include "autograd/engine/draws/draw_functions.hpp"

namespace xgrad::fused {

const DrawFunctions* avx512_draws() { return nullptr; }

}  // namespace xgrad::fused

#endif
