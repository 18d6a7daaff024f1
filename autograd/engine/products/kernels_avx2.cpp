// The kernels for AVX2 and FMA, for which this file is compiled.

#if defined(__AVX2__) && defined(__FMA__)
#include "autograd/engine/products/kernels_of.hpp"

namespace xgrad::fused {

namespace {

struct Sizes {
  static constexpr int rows = 6, dot_rows = 3, dot_columns = 2, column_rows = 6, column_sums = 12;
};

}  // namespace

Products avx2_products(DType dtype) { return ProductsOf<xsimd::fma3<xsimd::avx2>, Sizes>::of(dtype); }

}  // namespace xgrad::fused
#else
#include "autograd/engine/products/block_product.hpp"

namespace xgrad::fused {
Products avx2_products(DType) { return {}; }
}  // namespace xgrad::fused
#endif
