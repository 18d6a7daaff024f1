#include "autograd/engine/gemm.hpp"

#include <cblas.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <type_traits>

#if defined(__unix__)
#include <dlfcn.h>
#endif

#include "autograd/core/fail.hpp"
#include "autograd/engine/product.hpp"
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

std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

double flops(const Gemm& gemm) {
  return 2 * static_cast<double>(gemm.m) * static_cast<double>(gemm.n) * static_cast<double>(gemm.k);
}

// How products of these sizes are computed: by our own kernels, as they stand or as C' = B' A' (vectors run along the
// rows of C then), or by BLAS, which gets the single rows and columns.
struct Way {
  BlockProduct product = nullptr;  // null: BLAS
  bool swapped = false;
};

Way way(const Gemm& gemm) {
  const BlockProduct product = block_product(gemm.dtype);
  if (product == nullptr || gemm.m == 1 || gemm.n == 1) return {};
  const bool dots = gemm.transpose_b && !gemm.transpose_a;
  const bool skinny = std::min(gemm.m, gemm.n) <= 12 && gemm.k >= 192;  // a panel is not used often enough to be turned
  if (dots && skinny) return {block_dots(gemm.dtype), false};
  // Whichever matrix has the columns for the vectors has to be transposed on the way: the smaller one. Where both are
  // transposed, that is B, or C if it is smaller.
  if (gemm.transpose_a) return {product, gemm.transpose_b && gemm.k > gemm.m};
  return {product, dots && gemm.m < gemm.n && gemm.k >= 256};
}

// One product is cut into parts. BLAS adds up in an order that depends on them, so those for BLAS follow from the sizes
// alone; the sums of our own kernels do not depend on how a product is cut.
struct Cut {
  std::int64_t rows, columns;            // of a part, but for the last
  std::int64_t row_parts, column_parts;  // how many there are
};

constexpr std::int64_t most_parts = 64;

Cut cut_into(const Gemm& gemm, std::int64_t row_parts, std::int64_t column_parts, std::int64_t unit) {
  const auto size = [unit](std::int64_t whole, std::int64_t parts) {
    return parts == 1 ? whole : rounded_up((whole + parts - 1) / parts, unit);
  };
  const std::int64_t rows = size(gemm.m, row_parts), columns = size(gemm.n, column_parts);
  return {rows, columns, (gemm.m + rows - 1) / rows, (gemm.n + columns - 1) / columns};
}

std::int64_t parts_within(double wanted, std::int64_t whole, std::int64_t least) {
  return std::clamp<std::int64_t>(whole / least, 1,
                                  std::clamp<std::int64_t>(static_cast<std::int64_t>(wanted), 1, most_parts));
}

// For BLAS the parts are few and even, because every part packs the other matrix again: down to 128 rows or 64 columns
// a part costs 2 to 5 % more than the whole.
Cut cut_for_blas(const Gemm& gemm) {
  constexpr double least_flops = 4e6;  // of a part: about 40 us
  const bool by_rows = gemm.m >= 256 || gemm.m >= 2 * gemm.n;
  const std::int64_t most = by_rows ? parts_within(flops(gemm) / least_flops, gemm.m, 128)
                                    : parts_within(flops(gemm) / least_flops, gemm.n, 64);
  std::int64_t parts = 1;
  while (2 * parts <= most) parts *= 2;
  return cut_into(gemm, by_rows ? parts : 1, by_rows ? 1 : parts, 16);
}

// Our own kernel does not mind what is cut off, so that more threads get more parts, of which the slower ones take
// fewer. But it packs columns of B for each part, and so it does with all of A if its rows are not along the depth.
Cut cut_for_own(const Gemm& gemm, const Way& way, int threads) {
  constexpr double least_flops = 1.5e6;  // of a part: about 15 us
  if (threads == 1) return cut_into(gemm, 1, 1, 32);
  const double wanted = std::min(flops(gemm) / least_flops, std::max(16.0, flops(gemm) / 64e6));
  const std::int64_t along = way.swapped ? gemm.m : gemm.n, across = way.swapped ? gemm.n : gemm.m;
  std::int64_t panels = 1, others = 1;
  if (gemm.transpose_a && !way.swapped && gemm.k >= 96) {
    others = parts_within(wanted, across, 96);
    panels = parts_within(wanted / static_cast<double>(others), along, 128);
  } else {
    panels = parts_within(wanted, along, 32);
    const bool transposes = gemm.transpose_b && !gemm.transpose_a;
    others = parts_within(wanted / static_cast<double>(panels), across, transposes ? 128 : 64);
  }
  return cut_into(gemm, way.swapped ? panels : others, way.swapped ? others : panels, 32);
}

