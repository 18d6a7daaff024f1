// The operations of lanes alone, for the generic set, which every processor of the architecture has.

#include "autograd/engine/math/lane_functions.hpp"

namespace xgrad::fused {

const LaneFunctions* generic_lanes(DType dtype) { return lanes_of<xsimd::default_arch>(dtype); }

}  // namespace xgrad::fused
