#pragma once

// The kernels of one instruction set, for the file that is compiled for it (see block_kernel.hpp).

#include "autograd/engine/products/block_kernel.hpp"
#include "autograd/engine/products/column_kernel.hpp"
#include "autograd/engine/products/deep_product.hpp"
#include "autograd/engine/products/dot_kernel.hpp"
#include "autograd/engine/products/lay_out_kernel.hpp"

namespace xgrad::fused {

namespace {

/// Sizes says how many rows and columns the kernels keep in registers.
template <class T, class Arch, class Sizes>
struct LaneKernel {
  static void run(const Block& block, const Scratch& scratch) {
    if (block.b_depth == 1)
      DotKernel<T, Arch, Sizes::dot_rows, Sizes::dot_columns>::run(block, scratch);
    else
      ColumnKernel<T, Arch, Sizes::column_rows, Sizes::column_sums>::run(block, scratch);
  }
};

template <class Arch, class Sizes>
struct ProductsOf {
  template <class T>
  static Products of() {
    return {&DeepProduct<T, BlockKernel<T, Arch, Sizes::rows>>::run, &DeepProduct<T, LaneKernel<T, Arch, Sizes>>::run,
            &lay_out<T>, LanesOf<T, Arch>::has_fma};
  }
  static Products of(DType dtype) { return dtype == float32 ? of<float>() : of<double>(); }
};

}  // namespace

}  // namespace xgrad::fused
