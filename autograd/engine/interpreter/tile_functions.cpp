#include "autograd/engine/interpreter/tile_functions.hpp"

#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused {

const TileFunctions& tile_functions(InstructionSet set, DType dtype) {
  switch (set) {
    case InstructionSet::avx2:
      return planted("the loops for AVX2 are those for any processor") ? *generic_functions(dtype)
                                                                       : *avx2_functions(dtype);
    case InstructionSet::avx512:
      return *avx512_functions(dtype);
    default:
      return *generic_functions(dtype);
  }
}

}  // namespace xgrad::fused
