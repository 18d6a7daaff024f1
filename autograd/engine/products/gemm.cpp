#include "autograd/engine/products/gemm.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "autograd/core/thread_object.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/cpu/thread_memory.hpp"
#include "autograd/engine/products/block_product.hpp"
#include "autograd/engine/products/epilogue.hpp"
#include "autograd/engine/products/lay_out.hpp"

namespace xgrad::fused {

namespace {

std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

double flops(const Gemm& gemm) {
  return 2 * static_cast<double>(gemm.m) * static_cast<double>(gemm.n) * static_cast<double>(gemm.k);
}

// How a product is computed: as it is or as C' = B' A', with which kernel. The choice does not change the results: the
// order of the sums follows from the sizes.
struct Way {
  BlockProduct product;
  bool in_lanes, swapped;
  LayOut lay_out = nullptr;  // for the factor that lies anywhere, if the kernel does not take it
};

bool is_scattered(const Offsets* offsets) { return offsets != nullptr && !offsets->columns.empty(); }

// A matrix with offsets is packed across the depth, as the one that has the columns for vectors; or it is laid out
// along the depth, as the one that has the rows. Sums in lanes take either side along the depth.
Way way_of_scattered(const Gemm& gemm, const Products& products) {
  const bool first = is_scattered(gemm.offsets_a);
  if (adds_in_lanes(gemm.m, gemm.n, gemm.k)) return {products.lanes, true, gemm.m > gemm.n, products.lay_out};
  const Offsets& at = first ? *gemm.offsets_a : *gemm.offsets_b;
  const bool along = is_worth_laying_out(first ? at.columns : at.rows, first ? at.rows : at.columns,
                                         first ? gemm.n : gemm.m, item_size(gemm.dtype));
  return {products.block, false, first != along, along ? products.lay_out : nullptr};
}

Way way(const Gemm& gemm) {
  const Products products = products_of(instruction_set(), gemm.dtype);
  if (is_scattered(gemm.offsets_a) || is_scattered(gemm.offsets_b)) return way_of_scattered(gemm, products);
  if (adds_in_lanes(gemm.m, gemm.n, gemm.k)) {
    // The short side gives the rows; if both sides are short, the choice avoids a transpose.
    const bool both = std::max(gemm.m, gemm.n) <= most_short_side && gemm.transpose_a && gemm.transpose_b;
    return {products.lanes, true, gemm.m > gemm.n || both};
  }
  if (gemm.m == 1 || gemm.n == 1) return {products.block, false, gemm.m > gemm.n};
  // The matrix that has the columns for vectors has to be packed transposed, so the smaller one is taken. If both are
  // transposed, that is B, or C if it is smaller.
  if (gemm.transpose_a) return {products.block, false, gemm.transpose_b && gemm.k > gemm.m};
  return {products.block, false, gemm.transpose_b && gemm.m < gemm.n && gemm.k >= 256};
}

struct Cut {
  std::int64_t rows, columns;            // of all parts but the last ones
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

// Parts take about 15 us or more; with few rows it is reading the other matrix that takes this time.
double wanted_parts(const Gemm& gemm) {
  const double rows = static_cast<double>(std::min({gemm.m, gemm.n, std::int64_t{8}}));
  const double least_flops = 1.5e6 * rows / 8;
  return std::min(flops(gemm) / least_flops, std::max(16.0, flops(gemm) / 64e6));
}

std::int64_t parts_within(double wanted, std::int64_t whole, std::int64_t least) {
  return std::clamp<std::int64_t>(whole / least, 1,
                                  std::clamp<std::int64_t>(static_cast<std::int64_t>(wanted), 1, most_parts));
}

// The number of groups of the depth, if they are long enough for a thread each.
std::int64_t groups_of(std::int64_t depth) {
  return depth > deepest_sum ? (depth + group_depth(depth) - 1) / group_depth(depth) : 1;
}

// More parts than threads, so that slow threads take fewer. But each part packs columns of B, and all of A if its rows
// do not lie along the depth.
Cut cut_for(const Gemm& gemm, const Way& way, int threads) {
  if (threads == 1) return cut_into(gemm, 1, 1, 32);
  const double wanted = wanted_parts(gemm);
  const std::int64_t along = way.swapped ? gemm.m : gemm.n, across = way.swapped ? gemm.n : gemm.m;
  std::int64_t panels = 1, others = 1;
  if (way.in_lanes) {
    // A single row reads the rows of the other matrix from end to end, so threads take groups of the depth, or wide
    // parts.
    const bool whole_rows = across == 1 && (way.swapped ? gemm.transpose_a : !gemm.transpose_b);
    const std::int64_t least = whole_rows ? std::clamp<std::int64_t>(along / threads, 32, 480) : 32;
    panels = whole_rows && groups_of(gemm.k) % threads == 0 ? 1 : parts_within(wanted, along, least);
  } else if (gemm.transpose_a && !way.swapped && gemm.k >= 96) {
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

// Allocated, because the static storage of a thread takes room on its stack.
Scratch scratch_of_thread() {
  struct More {
    void* memory = std::aligned_alloc(64, Scratch::more_bytes);
    ~More() { std::free(memory); }
  };
  alignas(64) thread_local std::byte least[Scratch::least_bytes];
  static constinit thread_local ThreadObject<More> more;
  return {least, more->memory};
}

// Where the elements of a factor lie that has offsets.
void set_offsets(const Gemm& gemm, const Way& way, const Part& part, Block& block) {
  const bool first = is_scattered(gemm.offsets_a);
  if (!first && !is_scattered(gemm.offsets_b)) return;
  const Offsets& at = *(first ? gemm.offsets_a : gemm.offsets_b);
  const std::int64_t begin = planted("a part of windows has the offsets of the first") ? 0
                             : first                                                   ? part.row
                                                                                       : part.column;
  const std::int64_t* const depths = (first ? at.columns : at.rows).data();
  const std::int64_t* const others = (first ? at.rows : at.columns).data() + begin;
  if (first != way.swapped) {
    block.a_row = block.a_depth = 0;
    block.a_rows = others, block.a_depths = depths;
  } else {
    block.b_depth = block.b_column = 0;
    block.b_depths = depths, block.b_columns = others;
  }
}

template <class T>
Block block_of(const Gemm& gemm, const Way& way, std::int64_t matrix, const Part& part) {
  const std::int64_t a_row = gemm.transpose_a ? 1 : gemm.row_a, a_depth = gemm.transpose_a ? gemm.row_a : 1;
  const std::int64_t b_depth = gemm.transpose_b ? 1 : gemm.row_b;
  const bool lies_transposed = gemm.transpose_b && !planted("columns of a transposed operand are taken as they lie");
  const std::int64_t b_column = lies_transposed ? gemm.row_b : 1;
  const auto begin = [&](const void* data, const Offsets* offsets, std::int64_t distance) {
    return static_cast<const T*>(data) +
           (offsets != nullptr ? offsets->batches[static_cast<std::size_t>(matrix)] : matrix * distance);
  };
  const T* a = begin(gemm.a, gemm.offsets_a, planted("a batch of matrices is the first of them") ? 0 : gemm.batch_a);
  const T* b = begin(gemm.b, gemm.offsets_b, gemm.batch_b);
  if (!is_scattered(gemm.offsets_a)) a += part.row * a_row;
  if (!is_scattered(gemm.offsets_b)) b += part.column * b_column;
  const std::int64_t place = matrix * gemm.batch_c + part.row * gemm.row_c + part.column;
  T* c = static_cast<T*>(gemm.c) + place;
  const T* d = gemm.d != nullptr ? static_cast<const T*>(gemm.d) +
                                       (planted("what is added to a part is that of the first part") ? 0 : place)
                                 : nullptr;
  Block block = way.swapped
                    ? Block{part.columns, part.rows, gemm.k, b,          b_column, b_depth,    a,        a_depth,
                            a_row,        c,         1,      gemm.row_c, d,        gemm.alpha, gemm.beta}
                    : Block{part.rows, part.columns, gemm.k, a, a_row,      a_depth,  b, b_depth, b_column,
                            c,         gemm.row_c,   1,      d, gemm.alpha, gemm.beta};
  set_offsets(gemm, way, part, block);
  return block;
}

Block block_of(const Gemm& gemm, const Way& way, std::int64_t matrix, const Part& part) {
  return gemm.dtype == float32 ? block_of<float>(gemm, way, matrix, part) : block_of<double>(gemm, way, matrix, part);
}

// The memory for what is laid out.
std::size_t own_bytes(const Gemm& gemm, const Way& way, const Block& block) {
  return way.lay_out ? laid_out_bytes(block, item_size(gemm.dtype)) : 0;
}
void compute(const Gemm& gemm, const Way& way, const Block& block, char* memory) {
  if (!way.lay_out)
    way.product(block, scratch_of_thread());
  else if (gemm.dtype == float32)
    run_laid_out<float>(way.product, way.lay_out, block, scratch_of_thread(), memory);
  else
    run_laid_out<double>(way.product, way.lay_out, block, scratch_of_thread(), memory);
}
void compute(const Gemm& gemm, const Way& way, const Block& block) {
  compute(gemm, way, block, way.lay_out ? thread_memory(own_bytes(gemm, way, block)) : nullptr);
}

template <class Sum>
void write_sums(const Gemm& gemm, const Block& block, const Sum& sum) {
  if (gemm.dtype == float32)
    write_sums<float>(block, 0, block.rows, 0, block.columns,
                      [&](std::int64_t i, std::int64_t j) { return static_cast<float>(sum(i, j)); });
  else
    write_sums<double>(block, 0, block.rows, 0, block.columns, sum);
}

void multiply(const Gemm& gemm, const Way& way, std::int64_t matrix, const Part& part) {
  const Block block = block_of(gemm, way, matrix, part);
  if (gemm.k > 0)
    compute(gemm, way, block);
  else
    write_sums(gemm, block, [](std::int64_t, std::int64_t) { return 0.0; });
}

using AfterPart = FunctionRef<void(const Rectangle&)>;

// How many matrices of a batch make a block that is worth a thread.
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

// Runs products that are large enough to be cut into parts.
void run_cut(const Gemm& gemm, const Way& way, const Cut& cut, AfterPart after_part) {
  for (std::int64_t matrix = 0; matrix < gemm.batch; ++matrix)
    parallel(cut.row_parts * cut.column_parts, [&](std::int64_t block) {
      const std::int64_t row = block / cut.column_parts * cut.rows, column = block % cut.column_parts * cut.columns;
      const std::int64_t rows = std::min(cut.rows, gemm.m - row), columns = std::min(cut.columns, gemm.n - column);
      multiply(gemm, way, matrix, {row, rows, column, columns});
      if (after_part)
        after_part({(planted("parts of all matrices are told as those of the first") ? 0 : matrix) * gemm.m + row, rows,
                    column, columns});
    });
}

// A cut of the depth into groups, for a C that is too small to be cut into enough parts.
struct DepthCut {
  std::int64_t depth = 0, groups = 0;  // 0: none
};

DepthCut depth_cut(const Gemm& gemm, const Cut& cut, int threads) {
  constexpr std::int64_t most_elements = 16384;  // of C, for which each group has totals in memory
  if (threads == 1 || gemm.k <= deepest_sum || gemm.m * gemm.n > most_elements) return {};
  const double wanted = std::min(wanted_parts(gemm), static_cast<double>(threads));
  if (2 * static_cast<double>(gemm.batch * cut.row_parts * cut.column_parts) > wanted) return {};
  const std::int64_t depth = planted("groups of the depth follow the number of threads")
                                 ? rounded_up(gemm.k / threads, deepest_sum)
                                 : group_depth(gemm.k);
  return {depth, (gemm.k + depth - 1) / depth};
}

// Computes one matrix in groups of the depth; returns false if there is no memory for their totals.
bool run_groups(const Gemm& gemm, const Way& way, std::int64_t matrix, const DepthCut& cut) {
  const Block whole = block_of(gemm, way, matrix, {0, gemm.m, 0, gemm.n});
  const std::int64_t size = gemm.m * gemm.n;
  const std::unique_ptr<double[]> totals(new (std::nothrow) double[static_cast<std::size_t>(size * cut.groups)]);
  if (totals == nullptr) return false;
  const auto at = [&](const void* from, std::int64_t elements) {
    return static_cast<const std::byte*>(from) + elements * static_cast<std::int64_t>(item_size(gemm.dtype));
  };
  parallel(cut.groups, [&](std::int64_t group) {
    const std::int64_t l = group * cut.depth;
    Block block = whole;
    block.depth = std::min(cut.depth, gemm.k - l);
    block.a = at(whole.a, l * whole.a_depth);
    block.b = at(whole.b, l * whole.b_depth);
    if (whole.b_depths != nullptr) block.b_depths = whole.b_depths + l;
    if (whole.a_depths != nullptr) block.a_depths = whole.a_depths + l;
    block.totals = totals.get() + group * size;
    block.totals_row = whole.columns;
    compute(gemm, way, block);
  });
  write_sums(gemm, whole, [&](std::int64_t i, std::int64_t j) {
    const double* const place = totals.get() + i * whole.columns + j;
    double sum = *place;
    for (std::int64_t group = planted("a group of the depth is left out") ? 2 : 1; group < cut.groups; ++group)
      sum += place[group * size];
    return sum;
  });
  return true;
}

void run_depth_cut(const Gemm& gemm, const Way& way, const DepthCut& cut, AfterPart after_part) {
  for (std::int64_t matrix = 0; matrix < gemm.batch; ++matrix) {
    if (!run_groups(gemm, way, matrix, cut)) multiply(gemm, way, matrix, {0, gemm.m, 0, gemm.n});
    if (after_part) after_part({matrix * gemm.m, gemm.m, 0, gemm.n});
  }
}

// Computes some rows of a matrix at a time and adds them up at their places while they are in the cache.
template <class T>
void run_folded(const Gemm& gemm, const Way& way) {
  constexpr std::int64_t most_elements = 65536, most_rows_at_once = 112;
  const Offsets& to = *gemm.offsets_c;
  const std::vector<Run> runs = runs_of(to.columns);
  const std::int64_t at_once = std::clamp<std::int64_t>(most_elements / gemm.n, 1, most_rows_at_once);
  parallel(gemm.batch, [&](std::int64_t matrix) {
    T* const c = static_cast<T*>(gemm.c) + to.batches[static_cast<std::size_t>(matrix)];
    if (!planted("what a product adds up goes on from what was there")) std::fill_n(c, gemm.batch_c, T{0});
    const std::size_t bytes = lines(static_cast<std::size_t>(at_once * gemm.n) * sizeof(T));
    const Block largest = block_of(gemm, way, matrix, {0, std::min(at_once, gemm.m), 0, gemm.n});
    char* const memory = thread_memory(bytes + own_bytes(gemm, way, largest));
    T* const rows = reinterpret_cast<T*>(memory);
    for (std::int64_t i = 0; i < gemm.m; i += at_once) {
      const std::int64_t count = std::min(at_once, gemm.m - i);
      Gemm part = gemm;
      part.row_c = gemm.n;
      Block block = block_of(part, way, matrix, {i, count, 0, gemm.n});
      block.c = rows;
      compute(gemm, way, block, memory + bytes);
      for (std::int64_t row = 0; row < count; ++row) {
        const T* const from = rows + row * gemm.n;
        T* const at = c + to.rows[static_cast<std::size_t>(
                              planted("what a product adds up has the places of its first rows") ? row : i + row)];
        for (const Run& run : runs)
          for (std::int64_t j = 0; j < run.count; ++j) at[run.offset + j] += from[run.first + j];
      }
    }
  });
}

}  // namespace

Division division(const Gemm& gemm, int threads) {
  const Cut cut = cut_for(gemm, way(gemm), threads);
  if (depth_cut(gemm, cut, threads).groups > 0) return {gemm.batch, gemm.m, gemm.n};
  const std::int64_t parts = cut.row_parts * cut.column_parts;
  if (parts > 1) return {gemm.batch * parts, cut.rows, cut.columns};
  const std::int64_t each = matrices_in_block(gemm);
  return {(gemm.batch + each - 1) / each, each * gemm.m, gemm.n};
}

void run(const Gemm& gemm, AfterPart after_part, int threads) {
  if (gemm.batch <= 0 || gemm.m <= 0 || gemm.n <= 0) return;
  const Way chosen = way(gemm);
  if (gemm.offsets_c != nullptr)
    return gemm.dtype == float32 ? run_folded<float>(gemm, chosen) : run_folded<double>(gemm, chosen);
  if (threads == 1 && gemm.batch == 1) {  // nothing is cut, and little products spend no time on finding that out
    multiply(gemm, chosen, 0, {0, gemm.m, 0, gemm.n});
    if (after_part) after_part({0, gemm.m, 0, gemm.n});
    return;
  }
  const Cut cut = cut_for(gemm, chosen, threads);
  const DepthCut groups = depth_cut(gemm, cut, threads);
  if (groups.groups > 0)
    run_depth_cut(gemm, chosen, groups, after_part);
  else if (cut.row_parts * cut.column_parts == 1)
    run_batch(gemm, chosen, after_part);
  else
    run_cut(gemm, chosen, cut, after_part);
}

}  // namespace xgrad::fused
