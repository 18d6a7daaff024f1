// The kernels for AVX-512, for which this file is compiled.

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include "autograd/engine/products/kernels_of.hpp"

namespace xgrad::fused {

namespace {

struct Sizes {
  static constexpr int rows = 14, dot_rows = 4, dot_columns = 4, column_rows = 6, column_sums = 24;
};

}  // namespace

Products avx512_products(DType dtype) { return ProductsOf<xsimd::avx512dq, Sizes>::of(dtype); }

}  // namespace xgrad::fused
#else
#include "autograd/engine/products/block_product.hpp"

namespace xgrad::fused {
Products avx512_products(DType) { return {}; }
}  // namespace xgrad::fused
#endif
