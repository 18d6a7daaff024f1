#pragma once

// products/: matrix products.
//   in:  sizes, and addresses with transposes or offsets.
//   out: the product; each block of it to an epilogue while it is in the cache.

#include <cstdint>

#include "autograd/core/dtype.hpp"
#include "autograd/engine/cpu/function_ref.hpp"
#include "autograd/engine/cpu/rectangle.hpp"
#include "autograd/engine/cpu/threads.hpp"
#include "autograd/engine/products/offsets.hpp"

namespace xgrad::fused {

/// Matrix products C = op(A) op(B) of row-major matrices, `batch` of them: op(A) is m x k, op(B) k x n, and op()
/// transposes where the flag says so. C does not overlap A or B.
///
/// The bits of C follow from the dtype, m, n, k, the instruction set and the numbers alone, and C' = B' A' has the
/// same. The order of the sums is in block_product.hpp: that of Products::lanes if adds_in_lanes(m, n, k), else that of
/// Products::block.
///
/// A or B may have offsets in place of distances between its matrices. If these have rows and columns, too, they are
/// those of op(A) or op(B), without a transpose; only one of A and B may have such.
///
/// If C has offsets, each matrix is added up in the order of its elements at these places of memory that was 0 and has
/// batch_c elements; all places lie within it, and there is no D.
///
/// D has the layout of C and may share its memory. Each sum s and its d become alpha s + d if beta is 1, else beta d +
/// s, and alpha is 1; both steps are rounded, as in a row program.
struct Gemm {
  DType dtype = float32;  // float32 or float64
  bool transpose_a = false, transpose_b = false;
  std::int64_t batch = 1, m = 0, n = 0, k = 0;
  std::int64_t row_a = 0, row_b = 0, row_c = 0;        // elements from one row, as it is stored, to the next
  std::int64_t batch_a = 0, batch_b = 0, batch_c = 0;  // elements from one matrix to the next; 0: all use the same
  const Offsets* offsets_a = nullptr;
  const Offsets* offsets_b = nullptr;
  const Offsets* offsets_c = nullptr;
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  const void* d = nullptr;
  double alpha = 1, beta = 1;
};

/// The number of parts in which the products are computed, and the rows and columns of the largest part.
struct Division {
  std::int64_t parts, rows, columns;
};
Division division(const Gemm& gemm, int threads);

/// Computes the products in parts for `threads` threads, on those that set_num_threads() allows. The result does not
/// depend on their number. `after_part` is called for each finished part, on the thread that finished it, while the
/// part is in its cache; rows are numbered through the batch (row i of matrix b is b * m + i), and each element is in
/// exactly one part.
void run(const Gemm& gemm, FunctionRef<void(const Rectangle& part)> after_part = {}, int threads = num_threads());

}  // namespace xgrad::fused
