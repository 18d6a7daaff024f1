#include "autograd/engine/run/plan_key.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <unordered_map>

#include "autograd/core/mixing.hpp"
#include "autograd/core/thread_object.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/graph/words.hpp"
#include "autograd/tape/traversal.hpp"

namespace xgrad::fused {

namespace {

// The words of a key. Dynamic arguments are collected separately until it is known which entries they can distinguish.
class KeyWords final : public Words {
 public:
  using Words::Words;
  void dynamic(const char*, std::int64_t value) override { add_dynamic(static_cast<std::uint64_t>(value)); }
  void dynamic(const char*, double value) override { add_dynamic(std::bit_cast<std::uint64_t>(value)); }

  std::vector<std::uint64_t> dynamics;

 private:
  void add_dynamic(std::uint64_t value) {
    if (dynamics.capacity() == 0) dynamics.reserve(16);
    dynamics.push_back(value);
  }
};

// Numbers values in order of first use: a key says which of them are equal, not what they are.
template <class Value, class Hash = std::hash<Value>, class Equal = std::equal_to<Value>>
class Distinct {
 public:
  /// `values` gets them in order.
  explicit Distinct(std::vector<Value>& values) : values_(values) {}

  std::uint64_t number(const Value& value) {
    const auto first = std::min(values_.size(), searched);
    const auto end = values_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto found = std::find_if(values_.begin(), end, [&](const Value& known) { return Equal()(known, value); });
    if (found != end) return static_cast<std::uint64_t>(found - values_.begin());
    if (values_.empty()) values_.reserve(searched);
    if (first == searched) {
      const auto [at, fresh] = others_.try_emplace(value, values_.size());
      if (!fresh) return at->second;
    }
    values_.push_back(value);
    return values_.size() - 1;
  }

 private:
  static constexpr std::size_t searched = 32;  // so many are searched linearly, which takes no memory
  std::vector<Value>& values_;
  std::unordered_map<Value, std::uint64_t, Hash, Equal> others_;
};

// Compares constants by their bits: 0 and -0 differ, and so do two kinds of NaN.
struct SameBits {
  bool operator()(double a, double b) const {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  }
};
struct HashBits {
  std::size_t operator()(double value) const { return scattered(std::bit_cast<std::uint64_t>(value)); }
};

// A dynamic argument of an entry that would be equal to another entry if these arguments were equal.
struct Dynamic {
  std::uint64_t alike, value;
  friend bool operator==(const Dynamic&, const Dynamic&) = default;
};
struct DynamicHash {
  std::size_t operator()(const Dynamic& from) const { return scattered(mixed(from.alike, from.value)); }
};

// The memory of an earlier key of this thread, for the next one.
constinit thread_local ThreadObject<std::vector<std::uint64_t>> spare;

}  // namespace

/// Writes the words of a key.
struct Key::Writer {
  Writer(Key& k, Numbering& n) : given(k.inputs_), words(k.words_), numbers(n), constants(k.inputs_.constants) {}

  void add(const Entry& entry) {
    const bool elementwise = entry.kind == Lowering::Kind::elementwise;
    std::uint64_t vtable = vtable_of(entry);
    const std::span<const Tensor> inputs = entry.input_span();
    words.make_room(3 + inputs.size());
    if (planted("the key leaves out which primitive it is")) vtable = 0;
    words.put(vtable, static_cast<std::uint64_t>(entry.dtype) | std::uint64_t{may_be_wanted(entry)} << 8 |
                          std::uint64_t{entry.segment != 0} << 9 | static_cast<std::uint64_t>(entry.instruction) << 16 |
                          static_cast<std::uint64_t>(entry.kind) << 24 | std::uint64_t{inputs.size()} << 32);
    // An elementwise entry has the shape of its inputs, which is known.
    if (!elementwise)
      add_arguments(entry);
    else if (!entry.bare && !planted("the key leaves out arguments of elementwise entries"))
      describe(entry);
    if (entry.segment != 0) words.add(segments.number(entry.segment));
    add_inputs(inputs);
  }

  [[gnu::noinline]] void add_arguments(const Entry& entry) {
    words.add(entry.shape);
    if (entry.kind == Lowering::Kind::constant)
      add_constant(entry.primitive->lower().value);
    else if (entry.input_count > 0 && !entry.bare && !planted("the key leaves out arguments"))
      describe(entry);  // not for random numbers, which read their stream when they are drawn
    words.make_room(2 + entry.input_count);
  }

