// Compiled for AVX2 and FMA, where there are such processors.

#if defined(__AVX2__) && defined(__FMA__)
#include "autograd/engine/product_kernel.hpp"

namespace xgrad::fused {
BlockProduct avx2_product(DType dtype) {
  using Arch = xsimd::fma3<xsimd::avx2>;
  return dtype == float32 ? &BlockKernel<float, Arch, 6>::run : &BlockKernel<double, Arch, 6>::run;
}
}  // namespace xgrad::fused
#else
#include "autograd/engine/product.hpp"

namespace xgrad::fused {
BlockProduct avx2_product(DType) { return nullptr; }
}  // namespace xgrad::fused
#endif
