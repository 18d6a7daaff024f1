#include "autograd/engine/product.hpp"

#include "autograd/engine/instruction_set.hpp"

namespace xgrad::fused {

namespace {

BlockProduct of_this_processor(BlockProduct avx2, BlockProduct avx512) {
  switch (instruction_set()) {
    case InstructionSet::avx512:
      return avx512;
    case InstructionSet::avx2:
      return avx2;
    default:
      return nullptr;
  }
}

}  // namespace

BlockProduct block_product(DType dtype) { return of_this_processor(avx2_product(dtype), avx512_product(dtype)); }

BlockProduct block_dots(DType dtype) { return of_this_processor(avx2_dots(dtype), avx512_dots(dtype)); }

}  // namespace xgrad::fused
