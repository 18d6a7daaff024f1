#pragma once

#include <memory>
#include <vector>

#include "parallel/buckets.hpp"
#include "parallel/communicator.hpp"

namespace xgrad::parallel::detail {

/// Exchanges that are under way beside each other while something else is computed. Each has a group of its own, in
/// which one follows the other in the same order on every rank.
class Lanes {
 public:
  Lanes(const Communicator& ranks, const Location& where);

  /// Adds up what all ranks have in `memory`, a bucket's worth of `of`: each rank gets its slice, or, with `gather`,
  /// all of it. It happens in the memory itself.
  void sum(const Bucket& bucket, DType of, const Buffer& memory, bool gather, const Location& where);
  /// Sends each rank's slice to all of them.
  void gather(const Bucket& bucket, DType of, const Buffer& memory, const Location& where);
  /// Does what can be done at once.
  void poll();
  /// Waits until all of it is done.
  void wait();
  /// Tells the other ranks that this one has failed, wherever they wait.
  void tell(const std::string& error) noexcept;

  std::int64_t bytes_sent() const { return bytes_; }

 private:
  void start(const char* what, const Bucket& bucket, DType of, std::vector<Step> steps, const Location& where);

  std::vector<std::shared_ptr<Group>> groups_;
  std::vector<std::unique_ptr<Underway>> underway_;  // by group
  std::size_t next_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace xgrad::parallel::detail
