#include "parallel/shared_work.hpp"

#include <unordered_set>

#include "autograd/tape/traversal.hpp"

namespace xgrad::parallel::detail {

namespace {
std::vector<Entry*> pending_of(std::span<const Tensor> roots) {
  Numbering numbers;
  return reachable(roots, numbers, [](const Entry& entry) { return !entry.evaluated.load(std::memory_order_acquire); });
}
}  // namespace

std::vector<Tensor> shared_work(std::span<const Tensor> first, std::span<const Tensor> later) {
  const std::vector<Entry*> on_the_way = pending_of(first);
  const std::unordered_set<const Entry*> ours(on_the_way.begin(), on_the_way.end());
  std::unordered_set<const Entry*> known;
  std::vector<Tensor> shared;
  for (Entry* const entry : pending_of(later)) {
    if (ours.contains(entry)) continue;
    for (const Tensor& input : entry->input_span())
      if (ours.contains(input.entry()) && known.insert(input.entry()).second) shared.push_back(input);
  }
  return shared;
}

}  // namespace xgrad::parallel::detail
