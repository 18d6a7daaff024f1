// The kernels for the generic set, which every processor of the architecture has.

#include "autograd/engine/products/kernels_of.hpp"

namespace xgrad::fused {

namespace {

struct Sizes {
  static constexpr int rows = 6, dot_rows = 1, dot_columns = 2, column_rows = 6, column_sums = 12;
};

}  // namespace

Products generic_products(DType dtype) { return ProductsOf<xsimd::default_arch, Sizes>::of(dtype); }

}  // namespace xgrad::fused