  // The number of fields comes first, so that no list of fields can be mistaken for another.
  [[gnu::noinline]] void describe(const Entry& entry) {
    const std::size_t at = words.size();
    words.add(0);
    entry.primitive->describe(words);
    if (!entry.mergeable && !planted("the key leaves out arguments that are not described"))
      add_lowering(entry.primitive->lower());
    if (!words.dynamics.empty()) add_dynamics(entry, at);
    words[at] = words.size() - at;
    words.make_room(2 + entry.input_count);
  }
  // Adds which dynamic arguments are equal, not their values, because equal entries are computed once. They are
  // compared among entries that may have the same inputs and other arguments, which are the words from `first` on.
  [[gnu::noinline]] void add_dynamics(const Entry& entry, std::size_t first) {
    std::uint64_t alike = entry.segment;
    alike = mixed(alike, vtable_of(entry));
    for (std::size_t word = first; word < words.size(); ++word) alike = mixed(alike, words[word]);
    const auto mix_shape = [&](const Shape& shape) {
      for (const std::int64_t size : shape) alike = mixed(alike, static_cast<std::uint64_t>(size));
    };
    mix_shape(entry.shape);
    for (const Tensor& input : entry.input_span()) {
      const std::uint32_t number = numbers.find(input.entry());  // Numbering::absent for a leaf without a number
      mix_shape(input.shape());
      if (number >= first_leaf) alike = mixed(alike, reinterpret_cast<std::uintptr_t>(input.entry()));
    }
    for (const std::uint64_t value : words.dynamics)
      words.add(planted("the key leaves out which dynamic arguments are equal") ? 0
                                                                                : dynamics.number({alike++, value}));
    words.dynamics.clear();
  }
  // Adds what the plan uses of arguments that are not described. The kernel reads them from the entry that it runs for.
  void add_lowering(const Lowering& lowering) {
    words("axes", lowering.axes);
    words("axis", lowering.axis);
    words("value", lowering.value);
  }

  void add_constant(double value) {
    const bool moderate = is_moderate(value) || planted("the key leaves out whether constants are finite");
    const std::uint64_t number = 2 * constants.number(value) + moderate;
    words.add(planted("the key leaves out which constants are equal") ? 0
              : planted("the key takes 0 and -0 for one constant")    ? 2 * constants.number(value + 0.0) + moderate
                                                                      : number);
  }

  // Adds the numbers of inputs, two to a word, and then the facts about leaves that are met for the first time.
  void add_inputs(std::span<const Tensor> inputs) {
    const std::size_t known = given.leaves.size();
    for (std::size_t k = 0; k < inputs.size(); k += 2) {
      std::uint64_t first = number_of(inputs[k].entry());
      std::uint64_t second = k + 1 < inputs.size() ? number_of(inputs[k + 1].entry()) : 0;
      if (planted("the key leaves out the order of two inputs") && first < second) std::swap(first, second);
      words.put(first | second << 32);
    }
    if (given.leaves.size() > known) describe_leaves(known);
  }
  std::uint64_t number_of(Entry* input) {
    const std::uint64_t number = numbers.find(input);
    return number != Numbering::absent ? number : add_leaf(input);
  }
  [[gnu::noinline]] std::uint64_t add_leaf(Entry* leaf) {
    const auto number = first_leaf + static_cast<std::uint32_t>(given.leaves.size());
    numbers.insert(leaf, number);
    given.leaves.push_back(leaf);
    return number;
  }
  [[gnu::noinline]] void describe_leaves(std::size_t first) {
    for (std::size_t leaf = first; leaf < given.leaves.size(); ++leaf) {
      if (!planted("the key leaves out dtypes of leaves"))
        words.add(static_cast<std::uint64_t>(given.leaves[leaf]->dtype));
      if (!planted("the key leaves out shapes of leaves")) words.add(given.leaves[leaf]->shape);
    }
  }

  Inputs& given;
  KeyWords words;
  Numbering& numbers;
  std::vector<std::uint64_t> segment_list;
  std::vector<Dynamic> dynamic_list;
  Distinct<double, HashBits, SameBits> constants;
  Distinct<std::uint64_t> segments{segment_list};
  Distinct<Dynamic, DynamicHash> dynamics{dynamic_list};
};

Key::Key(const Pending& pending, std::size_t budget) {
  words_.swap(*spare);
  Writer writer(*this, pending.numbers);
  for (const Entry* entry : pending.entries) writer.add(*entry);
  if (!planted("the key leaves out the roots"))
    for (const Entry* root : pending.roots) writer.words.add(pending.numbers.find(root));
  if (!planted("the key leaves out the budget")) writer.words.add(budget);
  if (!planted("the key leaves out the instruction set"))
    writer.words.add(static_cast<std::uint64_t>(instruction_set()));
  size_ = writer.words.size();
}

Key::~Key() {
  if (words_.size() > spare->size()) words_.swap(*spare);
}

// Hashes in four lanes; in one it would take as long as the rest of the key.
std::uint64_t Key::hash() const {
  constexpr std::size_t lanes = 4;
  std::uint64_t hash[lanes] = {size_, 1, 2, 3};
  const auto mix = [](std::uint64_t& h, std::uint64_t word) { h = mixed(h, word); };
  std::size_t i = 0;
  for (; i + lanes <= size_; i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) mix(hash[lane], words_[i + lane]);
  for (; i < size_; ++i) mix(hash[0], words_[i]);
  for (std::size_t lane = 1; lane < lanes; ++lane) mix(hash[0], hash[lane]);
  return scattered(hash[0]);
}

}  // namespace xgrad::fused
