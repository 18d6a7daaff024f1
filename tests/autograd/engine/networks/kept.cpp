#include "tests/autograd/engine/networks/kept.hpp"

#include <array>
#include <unordered_set>

#include "autograd/engine/run/executor.hpp"
#include "autograd/tape/traversal.hpp"
#include "tests/autograd/engine/networks/network.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace xgrad::networks {

namespace {

/// An entry that nobody holds for this. Its number tells it from a later one in the same memory.
struct Named {
  std::string name;
  Entry* entry;
  std::uint64_t number;
};

std::uint64_t number_of(const Entry& entry) { return entry.sequence.load(); }

void find_kept(const Recipe& recipe, Result& result) {
  Network network(recipe);
  std::vector<Named> all;
  network.build().watch = [&all](const std::string& name, const Tensor& value) {
    all.push_back({name, value.entry(), number_of(*value.entry())});
  };
  const std::array<Tensor, 1> loss{network.loss(0)};
  evaluate(loss[0]);
  Numbering numbers;
  const auto entries = reachable(std::span<const Tensor>(loss), numbers, [](const Entry&) { return true; });
  const std::unordered_set<const Entry*> there(entries.begin(), entries.end());
  for (const Named& each : all) {
    if (!there.contains(each.entry) || number_of(*each.entry) != each.number || !each.entry->evaluated) continue;
    const Tensor value = Tensor::share(each.entry);
    result.seen.push_back({"step 0: " + each.name, value.shape(), value.dtype(), value.to_vector()});
  }
}

}  // namespace

Result run_loss(const Recipe& recipe) {
  const fused::testing::InEngine engine("fused");
  Result result;
  const std::int64_t before = unplanned();
  try {
    find_kept(recipe, result);
  } catch (const std::exception& error) {
    result.error = error.what();
  }
  result.unplanned = unplanned() - before;
  return result;
}

}  // namespace xgrad::networks
