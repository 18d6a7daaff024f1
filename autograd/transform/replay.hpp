#pragma once

#include <cstdint>
#include <unordered_map>

#include "autograd/tape/entry.hpp"
#include "autograd/transform/checkpoint.hpp"

namespace xgrad {

/// The number of a new checkpoint.
std::uint32_t new_segment();

/// The same operation, recorded now on other inputs, which are like its own.
Tensor repeat(const Entry& entry, std::span<const Tensor> inputs);

/// What stands in place of entries that are recorded once more.
class Again {
 public:
  bool contains(const Entry& recorded) const { return again_.contains(&recorded); }
  /// What stands in its place: itself, unless something else does.
  const Tensor& of(const Tensor& recorded) const {
    const auto found = again_.find(recorded.entry());
    return found == again_.end() ? recorded : found->second;
  }
  void put(const Tensor& recorded, Tensor now) { again_.insert_or_assign(recorded.entry(), std::move(now)); }
  /// Records the same operation on what stands in place of its inputs; what was data stays itself.
  void repeat(Entry& entry);

 private:
  std::unordered_map<const Entry*, Tensor> again_;
};

/// The entries of checkpoints recorded once more for the backward pass, so that the values of the first time need not
/// be kept. What a value is computed from inside its segment is recorded again, in order, when the walk first meets it.
class Replay {
 public:
  /// The result that the rule of a recorded entry should use: its own, outside checkpoints.
  const Tensor& output(const Tensor& recorded) {
    return is_itself(*recorded.entry()) ? recorded : output_again(recorded);
  }
  /// The inputs to go with it; `again` holds them where they are not its own.
  std::span<const Tensor> inputs(const Entry& entry, std::vector<Tensor>& again) const {
    return is_itself(entry) ? entry.input_span() : inputs_again(entry, again);
  }
  /// Whether it is outside of checkpoints that have ended. What a checkpoint records is the program's own business
  /// until it ends: a backward pass in the middle of it goes by what is there.
  static bool is_itself(const Entry& entry) {
    return entry.segment == 0 || entry.sequence.load(std::memory_order_relaxed) > detail::open_since;
  }

 private:
  const Tensor& output_again(const Tensor& recorded);
  std::span<const Tensor> inputs_again(const Entry& entry, std::vector<Tensor>& again) const;
  Again again_;
};

}  // namespace xgrad
