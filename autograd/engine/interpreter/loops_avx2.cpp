// The loops for AVX2 and FMA, for which this file is compiled.

#if defined(__AVX2__) && defined(__FMA__)

#include "autograd/engine/interpreter/tile_loops.hpp"

namespace xgrad::fused {

const TileFunctions* avx2_functions(DType dtype) { return table_of<xsimd::fma3<xsimd::avx2>>(dtype); }

}  // namespace xgrad::fused

#else

#include "autograd/engine/interpreter/tile_functions.hpp"

namespace xgrad::fused {

const TileFunctions* avx2_functions(DType) { return nullptr; }

}  // namespace xgrad::fused

#endif
