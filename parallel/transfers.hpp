#pragma once

// The steps of each collective, over memory.

#include <memory>
#include <vector>

#include "autograd/core/buffer.hpp"
#include "autograd/core/dtype.hpp"
#include "parallel/tree.hpp"
#include "parallel/underway.hpp"

namespace xgrad::parallel::detail {

/// Memory that the ranks exchange, of which each owns a slice: as many elements as `counts` says, one after the other.
struct Slices {
  DType dtype;
  std::vector<int> counts, offsets;  // in elements

  /// As equal as can be. LimitError for more elements than MPI counts.
  static Slices equal(std::int64_t elements, DType dtype, int ranks, const Location& where);
  static Slices of(const std::vector<std::int64_t>& counts, DType dtype, const Location& where);
  std::size_t bytes() const;
  std::size_t bytes_of(int rank) const { return at(rank).second; }
  /// Where the slice of a rank begins, and how long it is, in bytes.
  std::pair<std::size_t, std::size_t> at(int rank) const;
};

/// Each rank gets its slice of what the others have, and puts it together by the tree into its slice of `out`, which
/// may be `in`.
std::vector<Step> reduce_slices(const std::shared_ptr<Group>& group, Slices slices, Combine how, Buffer in, Buffer out);
/// Each rank sends its slice of the memory to all others.
std::vector<Step> gather_slices(const std::shared_ptr<Group>& group, Slices slices, Buffer memory);
/// Each rank sends its slice to the root.
std::vector<Step> gather_slices_at(int root, const std::shared_ptr<Group>& group, Slices slices, Buffer memory);
/// The root sends all of it.
std::vector<Step> send_all_from(int root, const std::shared_ptr<Group>& group, std::size_t bytes, Buffer memory);
/// Rank r sends to r + distance, and receives from r - distance, round the ring.
std::vector<Step> shift_round(std::int64_t distance, const std::shared_ptr<Group>& group, std::size_t bytes, Buffer in,
                              Buffer out);

/// One after the other.
std::vector<Step> then(std::vector<Step> first, std::vector<Step> second);

}  // namespace xgrad::parallel::detail
