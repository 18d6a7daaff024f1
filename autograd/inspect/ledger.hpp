#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "autograd/core/location.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// The memory that one operation at one line of the program keeps.
struct LedgerLine {
  std::string operation;     ///< the primitive, `exp`; `data` and `Parameter` for what came in
  std::string call;          ///< the function of the library that recorded it: `exp`, or `softmax`
  Location where{};          ///< the line
  std::int64_t entries = 0;  ///< on the way back
  std::int64_t values = 0;   ///< how many of them have their value in memory
  std::size_t bytes = 0;     ///< of these; memory that several share counts once, where it was made
  std::size_t held = 0;      ///< of these bytes, those that others than the tape hold, too: Parameters, variables
};

/// What the tape keeps for the way back from a loss. Printing it gives a table.
struct Ledger {
  std::vector<LedgerLine> lines;  ///< those with most bytes first, then those with most entries
  std::size_t bytes = 0;          ///< the sum over the lines
  std::size_t elsewhere = 0;      ///< what values of this thread occupy that are not on the way back from the loss
  std::int64_t entries = 0;       ///< on the way back
  std::int64_t pending = 0;       ///< those of them that have no value

  /// A table of the first lines that keep anything, with the sums over all.
  std::string to_string(std::size_t most_lines = 20) const;
};
std::ostream& operator<<(std::ostream& out, const Ledger& ledger);

/// The bytes that the tape keeps for the way back from `loss`, by operation and line: the values of all that the loss
/// was recorded from, as far as they are in memory. `bytes + elsewhere` is the sum over the lines of `memory_report()`.
/// What has not been computed occupies nothing yet, and what other threads have computed counts there. GraphError for
/// an undefined Tensor.
Ledger ledger(const Tensor& loss, const Location& where = Location::current());

}  // namespace xgrad
