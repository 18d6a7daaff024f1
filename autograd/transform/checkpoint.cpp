#include "autograd/transform/checkpoint.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/replay.hpp"

namespace xgrad {

namespace {

// y = x, with a name.
struct NamedValue : Operation<NamedValue> {
  static constexpr auto id = "named_value";
  static constexpr bool mergeable = false;
  std::string name_given;
  explicit NamedValue(std::string text) : name_given(std::move(text)) {}

  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const { return g; }
  void run(std::span<const View>, const View&, const Location&) const override {}  // it shares the input's elements
  Lowering lower() const override { return {.kind = Lowering::Kind::alias, .moves = true}; }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

bool keeps(const CheckpointPolicy& policy, const Entry& entry) {
  if (policy.keep == CheckpointPolicy::Keep::products) return entry.kind == Lowering::Kind::contraction;
  const auto* named = dynamic_cast<const NamedValue*>(entry.primitive);
  return named && std::ranges::find(policy.names, named->name_given) != policy.names.end();
}

// Records all entries since `begin` once more, with each value that the policy keeps as an entry outside the
// checkpoint. The first recording is never computed.
void keep_some(std::vector<Tensor>& results, const CheckpointPolicy& policy, std::uint64_t begin,
               const Location& where) {
  const std::uint32_t thread = Tape::current().thread;
  Numbering numbers;
  const auto entries = reachable(results, numbers, [&](const Entry& entry) {
    return entry.owner == thread && entry.sequence.load(std::memory_order_relaxed) > begin;
  });
  Again again;
  for (Entry* entry : entries) {
    const Tensor recorded = Tensor::share(entry);
    {
      const detail::TapeScope<std::uint32_t, &Tape::segment> inside(entry->segment);
      again.repeat_inside(*entry);
    }
    if (entry->tracked && keeps(policy, *entry)) again.put(recorded, record(where, Identity{}, again.of(recorded)));
  }
  for (Tensor& result : results) result = again.of(result);
}

}  // namespace

Tensor name_value(const Operand& x, std::string name) {
  check<ValueError>(!name.empty(), x.where(), "name_value: the name is empty");
  return record(x.where(), NamedValue(std::move(name)), x.tensor());
}

namespace detail {

Checkpoint::Checkpoint(const CheckpointPolicy& policy)
    : policy_(policy),
      segment_(policy.keep == CheckpointPolicy::Keep::everything ? Tape::current().segment : new_segment()),
      begin_(Tape::current().sequence) {}

Tensors Checkpoint::close(Tensors results, const Location& where) const {
  for (const Tensor& result : results)
    check<GraphError>(result.defined(), where, "checkpoint: the function returned an undefined Tensor");
  if (policy_.keep == CheckpointPolicy::Keep::everything) return results;
  if (policy_.keep != CheckpointPolicy::Keep::nothing) keep_some(results, policy_, begin_, where);
  for (Tensor& result : results) result = record(where, Identity{}, result);
  return results;
}

}  // namespace detail

}  // namespace xgrad
