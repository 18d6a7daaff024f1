#include "autograd/engine/tile_functions.hpp"

namespace xgrad::fused {

const TileFunctions& tile_functions(InstructionSet set, DType dtype) {
  switch (set) {
    case InstructionSet::avx2:
      return *avx2_functions(dtype);
    case InstructionSet::avx512:
      return *avx512_functions(dtype);
    default:
      return *generic_functions(dtype);
  }
}

}  // namespace xgrad::fused
