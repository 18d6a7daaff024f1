#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "autograd/tape/entry.hpp"

namespace xgrad {

/// The values of all entries that some Tensors were computed from, without any change to the tape. Values that are kept
/// are used; reference kernels compute the others, whose memory is freed after their last reader. Nothing is evaluated,
/// because evaluation releases the history of untracked entries.
class Values {
 public:
  /// Collects the entries. The roots must outlive this object.
  explicit Values(std::span<const Tensor> roots);

  /// In tape order.
  const std::vector<Entry*>& entries() const { return entries_; }
  /// The place of root number `root` among them.
  std::size_t root(std::size_t root) const { return roots_[root]; }
  /// The places of an entry's inputs.
  std::span<const std::uint32_t> inputs(std::size_t place) const {
    return {sources_.data() + begins_[place], entries_[place]->input_count};
  }

  /// Shows each entry, in tape order, with its value and those of its inputs.
  using See = std::function<void(std::size_t place, const Buffer& value, std::span<const Buffer> inputs)>;
  void compute(const See& see) const;

 private:
  std::vector<Entry*> entries_;
  std::vector<std::size_t> roots_, begins_;  // of the inputs of each entry in sources_
  std::vector<std::uint32_t> sources_;
};

}  // namespace xgrad
