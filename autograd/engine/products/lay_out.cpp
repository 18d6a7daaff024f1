#include "autograd/engine/products/lay_out.hpp"

#include <algorithm>

#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused {

namespace {

constexpr std::int64_t most_bytes = 128 * 1024, fewest_rows = 4;

std::span<const std::int64_t> list(const std::int64_t* offsets, std::int64_t count) {
  return {offsets, static_cast<std::size_t>(count)};
}

// How many rows of A, or columns of B, are laid out at a time.
std::int64_t at_once(const Block& block, std::size_t item) {
  const std::int64_t all = block.a_rows != nullptr ? block.rows : block.columns;
  const std::int64_t bytes = block.depth * static_cast<std::int64_t>(item);
  return std::min(all, std::max(fewest_rows, most_bytes / std::max<std::int64_t>(1, bytes)));
}

}  // namespace

std::vector<Run> runs_of(std::span<const std::int64_t> offsets) {
  std::vector<Run> runs;
  for (std::int64_t i = 0; i < std::ssize(offsets); ++i) {
    const std::int64_t offset = offsets[static_cast<std::size_t>(i)];
    if (!runs.empty() && offset == runs.back().offset + runs.back().count)
      ++runs.back().count;
    else
      runs.push_back({i, 1, offset});
  }
  return runs;
}

bool lies_along_depth(std::span<const std::int64_t> depths) {
  constexpr std::size_t least = 8;
  return depths.size() >= least * runs_of(depths).size();
}

bool is_worth_laying_out(std::span<const std::int64_t> depths, std::span<const std::int64_t> others,
                         std::int64_t columns, std::size_t item) {
  constexpr std::int64_t fewest_columns = 16, rows_for_each = 4;
  return columns >= fewest_columns && std::ssize(others) >= rows_for_each * columns &&
         depths.size() * others.size() * item <= most_bytes && lies_along_depth(depths) &&
         runs_of(depths).size() * others.size() < runs_of(others).size() * depths.size();
}

std::size_t laid_out_bytes(const Block& block, std::size_t item) {
  return static_cast<std::size_t>(at_once(block, item) * block.depth) * item;
}

template <class T>
void run_laid_out(BlockProduct kernel, LayOut lay_out, const Block& block, const Scratch& scratch, char* memory) {
  const bool rows = block.a_rows != nullptr;
  const void* const from = rows ? block.a : block.b;
  const std::vector<Run> runs = runs_of(list(rows ? block.a_depths : block.b_depths, block.depth));
  const std::int64_t all = rows ? block.rows : block.columns, most = at_once(block, sizeof(T));
  Block part = block;
  part.a_rows = part.a_depths = part.b_depths = part.b_columns = nullptr;
  (rows ? part.a : part.b) = memory;
  (rows ? part.a_row : part.b_column) = block.depth;
  (rows ? part.a_depth : part.b_depth) = 1;
  const std::int64_t step = rows ? block.c_row : block.c_column, total = rows ? block.totals_row : 1;
  for (std::int64_t i = 0; i < all; i += most) {
    const std::int64_t count = std::min(most, all - i);
    const std::int64_t* const others = rows ? block.a_rows : block.b_columns;
    lay_out(from, others + (planted("what is laid out is laid out again") ? 0 : i), count, runs.data(),
            std::ssize(runs), block.depth, memory);
    (rows ? part.rows : part.columns) = count;
    if (block.c != nullptr) part.c = static_cast<T*>(block.c) + i * step;
    if (block.d != nullptr) part.d = static_cast<const T*>(block.d) + i * step;
    if (block.totals != nullptr) part.totals = block.totals + i * total;
    kernel(part, scratch);
  }
}

template void run_laid_out<float>(BlockProduct, LayOut, const Block&, const Scratch&, char*);
template void run_laid_out<double>(BlockProduct, LayOut, const Block&, const Scratch&, char*);

}  // namespace xgrad::fused
