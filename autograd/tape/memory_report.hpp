#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "autograd/core/buffer.hpp"
#include "autograd/core/location.hpp"

namespace xgrad {

/// The memory of the entries that one line of the user's program recorded.
struct MemoryLine {
  Location where;
  const char* call;      ///< the operation that recorded the first of them
  std::int64_t entries;  ///< that are alive
  std::int64_t pending;  ///< those of them without a value; each keeps its inputs
  std::size_t bytes;     ///< of values; shared memory counts once
};

/// The memory of all values of this process, and the lines of the program that hold most of it, on this thread.
struct MemoryReport : MemoryUse {
  std::vector<MemoryLine> lines;  ///< those that hold most bytes first, then those with most entries
  /// The numbers and, one each, the first lines.
  std::string to_string(std::size_t most_lines = 10) const;
};
/// Visits every live entry of this thread. `memory_use` gives the numbers alone, at no cost.
MemoryReport memory_report();

}  // namespace xgrad
