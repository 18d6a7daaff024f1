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
/// The bits of C follow from the dtype, m, n, k, the instruction set and the numbers alone; m and n are
/// interchangeable, so that C' = B' A' has the same. The order of the sums is in block_product.hpp: that of
/// Products::lanes if adds_in_lanes(m, n, k), else that of Products::block.
///
/// Matrices of A or B may lie anywhere, as offsets say, which stand for the distances between them. Where they have
/// rows and columns, too, these are those of op(A) or op(B), op() is nothing, and A and B do not both have them; nor
/// have they where sums are in lanes, or m or n is 1.
///
/// Where C has offsets, each matrix is added up, element by element in their order, at these places of what was 0 and
/// has batch_c elements; it lies within them, and there is no D.
///
/// Where there is a D, which lies as C does, perhaps in the same memory, each sum s of products and the d of its place
/// become alpha s + d if beta is 1, else beta d + s, and alpha is 1; both steps are rounded, as a row program would.
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

/// In how many parts the products are computed for so many threads, and the rows and columns of the largest of them.
struct Division {
  std::int64_t parts, rows, columns;
};
Division division(const Gemm& gemm, int threads);

/// Computes the products on the threads that set_num_threads() allows, in parts for so many. The result does not depend
/// on their number.
/// If there is an `after_part`, it is called for finished parts of the result, by whichever thread finished them, while
/// they are still in its cache; rows are counted through the batch (row i of matrix b is b * m + i), and each element
/// is in exactly one part.
void run(const Gemm& gemm, FunctionRef<void(const Rectangle& part)> after_part = {}, int threads = num_threads());

}  // namespace xgrad::fused
