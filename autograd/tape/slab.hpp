#pragma once

#include "autograd/tape/entry.hpp"

namespace xgrad {

/// Memory for entries: slabs cut into places, with a list of free places per thread.
struct EntrySlab {
  static Entry* take();
  /// Takes back the place of a destroyed entry.
  static void give(void* place) noexcept;
};

/// How many entries are alive in the process.
std::int64_t live_entries();

}  // namespace xgrad
