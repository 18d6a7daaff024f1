#include "autograd/engine/product.hpp"

#include "autograd/engine/tile_functions.hpp"

namespace xgrad::fused {

BlockProduct block_product(DType dtype) {
  switch (instruction_set()) {
    case InstructionSet::avx512:
      return avx512_product(dtype);
    case InstructionSet::avx2:
      return avx2_product(dtype);
    default:
      return nullptr;
  }
}

}  // namespace xgrad::fused
