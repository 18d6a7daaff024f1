#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "autograd/core/buffer.hpp"
#include "autograd/core/location.hpp"

namespace xgrad {

/// What entries that were recorded at one line of the user's program hold.
struct MemoryLine {
  Location where;
  const char* call;      ///< the operation that recorded the first of them
  std::int64_t entries;  ///< that live
  std::int64_t pending;  ///< those of them without a value: each keeps what it will be computed from
  std::size_t bytes;     ///< of values; what several of them share counts once
};

/// What values occupy in this process, and which lines of the program hold most of it, on this thread.
struct MemoryReport : MemoryUse {
  std::vector<MemoryLine> lines;  ///< those that hold most bytes first, then those with most entries
  /// The numbers, and the first lines, one each.
  std::string to_string(std::size_t most_lines = 10) const;
};
/// Looks at every entry of this thread that lives; `memory_use` gives the numbers alone, at no cost.
MemoryReport memory_report();

}  // namespace xgrad
