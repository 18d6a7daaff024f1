#include "autograd/engine/product.hpp"

#include "autograd/engine/instruction_set.hpp"

namespace xgrad::fused {

Products products_of(InstructionSet set, DType dtype) {
  switch (set) {
    case InstructionSet::avx512:
      return avx512_products(dtype);
    case InstructionSet::avx2:
      return avx2_products(dtype);
    default:
      return generic_products(dtype);
  }
}

}  // namespace xgrad::fused
