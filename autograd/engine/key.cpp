#include "autograd/engine/key.hpp"

#include <bit>
#include <cstring>
#include <unordered_map>

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

}  // namespace

Key::Key(const Pending& pending) {
  words.reserve(pending.entries.size() * 8);
  EntryMap numbers, leaf_numbers, roots;
  std::unordered_map<std::uint64_t, std::uint64_t> constants;  // which of them are equal matters, not what they are
  std::unordered_map<std::uint32_t, std::uint64_t> segments;
  for (const Tensor& root : pending.roots) roots.insert(root.entry(), 0);
  Words fields(words);
  for (std::size_t i = 0; i < pending.entries.size(); ++i) {
    const Entry& entry = *pending.entries[i];
    numbers.insert(&entry, static_cast<std::uint32_t>(i));
    std::uint64_t vtable;
    std::memcpy(&vtable, static_cast<const void*>(entry.primitive), sizeof vtable);
    words.push_back(vtable);
    const std::uint64_t segment =
        entry.segment ? segments.try_emplace(entry.segment, segments.size() + 1).first->second : 0;
    words.push_back(static_cast<std::uint64_t>(entry.dtype) | std::uint64_t{may_be_wanted(entry)} << 8 |
                    std::uint64_t{roots.find(&entry) != EntryMap::absent} << 9 | segment << 16);
    fields.shape(entry.shape);
    const Lowering lowering = entry.primitive->lower();
    if (lowering.kind == Lowering::Kind::constant)
      words.push_back(
          constants.try_emplace(std::bit_cast<std::uint64_t>(lowering.value), constants.size()).first->second);
    else if (entry.input_count > 0)  // what random numbers are made of is read when they are made
      entry.primitive->describe(fields);
    words.push_back(entry.input_count);
    for (const Tensor& input : entry.input_span()) {
      const Entry* from = input.entry();
      std::uint32_t number = numbers.find(from);
      if (number == EntryMap::absent) {
        if (leaf_numbers.insert(from, static_cast<std::uint32_t>(leaves.size()))) {
          leaves.push_back(input.entry());
          words.push_back(static_cast<std::uint64_t>(from->dtype));
          fields.shape(from->shape);
        }
        number = ~leaf_numbers.find(from);
      }
      words.push_back(number);
    }
  }
  hash = words.size();
  for (const std::uint64_t word : words) hash = (std::rotl(hash, 5) ^ word) * 0x9E3779B97F4A7C15u;
}

}  // namespace xgrad::fused
