#pragma once

#include <cstdint>

#include "autograd/core/dtype.hpp"
#include "autograd/engine/function_ref.hpp"

namespace xgrad::fused {

/// Matrix products C = alpha * op(A) op(B) + beta * C of row-major matrices, `batch` of them: op(A) is m x k, op(B)
/// k x n, and op() transposes where the flag says so. C does not overlap A or B. Where beta is 0, C is not read.
struct Gemm {
  DType dtype = float32;  // float32 or float64
  bool transpose_a = false, transpose_b = false;
  std::int64_t batch = 1, m = 0, n = 0, k = 0;
  std::int64_t row_a = 0, row_b = 0, row_c = 0;        // elements from one row, as it is stored, to the next
  std::int64_t batch_a = 0, batch_b = 0, batch_c = 0;  // elements from one matrix to the next; 0: all use the same
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  double alpha = 1, beta = 0;
};

/// Computes the products on the threads that set_num_threads() allows. The result does not depend on their number.
/// If there is an `after_block`, it is called for ranges of finished rows, by whichever thread finished them, while
/// they are still in its cache; rows are counted through the batch (row i of matrix b is b * m + i), and each is in
/// exactly one range. LimitError if BLAS cannot count the sizes.
void run(const Gemm& gemm, FunctionRef<void(std::int64_t row_begin, std::int64_t row_end)> after_block = {});

}  // namespace xgrad::fused
