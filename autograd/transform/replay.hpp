#pragma once

#include <map>
#include <unordered_map>

#include "autograd/tape/entry.hpp"

namespace xgrad {

/// The entries of checkpoints recorded once more for the walk back, so that the values of the first time need not be
/// kept. A segment is recorded again, whole and in order, when the walk first meets it.
class Replay {
 public:
  /// The result that the rule of a recorded entry should use: its own, outside checkpoints.
  const Tensor& output(const Tensor& recorded) {
    return recorded.entry()->segment == 0 ? recorded : output_again(recorded);
  }
  /// The inputs to go with it; `again` holds them where they are not its own.
  std::span<const Tensor> inputs(const Entry& entry, std::vector<Tensor>& again) const {
    return entry.segment == 0 ? entry.input_span() : inputs_again(entry, again);
  }

 private:
  const Tensor& output_again(const Tensor& recorded);
  std::span<const Tensor> inputs_again(const Entry& entry, std::vector<Tensor>& again) const;
  void record_again(Entry& last);
  std::unordered_map<const Entry*, Tensor> again_;
};

}  // namespace xgrad
