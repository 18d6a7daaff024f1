#include "autograd/engine/graph/equal_entries.hpp"

#include <algorithm>

#include "autograd/core/mixing.hpp"
#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused {

EqualEntries::EqualEntries(std::size_t entries) : slots_(std::bit_ceil(2 * entries + 1)) {}

std::int32_t& EqualEntries::node_of(const Entry& entry, const std::vector<std::int32_t>& inputs) {
  const std::size_t begin = words_.size();
  describe(entry, inputs);
  const std::span<const std::uint64_t> words{words_.data() + begin, words_.size() - begin};
  std::uint64_t hash = words.size();
  for (const std::uint64_t word : words) hash = mixed(hash, word);
  std::size_t at = scattered(hash) & (slots_.size() - 1);
  for (; slots_[at].node >= 0; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (!std::ranges::equal(words, std::span{words_.data() + slot.begin, slot.size})) continue;
    words_.cut_to(begin);
    return slots_[at].node;
  }
  slots_[at] = {begin, words.size(), -1};
  return slots_[at].node;
}

void EqualEntries::describe(const Entry& entry, const std::vector<std::int32_t>& inputs) {
  words_.add(vtable_of(entry));
  words_.add(static_cast<std::uint64_t>(planted("entries are the same whatever their dtype") ? float32 : entry.dtype));
  words_.add(planted("entries are the same whatever their checkpoint") ? 0 : entry.segment);
  words_.add(entry.shape);
  for (const std::int32_t input : inputs) words_.add(static_cast<std::uint64_t>(input));
  const std::size_t arguments = words_.size();
  if (entry.kind == Lowering::Kind::constant)
    words_("value", entry.primitive->lower().value);  // the key of a plan knows no more of it
  else if (!entry.bare)
    entry.primitive->describe(words_);
  if (planted("entries are the same whatever their arguments")) words_.cut_to(arguments);
  words_.add(words_.size() - arguments);
}

}  // namespace xgrad::fused
