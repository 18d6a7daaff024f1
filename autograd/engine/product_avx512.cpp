// Compiled for AVX-512, where there are such processors.

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include "autograd/engine/dot_kernel.hpp"
#include "autograd/engine/product_kernel.hpp"

namespace xgrad::fused {
BlockProduct avx512_product(DType dtype) {
  using Arch = xsimd::avx512dq;
  return dtype == float32 ? &BlockKernel<float, Arch, 14>::run : &BlockKernel<double, Arch, 14>::run;
}
BlockProduct avx512_dots(DType dtype) {
  using Arch = xsimd::avx512dq;
  return dtype == float32 ? &DotKernel<float, Arch, 4, 4>::run : &DotKernel<double, Arch, 4, 4>::run;
}
}  // namespace xgrad::fused
#else
#include "autograd/engine/product.hpp"

namespace xgrad::fused {
BlockProduct avx512_product(DType) { return nullptr; }
BlockProduct avx512_dots(DType) { return nullptr; }
}  // namespace xgrad::fused
#endif
