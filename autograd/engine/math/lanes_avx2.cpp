// The operations of lanes alone, for AVX2 and FMA, for which this file is compiled.

#if defined(__AVX2__) && defined(__FMA__)

#include "autograd/engine/math/lane_functions.hpp"

namespace xgrad::fused {

const LaneFunctions* avx2_lanes(DType dtype) { return lanes_of<xsimd::fma3<xsimd::avx2>>(dtype); }

}  // namespace xgrad::fused

#else

#include "autograd/engine/math/lane_operations.hpp"

namespace xgrad::fused {

const LaneFunctions* avx2_lanes(DType) { return nullptr; }

}  // namespace xgrad::fused

#endif