struct Part {
  std::int64_t row, rows, column, columns;
};

// A single row or column of C: a matrix times a vector.
template <class T>
void blas_vector(const Gemm& gemm, const T* a, const T* b, T* c, const Part& part) {
  const auto size = [](std::int64_t value) { return static_cast<int>(std::max<std::int64_t>(value, 1)); };
  const auto call = [&](auto* product, bool transpose, std::int64_t rows, std::int64_t columns, const T* matrix,
                        std::int64_t row, const T* x, std::int64_t x_step, std::int64_t y_step) {
    product(CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, size(rows), size(columns), T{1}, matrix, size(row), x,
            size(x_step), T{0}, c, size(y_step));
  };
  const auto both = [&](auto* product) {
    if (gemm.m == 1)
      call(product, !gemm.transpose_b, gemm.transpose_b ? part.columns : gemm.k,
           gemm.transpose_b ? gemm.k : part.columns, b, gemm.row_b, a, gemm.transpose_a ? gemm.row_a : 1, 1);
    else
      call(product, gemm.transpose_a, gemm.transpose_a ? gemm.k : part.rows, gemm.transpose_a ? part.rows : gemm.k, a,
           gemm.row_a, b, gemm.transpose_b ? 1 : gemm.row_b, gemm.row_c);
  };
  if constexpr (std::is_same_v<T, float>)
    both(&cblas_sgemv);
  else
    both(&cblas_dgemv);
}

template <class T>
void blas(const Gemm& gemm, std::int64_t matrix, const Part& part) {
  const T* a = static_cast<const T*>(gemm.a) + matrix * gemm.batch_a + part.row * (gemm.transpose_a ? 1 : gemm.row_a);
  const T* b =
      static_cast<const T*>(gemm.b) + matrix * gemm.batch_b + part.column * (gemm.transpose_b ? gemm.row_b : 1);
  T* c = static_cast<T*>(gemm.c) + matrix * gemm.batch_c + part.row * gemm.row_c + part.column;
  if (gemm.m == 1 || gemm.n == 1) return blas_vector(gemm, a, b, c, part);
  const auto flag = [](bool transpose) { return transpose ? CblasTrans : CblasNoTrans; };
  const auto size = [](std::int64_t value) { return static_cast<int>(std::max<std::int64_t>(value, 1)); };
  const auto call = [&](auto* product) {
    product(CblasRowMajor, flag(gemm.transpose_a), flag(gemm.transpose_b), size(part.rows), size(part.columns),
            size(gemm.k), T{1}, a, size(gemm.row_a), b, size(gemm.row_b), T{0}, c, size(gemm.row_c));
  };
  if constexpr (std::is_same_v<T, float>)
    call(&cblas_sgemm);
  else
    call(&cblas_dgemm);
}

// Sums of nothing.
template <class T>
void clear(const Gemm& gemm, std::int64_t matrix, const Part& part) {
  T* row = static_cast<T*>(gemm.c) + matrix * gemm.batch_c + part.row * gemm.row_c + part.column;
  for (std::int64_t i = 0; i < part.rows; ++i, row += gemm.row_c) std::fill_n(row, part.columns, T{0});
}

// (What lies in a thread's static storage takes room on its stack.)
Scratch scratch_of_thread() {
  struct More {
    void* memory = std::aligned_alloc(64, Scratch::more_bytes);
    ~More() { std::free(memory); }
  };
  alignas(64) thread_local std::byte least[Scratch::least_bytes];
  thread_local const More more;
  return {least, more.memory};
}

template <class T>
void own(const Gemm& gemm, const Way& way, std::int64_t matrix, const Part& part) {
  const std::int64_t a_row = gemm.transpose_a ? 1 : gemm.row_a, a_depth = gemm.transpose_a ? gemm.row_a : 1;
  const std::int64_t b_column = gemm.transpose_b ? gemm.row_b : 1, b_depth = gemm.transpose_b ? 1 : gemm.row_b;
  const T* a = static_cast<const T*>(gemm.a) + matrix * gemm.batch_a + part.row * a_row;
  const T* b = static_cast<const T*>(gemm.b) + matrix * gemm.batch_b + part.column * b_column;
  const std::int64_t place = matrix * gemm.batch_c + part.row * gemm.row_c + part.column;
  T* c = static_cast<T*>(gemm.c) + place;
  const T* d = gemm.d != nullptr ? static_cast<const T*>(gemm.d) + place : nullptr;
  const Scratch scratch = scratch_of_thread();
  if (way.swapped)
    way.product({part.columns, part.rows, gemm.k, b, b_column, b_depth, a, a_depth, a_row, c, 1, gemm.row_c, d,
                 gemm.alpha, gemm.beta},
                scratch);
  else
    way.product({part.rows, part.columns, gemm.k, a, a_row, a_depth, b, b_depth, b_column, c, gemm.row_c, 1, d,
                 gemm.alpha, gemm.beta},
                scratch);
}

