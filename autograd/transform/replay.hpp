#pragma once

#include <cstdint>
#include <unordered_map>

#include "autograd/tape/entry.hpp"
#include "autograd/transform/checkpoint.hpp"

namespace xgrad {

/// The number of a new checkpoint.
std::uint32_t new_segment();

/// Records the same operation on other inputs, which have the shapes and dtypes of its own.
Tensor repeat(const Entry& entry, std::span<const Tensor> inputs);

/// The Tensors that stand in place of entries, which are recorded again.
class Again {
 public:
  bool contains(const Entry& recorded) const { return again_.contains(&recorded); }
  /// The Tensor in place of a recorded one; itself if there is none.
  const Tensor& of(const Tensor& recorded) const {
    const auto found = again_.find(recorded.entry());
    return found == again_.end() ? recorded : found->second;
  }
  void put(const Tensor& recorded, Tensor now) { again_.insert_or_assign(recorded.entry(), std::move(now)); }
  /// Records the same operation on the Tensors in place of its inputs; data stays itself.
  void repeat(Entry& entry);
  /// The same for an entry of a checkpoint; what the user made with track() stays itself, for derivatives by it.
  void repeat_inside(Entry& entry);

 private:
  std::unordered_map<const Entry*, Tensor> again_;
};

/// Records entries of checkpoints again for the backward pass, so that their first values need not be kept. When the
/// pass first meets an entry of a checkpoint, all that it was computed from inside is recorded again, in order.
class Replay {
 public:
  /// The output that the rule of a recorded entry gets: its own, outside checkpoints.
  const Tensor& output(const Tensor& recorded) {
    return is_itself(*recorded.entry()) ? recorded : output_again(recorded);
  }
  /// The inputs that the rule gets. `again` holds them if they are not the entry's own.
  std::span<const Tensor> inputs(const Entry& entry, std::vector<Tensor>& again) const {
    return is_itself(entry) ? entry.input_span() : inputs_again(entry, again);
  }
  /// Whether the entry is outside of checkpoints that have ended. A backward pass in the middle of a checkpoint uses
  /// the entries as they are.
  static bool is_itself(const Entry& entry) {
    return entry.segment == 0 || entry.sequence.load(std::memory_order_relaxed) > detail::open_since;
  }

 private:
  const Tensor& output_again(const Tensor& recorded);
  std::span<const Tensor> inputs_again(const Entry& entry, std::vector<Tensor>& again) const;
  Again again_;
};

}  // namespace xgrad
