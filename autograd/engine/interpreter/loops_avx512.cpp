// The loops for AVX-512 (F, DQ, BW, VL), for which this file is compiled.

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__)

#include "autograd/engine/interpreter/tile_loops.hpp"

namespace xgrad::fused {

const TileFunctions* avx512_functions(DType dtype) { return table_of<xsimd::avx512bw>(dtype); }

}  // namespace xgrad::fused

#else

#include "autograd/engine/interpreter/tile_functions.hpp"

namespace xgrad::fused {

const TileFunctions* avx512_functions(DType) { return nullptr; }

}  // namespace xgrad::fused

#endif
