// The loops for the generic set, which every processor of the architecture has.

#include "autograd/engine/interpreter/tile_loops.hpp"

namespace xgrad::fused {

const TileFunctions* generic_functions(DType dtype) { return table_of<xsimd::default_arch>(dtype); }

}  // namespace xgrad::fused
