#include "autograd/engine/products/block_product.hpp"

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/instruction_set.hpp"

namespace xgrad::fused {

Products products_of(InstructionSet set, DType dtype) {
  switch (set) {
    case InstructionSet::avx512:
      return avx512_products(dtype);
    case InstructionSet::avx2:
      return planted("products for AVX2 are those for any processor") ? generic_products(dtype) : avx2_products(dtype);
    default:
      return generic_products(dtype);
  }
}

}  // namespace xgrad::fused
