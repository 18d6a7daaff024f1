#pragma once

// What the system may do to a reader, done to it on purpose.

#include <cstdint>

namespace xgrad::test {

/// While it lives, this thread's reads of files behave as files on bad days do.
class FailingReads {
 public:
  struct Plan {
    bool interrupted = false;    ///< every other call is interrupted by a signal
    bool short_reads = false;    ///< no call gives more than seven bytes
    std::int64_t error_at = -1;  ///< the call of this number fails with EIO; none if negative
  };
  explicit FailingReads(Plan plan);
  ~FailingReads();
  FailingReads(const FailingReads&) = delete;
  FailingReads& operator=(const FailingReads&) = delete;

  /// How many calls there were.
  std::int64_t calls() const;
};

}  // namespace xgrad::test
