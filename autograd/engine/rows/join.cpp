#include "autograd/engine/rows/join.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/thread_memory.hpp"
#include "autograd/engine/cpu/threads.hpp"
#include "autograd/engine/rows/row_reader.hpp"

namespace xgrad::fused {

namespace {

constexpr std::int64_t block_of_elements = 32768;  // for a thread
constexpr std::int64_t at_once = 1024;             // elements of short runs that are copied together

/// One piece of a result whose rows have `row` bytes, of which the piece begins at byte `first`.
class Copier {
 public:
  Copier(const Piece& piece, std::int64_t rows, std::size_t item, std::int64_t first, std::int64_t row, char* to)
      : reader_(*piece.view, piece.base, item, 1),
        run_(piece.run),
        rows_(rows),
        item_(static_cast<std::int64_t>(item)),
        row_(row),
        has_short_runs_(!piece.view->offsets.empty()),
        to_(to + first),
        in_run_((run_ + block_of_elements - 1) / block_of_elements),
        together_(std::max<std::int64_t>(1, block_of_elements / run_)) {}

  std::int64_t blocks() const { return in_run_ > 1 ? rows_ * in_run_ : (rows_ + together_ - 1) / together_; }
  void block(std::int64_t number) const {
    if (in_run_ > 1) {
      const std::int64_t row = number / in_run_, begin = number % in_run_ * block_of_elements;
      return reader_.copy(row * run_ + begin, std::min(block_of_elements, run_ - begin), at(row) + begin * item_);
    }
    const std::int64_t begin = number * together_, end = std::min(rows_, begin + together_);
    if (has_short_runs_) return short_runs(begin, end);
    const std::int64_t row = planted("pieces are joined in the first row") ? 0 : begin;
    reader_.copy_rows(begin * run_, (end - begin) * run_, at(row), run_, row_ / item_ - run_);
  }

 private:
  char* at(std::int64_t row) const { return to_ + row * row_; }
  void short_runs(std::int64_t begin, std::int64_t end) const {
    const std::int64_t most = std::max<std::int64_t>(1, at_once / run_), bytes = run_ * item_;
    char* const own = thread_memory(static_cast<std::size_t>(most * bytes));
    for (std::int64_t row = begin; row < end; row += most) {
      const std::int64_t count = std::min(most, end - row);
      reader_.copy(row * run_, count * run_, own);
      for (std::int64_t i = 0; i < count; ++i)
        std::memcpy(at(row + i), own + i * bytes, static_cast<std::size_t>(bytes));
    }
  }

  RowReader reader_;
  std::int64_t run_, rows_, item_, row_;
  bool has_short_runs_;
  char* to_;
  std::int64_t in_run_, together_;  // blocks of one run; runs of one block
};

}  // namespace

void join(std::span<const Piece> pieces, std::int64_t rows, std::size_t item, void* to) {
  std::int64_t row = 0, first = 0, count = 0;
  for (const Piece& piece : pieces) row += piece.run * static_cast<std::int64_t>(item);
  std::vector<Copier> copiers;
  std::vector<std::int64_t> ends;
  for (const Piece& piece : pieces) {
    if (piece.view && piece.run > 0 && rows > 0) {
      copiers.emplace_back(piece, rows, item, first, row, static_cast<char*>(to));
      ends.push_back(count += copiers.back().blocks());
    }
    first += piece.run * static_cast<std::int64_t>(item);
  }
  parallel(count, [&](std::int64_t block) {
    const auto piece = std::upper_bound(ends.begin(), ends.end(), block) - ends.begin();
    copiers[static_cast<std::size_t>(piece)].block(block - (piece > 0 ? ends[static_cast<std::size_t>(piece) - 1] : 0));
  });
}

}  // namespace xgrad::fused
