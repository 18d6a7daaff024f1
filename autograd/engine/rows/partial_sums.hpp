#pragma once

// Partial sums over rows: threads share the blocks of rows.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xgrad::fused {

/// The partial sums: a row of doubles for each block of rows and each accumulator, which are added up in the order of
/// the blocks. Each of several
/// bands of rows has as many blocks, one band's after the other's.
class Partials {
 public:
  void resize(std::int64_t bands, std::int64_t blocks, std::size_t accumulators, std::int64_t columns) {
    blocks_ = blocks, accumulators_ = accumulators, columns_ = columns;
    const std::size_t size = static_cast<std::size_t>(bands * blocks * columns) * accumulators;
    if (sums_.size() < size) sums_.resize(size);
  }
  double* row(std::int64_t block, std::size_t accumulator) {
    return sums_.data() +
           (static_cast<std::size_t>(block) * accumulators_ + accumulator) * static_cast<std::size_t>(columns_);
  }
  /// Adds up the blocks of a band for the columns from `begin` to `end`.
  template <class T>
  void join(std::int64_t band, std::size_t accumulator, std::int64_t begin, std::int64_t end, T* out) {
    double* total = row(band * blocks_, accumulator);
    for (std::int64_t b = 1; b < blocks_; ++b) {
      const double* next = row(band * blocks_ + b, accumulator);
      for (std::int64_t j = begin; j < end; ++j) total[j] += next[j];
    }
    for (std::int64_t j = begin; j < end; ++j) out[j] = static_cast<T>(total[j]);
  }

 private:
  std::vector<double> sums_;
  std::int64_t blocks_ = 0, columns_ = 0;
  std::size_t accumulators_ = 0;
};

/// The elements of a block that make it worth another thread; the rows whose sum is taken in the program's dtype; the
/// most blocks.
inline constexpr std::int64_t block_elements = 32768, group_rows = 16, most_blocks = 64;

}  // namespace xgrad::fused
