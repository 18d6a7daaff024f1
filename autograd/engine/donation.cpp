#include "autograd/engine/donation.hpp"

#include <algorithm>

#include "autograd/engine/key.hpp"
#include "autograd/engine/walk.hpp"

namespace xgrad::fused {

std::vector<char> overwritable(const Pending& pending, const std::vector<Entry*>& leaves,
                               const std::vector<char>& evaluated) {
  const std::size_t count = pending.entries.size();
  std::vector<char> result(leaves.size());
  if (pending.donated.empty()) return result;
  // Leaves after the entries.
  const auto number_of = [&](const Entry* entry) -> std::size_t {
    const std::uint32_t number = pending.numbers.find(entry);
    return number < Key::first_leaf || number == Numbering::absent ? number : number - Key::first_leaf + count;
  };

  std::vector<std::size_t> wanted;  // the donated leaves
  for (const Tensor& donated : pending.donated)
    if (const std::size_t number = number_of(donated.entry()); number != Numbering::absent && number >= count)
      wanted.push_back(number);

  // Handles that are accounted for: in entries of the plan, and two for each donation. Counted where that may change
  // anything.
  std::vector<std::uint32_t> known;
  const auto all_known = [&](const Entry* entry, std::size_t number) {
    return entry->references.load(std::memory_order_acquire) == known[number];
  };

  // What stays, from the last entry to the first: what somebody else holds, and what that reads, unless it has a value
  // and lets go of its inputs.
  std::vector<char> stays(count + leaves.size());
  const auto spread = [&] {
    for (std::size_t i = count; i-- > 0;) {
      const Entry* entry = pending.entries[i];
      stays[i] = stays[i] || (!known.empty() && !all_known(entry, i));
      if (!stays[i] || (evaluated[i] && !entry->tracked)) continue;
      for (const Tensor& input : entry->input_span()) stays[number_of(input.entry())] = true;
    }
    return std::all_of(wanted.begin(), wanted.end(), [&](std::size_t number) { return stays[number]; });
  };
  for (const Entry* root : pending.roots) stays[number_of(root)] = true;
  if (spread()) return result;  // the loss that they are read for is still there: it would be, mostly

  known.resize(count + leaves.size());
  for (const Entry* entry : pending.entries)
    for (const Tensor& input : entry->input_span()) ++known[number_of(input.entry())];
  for (const Tensor& donated : pending.donated)
    if (const std::size_t number = number_of(donated.entry()); number != Numbering::absent) known[number] += 2;
  spread();
  for (const std::size_t number : wanted) {
    const std::size_t leaf = number - count;
    result[leaf] = !stays[number] && all_known(leaves[leaf], number) && leaves[leaf]->value.unique();
  }
  return result;
}

}  // namespace xgrad::fused
