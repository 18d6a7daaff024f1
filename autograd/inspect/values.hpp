#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "autograd/tape/entry.hpp"

namespace xgrad {

/// The values of all that some Tensors were computed from, found without changing anything on the tape: those that are
/// kept, as they are, and the others by the reference kernels, each of which lets go of its memory after its last
/// reader. (What is evaluated loses its history where it is untracked; nothing is evaluated here.)
class Values {
 public:
  /// Collects the entries. The roots have to live as long as this.
  explicit Values(std::span<const Tensor> roots);

  /// In tape order.
  const std::vector<Entry*>& entries() const { return entries_; }
  /// Where among them root number `root` is.
  std::size_t root(std::size_t root) const { return roots_[root]; }
  /// Where the inputs of an entry are.
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
