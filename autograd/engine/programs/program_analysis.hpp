#pragma once

// What the driver knows about a program before it runs.

#include <cstdint>
#include <vector>

#include "autograd/engine/interpreter/interpreter.hpp"
#include "autograd/engine/programs/program.hpp"

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

/// Steps on registers of `stride` numbers each, of which the first `rows` are computed. A product and the sum after it
/// that reads it, each rounded, are done at once: to choose the next step takes longer than to do it for a row or two.
class RowCode {
 public:
  RowCode() = default;
  RowCode(const std::vector<RowStep>& steps, const TileFunctions& functions);
  template <class T>
  void run(T* registers, std::int64_t stride, std::int64_t rows) const {
    for (const Instruction& f : instructions_) {
      T *out = registers + f.out * stride, *product = registers + f.product * stride;
      const T *a = registers + f.in[0] * stride, *b = registers + f.in[1] * stride, *c = registers + f.in[2] * stride;
      const auto each = [&](auto&& step) {
        for (std::int64_t i = 0; i < rows; ++i) step(i);
      };
      switch (f.what) {
        case What::add:
          each([&](std::int64_t i) { out[i] = a[i] + b[i]; });
          break;
        case What::sub:
          each([&](std::int64_t i) { out[i] = a[i] - b[i]; });
          break;
        case What::mul:
          each([&](std::int64_t i) { out[i] = a[i] * b[i]; });
          break;
        case What::div:
          each([&](std::int64_t i) { out[i] = a[i] / b[i]; });
          break;
        case What::mul_add:
          each([&](std::int64_t i) { out[i] = (product[i] = a[i] * b[i]) + c[i]; });
          break;
        case What::mul_sub:
          each([&](std::int64_t i) { out[i] = (product[i] = a[i] * b[i]) - c[i]; });
          break;
        case What::sub_mul:
          each([&](std::int64_t i) {
            const T from = c[i];
            out[i] = from - (product[i] = a[i] * b[i]);
          });
          break;
        default:
          f.function(out, a, b, c, rows);
      }
    }
  }

 private:
  enum class What : std::uint8_t { add, sub, mul, div, mul_add, mul_sub, sub_mul, call };
  struct Instruction {
    What what;
    TileFunction function;
    std::uint16_t out, in[3], product = 0;  // product: the register of the product inside
  };
  static What what_of(Code code);
  /// Does the step at the end of the product before, where it reads that; whether it did.
  bool join(const RowStep& step);

  std::vector<Instruction> instructions_;
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
