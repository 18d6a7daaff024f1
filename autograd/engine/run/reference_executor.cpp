#include <new>
#include <unordered_map>

#include "autograd/core/fail.hpp"
#include "autograd/core/no_memory.hpp"
#include "autograd/core/text.hpp"
#include "autograd/engine/run/blas_call.hpp"
#include "autograd/engine/run/executor.hpp"

namespace xgrad {

namespace {

void compute(Entry& entry) {
  std::vector<View> inputs;
  inputs.reserve(entry.input_count);
  for (const Tensor& input : entry.input_span()) inputs.push_back(input.entry()->view());
  Buffer value;
  if (entry.kind == Lowering::Kind::alias)
    value = entry.input(0).entry()->value;
  else
    value = memory_for(entry);
  const View output{value.data(), entry.shape, entry.dtype};
  run_kernel(entry, *entry.primitive, inputs, output);
  entry.value = std::move(value);
  entry.evaluated.store(true, std::memory_order_release);
}

// Drops the values inside a checkpoint as soon as no entry of this run reads them any more; later readers compute them
// again.
class Checkpoints {
 public:
  explicit Checkpoints(const Pending& pending) {
    for (const Entry* entry : pending.entries)
      if (entry->segment != 0) readers_[entry] = 0;
    if (readers_.empty()) return;
    for (const Entry* entry : pending.entries)
      for (const Tensor& input : entry->input_span()) count(input.entry(), 1);
    for (const Entry* root : pending.roots) count(root, 1);
  }
  void done(const Entry& reader) {
    if (readers_.empty()) return;
    for (const Tensor& input : reader.input_span())
      if (count(input.entry(), -1) == 0) {
        input.entry()->evaluated.store(false, std::memory_order_release);
        input.entry()->value = Buffer();
      }
  }

 private:
  // Changes the number of readers and returns it; -1 for an entry that no checkpoint of this run computes.
  std::int64_t count(const Entry* entry, std::int64_t change) {
    const auto found = readers_.find(entry);
    return found == readers_.end() ? -1 : found->second += change;
  }
  std::unordered_map<const Entry*, std::int64_t> readers_;
};

}  // namespace

Buffer memory_for(const Entry& entry) {
  const CallScope recorded = scope_of(entry);
  const auto bytes = static_cast<std::size_t>(entry.shape.numel()) * item_size(entry.dtype);
  return Buffer::allocate(bytes, entry.primitive->name(), entry.where);
}

void run_kernel(const Entry& entry, const Primitive& primitive, std::span<const View> inputs, const View& output) {
  const CallScope recorded = scope_of(entry);
  const BlasCall perhaps;
  try {
    primitive.run(inputs, output, entry.where);
  } catch (const std::bad_alloc&) {
    no_memory(primitive.name(), entry.where);
  }
}

void ReferenceExecutor::run(const Pending& pending) {
  Checkpoints checkpoints(pending);
  for (Entry* entry : pending.entries) {
    compute(*entry);
    checkpoints.done(*entry);
    if (!entry->tracked && entry->segment == 0) entry->cut();
  }
}

std::string ReferenceExecutor::describe(const Pending& pending) {
  std::string text;
  std::int64_t number = 0;
  for (const Entry* entry : pending.entries) text += text_of(++number, ": kernel: ", entry->primitive->name(), '\n');
  return text;
}

}  // namespace xgrad
