#include "autograd/engine/key.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "autograd/engine/walk.hpp"

namespace xgrad::fused {

namespace {

class Words final : public Fields {
 public:
  explicit Words(std::vector<std::uint64_t>& words) : words_(words) {}
  void field(const char*, std::int64_t value) override { words_.push_back(static_cast<std::uint64_t>(value)); }
  void field(const char*, double value) override { words_.push_back(std::bit_cast<std::uint64_t>(value)); }
  void field(const char*, const Shape& value) override { shape(value); }
  void shape(const Shape& value) {
    words_.push_back(static_cast<std::uint64_t>(value.ndim()));
    for (const std::int64_t size : value) words_.push_back(static_cast<std::uint64_t>(size));
  }

 private:
  std::vector<std::uint64_t>& words_;
};

// Numbers for values in order of first use: which of them are equal matters, not what they are.
class Distinct {
 public:
  std::uint64_t number(std::uint64_t value) {
    const auto found = std::find(values_.begin(), values_.end(), value);
    const auto number = static_cast<std::uint64_t>(found - values_.begin());
    if (found == values_.end()) values_.push_back(value);
    return number;
  }

 private:
  std::vector<std::uint64_t> values_;
};

// In four lanes, or it would take as long as all the rest.
std::uint64_t hash_of(const std::vector<std::uint64_t>& words) {
  constexpr std::size_t lanes = 4;
  std::uint64_t hash[lanes] = {words.size(), 1, 2, 3};
  const auto mix = [](std::uint64_t& h, std::uint64_t word) { h = (std::rotl(h, 5) ^ word) * 0x9E3779B97F4A7C15u; };
  std::size_t i = 0;
  for (; i + lanes <= words.size(); i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) mix(hash[lane], words[i + lane]);
  for (; i < words.size(); ++i) mix(hash[0], words[i]);
  for (std::size_t lane = 1; lane < lanes; ++lane) mix(hash[0], hash[lane]);
  return hash[0];
}

// Inputs are numbered by their place among the entries, or, with this bit, among the leaves. Roots have the mark until
// their entry is met.
constexpr std::uint32_t leaf_bit = 0x80000000, root_mark = 0xfffffffe;

}  // namespace

Key::Key(const Pending& pending) {
  words.reserve(pending.entries.size() * 4);
  Numbering numbers;
  Distinct constants, segments;
  Words fields(words);
  for (const Tensor& root : pending.roots)
    if (!root.evaluated()) numbers.insert(root.entry(), root_mark);
  for (std::size_t i = 0; i < pending.entries.size(); ++i) {
    const Entry& entry = *pending.entries[i];
    const auto number = static_cast<std::uint32_t>(i);
    const bool root = !numbers.insert(&entry, number);
    if (root) numbers.set(&entry, number);
    const Lowering lowering = entry.primitive->lower();
    const bool as_input = entry.input_count > 0 && entry.shape == entry.inputs[0].shape();
    std::uint64_t vtable;
    std::memcpy(&vtable, static_cast<const void*>(entry.primitive), sizeof vtable);
    words.push_back(vtable);
    words.push_back(static_cast<std::uint64_t>(entry.dtype) | std::uint64_t{may_be_wanted(entry)} << 8 |
                    std::uint64_t{root} << 9 | std::uint64_t{as_input} << 10 | std::uint64_t{entry.segment != 0} << 11 |
                    static_cast<std::uint64_t>(lowering.instruction) << 16 | std::uint64_t{entry.input_count} << 32);
    if (entry.segment != 0) words.push_back(segments.number(entry.segment));
    if (!as_input) fields.shape(entry.shape);
    if (lowering.kind == Lowering::Kind::constant)
      words.push_back(constants.number(std::bit_cast<std::uint64_t>(lowering.value)));
    else if (lowering.kind != Lowering::Kind::elementwise && entry.input_count > 0)
      entry.primitive->describe(fields);  // but what random numbers are made of is read when they are made
    for (const Tensor& input : entry.input_span()) {
      Entry* from = input.entry();
      if (numbers.insert(from, leaf_bit | static_cast<std::uint32_t>(leaves.size()))) {
        leaves.push_back(from);
        words.push_back(static_cast<std::uint64_t>(from->dtype));
        fields.shape(from->shape);
      }
      words.push_back(numbers.find(from));
    }
  }
  hash = hash_of(words);
}

}  // namespace xgrad::fused
