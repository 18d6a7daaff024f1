#include "autograd/engine/gemm.hpp"

#include <cblas.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <type_traits>

#if defined(__unix__)
#include <dlfcn.h>
#endif

#include "autograd/core/fail.hpp"
#include "autograd/engine/threads.hpp"

namespace xgrad::fused {

namespace {

// The threads are ours: the library of BLAS works on the one that calls it.
void make_blas_sequential() {
#if defined(__unix__)
  for (const char* name : {"openblas_set_num_threads", "MKL_Set_Num_Threads"})
    if (void* const function = dlsym(RTLD_DEFAULT, name)) reinterpret_cast<void (*)(int)>(function)(1);
#endif
}

// One product is cut into parts of its rows or of its columns. The cuts follow from the sizes alone, so the result is
// the same on any number of threads. They are few and even, because every part packs the other matrix again: down to
// 128 rows or 64 columns a part costs 2 to 5 % more than the whole.
struct Cut {
  std::int64_t row_parts = 1, column_parts = 1, rows = 0, columns = 0;  // a part's rows and columns, but for the last
};

constexpr double least_flops = 4e6;  // of a part: about 40 us
constexpr std::int64_t most_parts = 64;

std::int64_t powers_of_two_within(double limit) {
  std::int64_t parts = 1;
  while (parts < most_parts && static_cast<double>(2 * parts) <= limit) parts *= 2;
  return parts;
}

std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

Cut cut(const Gemm& gemm) {
  const double worthwhile =
      2 * static_cast<double>(gemm.m) * static_cast<double>(gemm.n) * static_cast<double>(gemm.k) / least_flops;
  const bool by_rows = gemm.m >= 256 || gemm.m >= 2 * gemm.n;
  const double room = by_rows ? static_cast<double>(gemm.m) / 128 : static_cast<double>(gemm.n) / 64;
  const std::int64_t parts = powers_of_two_within(std::min(worthwhile, room));
  Cut result{1, 1, gemm.m, gemm.n};
  if (by_rows) {
    result.rows = rounded_up((gemm.m + parts - 1) / parts, 16);
    result.row_parts = (gemm.m + result.rows - 1) / result.rows;
  } else {
    result.columns = rounded_up((gemm.n + parts - 1) / parts, 16);
    result.column_parts = (gemm.n + result.columns - 1) / result.columns;
  }
  return result;
}

struct Part {
  std::int64_t row, rows, column, columns;
};

template <class T>
void blas(const Gemm& gemm, std::int64_t matrix, const Part& part) {
  const T* a = static_cast<const T*>(gemm.a) + matrix * gemm.batch_a + part.row * (gemm.transpose_a ? 1 : gemm.row_a);
  const T* b =
      static_cast<const T*>(gemm.b) + matrix * gemm.batch_b + part.column * (gemm.transpose_b ? gemm.row_b : 1);
  T* c = static_cast<T*>(gemm.c) + matrix * gemm.batch_c + part.row * gemm.row_c + part.column;
  const auto flag = [](bool transpose) { return transpose ? CblasTrans : CblasNoTrans; };
  const auto size = [](std::int64_t value) { return static_cast<int>(std::max<std::int64_t>(value, 1)); };
  const auto call = [&](auto* product) {
    product(CblasRowMajor, flag(gemm.transpose_a), flag(gemm.transpose_b), size(part.rows), size(part.columns),
            size(gemm.k), static_cast<T>(gemm.alpha), a, size(gemm.row_a), b, size(gemm.row_b),
            static_cast<T>(gemm.beta), c, size(gemm.row_c));
  };
  if constexpr (std::is_same_v<T, float>)
    call(&cblas_sgemm);
  else
    call(&cblas_dgemm);
}

// C = beta * C
template <class T>
void scale(const Gemm& gemm, std::int64_t matrix, const Part& part) {
  const T beta = static_cast<T>(gemm.beta);
  T* row = static_cast<T*>(gemm.c) + matrix * gemm.batch_c + part.row * gemm.row_c + part.column;
  for (std::int64_t i = 0; i < part.rows; ++i, row += gemm.row_c)
    for (std::int64_t j = 0; j < part.columns; ++j) row[j] = beta == T{0} ? T{0} : beta * row[j];
}

template <class T>
void multiply(const Gemm& gemm, std::int64_t matrix, const Part& part) {
  if (gemm.k == 0 || gemm.alpha == 0)
    scale<T>(gemm, matrix, part);
  else
    blas<T>(gemm, matrix, part);
}

void multiply(const Gemm& gemm, std::int64_t matrix, const Part& part) {
  if (gemm.dtype == float32)
    multiply<float>(gemm, matrix, part);
  else
    multiply<double>(gemm, matrix, part);
}

using AfterBlock = FunctionRef<void(std::int64_t, std::int64_t)>;

// Many small products: a few in every block.
void run_batch(const Gemm& gemm, AfterBlock after_block) {
  const double flops = 2 * static_cast<double>(gemm.m) * static_cast<double>(gemm.n) * static_cast<double>(gemm.k);
  const double together = std::clamp(least_flops / 8 / std::max(flops, 1.0), 1.0, static_cast<double>(gemm.batch));
  const auto each = static_cast<std::int64_t>(together);
  parallel((gemm.batch + each - 1) / each, [&](std::int64_t block) {
    const std::int64_t first = block * each, last = std::min(first + each, gemm.batch);
    for (std::int64_t matrix = first; matrix < last; ++matrix) multiply(gemm, matrix, {0, gemm.m, 0, gemm.n});
    if (after_block) after_block(first * gemm.m, last * gemm.m);
  });
}

// Products that are worth cutting.
void run_cut(const Gemm& gemm, const Cut& cut, AfterBlock after_block) {
  const std::int64_t parts = cut.row_parts * cut.column_parts;
  for (std::int64_t matrix = 0; matrix < gemm.batch; ++matrix) {
    // Rows that are cut into columns are finished by whoever finishes the last of them.
    std::atomic<std::int64_t> unfinished_columns{cut.column_parts};
    parallel(parts, [&](std::int64_t block) {
      const std::int64_t row = block / cut.column_parts * cut.rows, column = block % cut.column_parts * cut.columns;
      const std::int64_t rows = std::min(cut.rows, gemm.m - row), columns = std::min(cut.columns, gemm.n - column);
      multiply(gemm, matrix, {row, rows, column, columns});
      if (!after_block) return;
      if (cut.column_parts > 1 && unfinished_columns.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
      after_block(matrix * gemm.m + row, matrix * gemm.m + row + rows);
    });
  }
}

}  // namespace

void run(const Gemm& gemm, AfterBlock after_block) {
  if (gemm.batch <= 0 || gemm.m <= 0 || gemm.n <= 0) return;
  const std::int64_t largest = std::max({gemm.m, gemm.n, gemm.k, gemm.row_a, gemm.row_b, gemm.row_c});
  check<LimitError>(largest <= std::numeric_limits<int>::max(), Location::current(),
                    "matmul: BLAS cannot count the sizes ", gemm.m, ", ", gemm.n, " and ", gemm.k);
  [[maybe_unused]] static const bool sequential = (make_blas_sequential(), true);
  const Cut parts = cut(gemm);
  if (parts.row_parts * parts.column_parts == 1)
    run_batch(gemm, after_block);
  else
    run_cut(gemm, parts, after_block);
}

}  // namespace xgrad::fused
