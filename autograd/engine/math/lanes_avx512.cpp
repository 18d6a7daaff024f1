// The operations of lanes alone, for AVX-512 (F, DQ, BW, VL), for which this file is compiled.

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__)

#include "autograd/engine/math/lane_functions.hpp"

namespace xgrad::fused {

const LaneFunctions* avx512_lanes(DType dtype) { return lanes_of<xsimd::avx512bw>(dtype); }

}  // namespace xgrad::fused

#else

#include "autograd/engine/math/lane_operations.hpp"

namespace xgrad::fused {

const LaneFunctions* avx512_lanes(DType) { return nullptr; }

}  // namespace xgrad::fused

#endif
