#pragma once

// What the driver knows about a program before it runs.

#include <cstdint>
#include <vector>

#include "autograd/engine/interpreter.hpp"
#include "autograd/engine/program.hpp"

namespace xgrad::fused {

/// Which parts of its rows and columns a program can be run on by themselves.
enum class Parts : std::uint8_t {
  none,
  columns,  // some of the columns, all rows: no column depends on another, but there are sums over rows
  any       // no element depends on another
};

struct Analysis {
  explicit Analysis(const Program& program);

  std::vector<char> fixed;                           // whether each register is the same for all rows
  std::vector<RowStep> once;                         // steps of `before` that are done once for the program
  std::vector<RowStep> before;                       // and those for each row
  std::vector<std::uint16_t> accumulators, scratch;  // pointers
  bool flat = false;                                 // neither rows nor columns matter: one long row
  bool flat_row = false;                             // so it is if there is just one row
  Parts parts = Parts::none;
};

/// Steps on registers that are next to each other.
class RowCode {
 public:
  RowCode() = default;
  RowCode(const std::vector<RowStep>& steps, const TileFunctions& functions);
  template <class T>
  void run(T* registers) const {
    for (std::size_t i = 0; i < instructions_.size(); ++i) {
      const RowInstruction& f = instructions_[i];
      const T *a = registers + f.in[0], *b = registers + f.in[1];
      switch (codes_[i]) {
        case Code::add:
          registers[f.out] = *a + *b;
          break;
        case Code::sub:
          registers[f.out] = *a - *b;
          break;
        case Code::mul:
          registers[f.out] = *a * *b;
          break;
        case Code::div:
          registers[f.out] = *a / *b;
          break;
        default:
          f.function(registers + f.out, a, b, registers + f.in[2], 1);
      }
    }
  }

 private:
  std::vector<RowInstruction> instructions_;
  std::vector<Code> codes_;
};

/// Memory of the calling thread, aligned to 64 bytes, until it asks again. 64 KiB each thread has from the start.
char* thread_memory(std::size_t bytes);

/// Rounded up to whole cache lines.
constexpr std::size_t lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

/// Sums over rows: a row of doubles for each block of rows and accumulator, to be joined in the order of the blocks.
class Partials {
 public:
  void resize(std::int64_t blocks, std::size_t accumulators, std::int64_t columns) {
    blocks_ = blocks, accumulators_ = accumulators, columns_ = columns;
    const std::size_t size = static_cast<std::size_t>(blocks * columns) * accumulators;
    if (sums_.size() < size) sums_.resize(size);
  }
  double* row(std::int64_t block, std::size_t accumulator) {
    return sums_.data() +
           (static_cast<std::size_t>(block) * accumulators_ + accumulator) * static_cast<std::size_t>(columns_);
  }
  /// Of the columns from `begin` on to `end`.
  template <class T>
  void join(std::size_t accumulator, std::int64_t begin, std::int64_t end, T* out) {
    double* total = row(0, accumulator);
    for (std::int64_t b = 1; b < blocks_; ++b) {
      const double* next = row(b, accumulator);
      for (std::int64_t j = begin; j < end; ++j) total[j] += next[j];
    }
    for (std::int64_t j = begin; j < end; ++j) out[j] = static_cast<T>(total[j]);
  }

 private:
  std::vector<double> sums_;
  std::int64_t blocks_ = 0, columns_ = 0;
  std::size_t accumulators_ = 0;
};

/// So many elements, or sums into one float, that a block is worth the hand-over to another thread; the most blocks.
inline constexpr std::int64_t block_elements = 32768, group_rows = 16, most_blocks = 64;

}  // namespace xgrad::fused
