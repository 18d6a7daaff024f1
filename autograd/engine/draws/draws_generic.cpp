// Drawing for what every processor of the architecture has.

#include "autograd/engine/draws/draw_loops_of.hpp"

namespace xgrad::fused {

const DrawFunctions* generic_draws() { return &DrawLoopsOf<xsimd::default_arch>::functions; }

}  // namespace xgrad::fused
