#include "autograd/engine/product.hpp"

namespace xgrad::fused {

BlockProduct block_product(DType dtype) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    if (const BlockProduct product = avx512_product(dtype)) return product;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2_product(dtype);
#endif
  static_cast<void>(dtype);
  return nullptr;
}

}  // namespace xgrad::fused
