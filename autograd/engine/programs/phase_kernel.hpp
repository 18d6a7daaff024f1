#pragma once

// The interface between rows/, which goes over the rows, and the two tiers, which run one phase on some of them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "autograd/engine/programs/program.hpp"
#include "autograd/engine/programs/reduction_lanes.hpp"

namespace xgrad::fused {

/// The most rows that a phase runs on at a time. Each register has so many numbers, one for each of these rows.
inline constexpr std::int64_t most_rows = 16;

/// What a phase runs on: rows whose `columns` elements are next to each other.
struct PhaseArguments {
  void* const* pointers;  // one for each pointer of the program: its element in the first row, at column 0
  void* registers;        // of the program's dtype, most_rows of each: read, and written by reductions
  void* workspace;        // of the kernel's workspace() bytes, aligned to 64, of this thread
  std::int64_t columns;
  std::int64_t rows = 1;
  const std::int64_t* strides = nullptr;  // of each pointer, bytes from row to row; one row needs none
};

/// One phase, ready to run on any rows, one after the other.
///
/// Bits do not depend on the tier. An element has the value that its function in engine/math gives it. Reductions are
/// defined over 16 lanes of double (also for float32): column j goes to lane j mod 16, columns in rising order; lanes
/// start at 0 (prod: 1);
///   sum   lane = lane + a            prod  lane = lane * a
/// but sums of float32 take 64 columns at a time, as long as there are as many, and first add in float32 the four of
/// them that would go to the same lane, then those of lanes l and l + 8 (l < 8):
///   s[l] = ((a0 + a1) + a2) + a3
///   lane[l] = lane[l] + (s[l] + s[l + 8])
/// then lane l takes lane l + 8 (l < 8), lane l + 4 (l < 4), lane l + 2, lane l + 1, as lane[l] + lane[l + d] (times
/// for prod), and lane 0 is rounded to the dtype. max and min are NaN if any element is (which NaN is
/// open), the infinity of no elements if there are none, and never -0: 0 is added to them last. Stores and
/// accumulations: columns in any order, steps in program order for each column, also where pointers alias.
class PhaseKernel {
 public:
  virtual ~PhaseKernel() = default;
  virtual void run(const PhaseArguments& arguments) const = 0;
  virtual std::size_t workspace() const { return 0; }
};

/// For each pointer of a program the first one that has the same address (itself, if none has).
using Aliases = std::vector<std::uint16_t>;

}  // namespace xgrad::fused