template <class T>
void multiply(const Gemm& gemm, const Way& way, std::int64_t matrix, const Part& part) {
  if (gemm.k == 0)
    clear<T>(gemm, matrix, part);
  else if (way.product != nullptr)
    own<T>(gemm, way, matrix, part);
  else
    blas<T>(gemm, matrix, part);
}

void multiply(const Gemm& gemm, const Way& way, std::int64_t matrix, const Part& part) {
  if (gemm.dtype == float32)
    multiply<float>(gemm, way, matrix, part);
  else
    multiply<double>(gemm, way, matrix, part);
}

using AfterPart = FunctionRef<void(const Rectangle&)>;

// Many small products: a few in every block.
std::int64_t matrices_in_block(const Gemm& gemm) {
  return static_cast<std::int64_t>(std::clamp(1e6 / std::max(flops(gemm), 1.0), 1.0, static_cast<double>(gemm.batch)));
}

void run_batch(const Gemm& gemm, const Way& way, AfterPart after_part) {
  const std::int64_t each = matrices_in_block(gemm);
  parallel((gemm.batch + each - 1) / each, [&](std::int64_t block) {
    const std::int64_t first = block * each, last = std::min(first + each, gemm.batch);
    for (std::int64_t matrix = first; matrix < last; ++matrix) multiply(gemm, way, matrix, {0, gemm.m, 0, gemm.n});
    if (after_part) after_part({first * gemm.m, (last - first) * gemm.m, 0, gemm.n});
  });
}

// Products that are worth cutting.
void run_cut(const Gemm& gemm, const Way& way, const Cut& cut, AfterPart after_part) {
  for (std::int64_t matrix = 0; matrix < gemm.batch; ++matrix)
    parallel(cut.row_parts * cut.column_parts, [&](std::int64_t block) {
      const std::int64_t row = block / cut.column_parts * cut.rows, column = block % cut.column_parts * cut.columns;
      const std::int64_t rows = std::min(cut.rows, gemm.m - row), columns = std::min(cut.columns, gemm.n - column);
      multiply(gemm, way, matrix, {row, rows, column, columns});
      if (after_part) after_part({matrix * gemm.m + row, rows, column, columns});
    });
}

Cut cut_of(const Gemm& gemm, const Way& way, int threads) {
  return way.product != nullptr ? cut_for_own(gemm, way, threads) : cut_for_blas(gemm);
}

void prepare_blas(const Gemm& gemm) {
  const std::int64_t largest = std::max({gemm.m, gemm.n, gemm.k, gemm.row_a, gemm.row_b, gemm.row_c});
  check<LimitError>(largest <= std::numeric_limits<int>::max(), Location::current(),
                    "matmul: BLAS cannot count the sizes ", gemm.m, ", ", gemm.n, " and ", gemm.k);
  [[maybe_unused]] static const bool sequential = (make_blas_sequential(), true);
}

}  // namespace

bool can_add(DType dtype, std::int64_t m, std::int64_t n, std::int64_t k) {
  return block_product(dtype) != nullptr && m > 1 && n > 1 && k > 0 && k <= deepest_sum;
}

Division division(const Gemm& gemm, int threads) {
  const Way chosen = way(gemm);
  const Cut cut = cut_of(gemm, chosen, threads);
  const std::int64_t parts = cut.row_parts * cut.column_parts;
  if (parts > 1) return {gemm.batch * parts, cut.rows, cut.columns};
  const std::int64_t each = matrices_in_block(gemm);
  return {(gemm.batch + each - 1) / each, each * gemm.m, gemm.n};
}

void run(const Gemm& gemm, AfterPart after_part, int threads) {
  if (gemm.batch <= 0 || gemm.m <= 0 || gemm.n <= 0) return;
  const Way chosen = way(gemm);
  if (chosen.product == nullptr) prepare_blas(gemm);
  const Cut cut = cut_of(gemm, chosen, threads);
  if (cut.row_parts * cut.column_parts == 1)
    run_batch(gemm, chosen, after_part);
  else
    run_cut(gemm, chosen, cut, after_part);
}

}  // namespace xgrad::fused
