// Compiled for AVX2 and FMA, where there are such processors.

#if defined(__AVX2__) && defined(__FMA__)
#include "autograd/engine/dot_kernel.hpp"
#include "autograd/engine/product_kernel.hpp"

namespace xgrad::fused {
BlockProduct avx2_product(DType dtype) {
  using Arch = xsimd::fma3<xsimd::avx2>;
  return dtype == float32 ? &BlockKernel<float, Arch, 6>::run : &BlockKernel<double, Arch, 6>::run;
}
BlockProduct avx2_dots(DType dtype) {
  using Arch = xsimd::fma3<xsimd::avx2>;
  return dtype == float32 ? &DotKernel<float, Arch, 3, 2>::run : &DotKernel<double, Arch, 3, 2>::run;
}
}  // namespace xgrad::fused
#else
#include "autograd/engine/product.hpp"

namespace xgrad::fused {
BlockProduct avx2_product(DType) { return nullptr; }
BlockProduct avx2_dots(DType) { return nullptr; }
}  // namespace xgrad::fused
#endif
