#include <algorithm>
#include <unordered_map>

#include "autograd/core/fail.hpp"
#include "autograd/engine/executor.hpp"

namespace xgrad {

namespace {

void compute(Entry& entry) {
  std::vector<View> inputs;
  inputs.reserve(entry.input_count);
  for (const Tensor& input : entry.input_span()) inputs.push_back(input.entry()->view());
  Buffer value;
  if (entry.primitive->lower().kind == Lowering::Kind::alias)
    value = entry.inputs[0].entry()->value;
  else
    value = Buffer::allocate(static_cast<std::size_t>(entry.shape.numel()) * item_size(entry.dtype));
  const View output{value.data(), entry.shape, entry.dtype};
  entry.primitive->run(inputs, output, entry.where);
  entry.value = std::move(value);
  entry.evaluated.store(true, std::memory_order_release);
}

// The values of a checkpoint are dropped as soon as no entry of this run needs them any more: whoever needs them later
// computes them again.
class Checkpoints {
 public:
  explicit Checkpoints(const Pending& pending) {
    for (const Entry* entry : pending.entries) checkpointed_ = checkpointed_ || entry->segment != 0;
    if (!checkpointed_) return;
    for (const Entry* entry : pending.entries)
      for (const Tensor& input : entry->input_span()) ++readers_[input.entry()];
    for (const Tensor& root : pending.roots) ++readers_[root.entry()];
  }
  void done(const Entry& reader) {
    if (!checkpointed_) return;
    for (const Tensor& input : reader.input_span()) {
      Entry* read = input.entry();
      if (--readers_[read] > 0 || read->segment == 0 || read->input_count == 0) continue;
      read->evaluated.store(false, std::memory_order_release);
      read->value = Buffer();
    }
  }

 private:
  bool checkpointed_ = false;
  std::unordered_map<const Entry*, std::size_t> readers_;
};

}  // namespace

void ReferenceExecutor::run(const Pending& pending) {
  Checkpoints checkpoints(pending);
  for (Entry* entry : pending.entries) {
    compute(*entry);
    checkpoints.done(*entry);
    if (!entry->tracked && entry->segment == 0) entry->cut();
  }
}

}  // namespace xgrad
