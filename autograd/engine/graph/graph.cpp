#include "autograd/engine/graph/graph.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

#include "autograd/core/instruction_facts.hpp"
#include "autograd/core/mixing.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/products/block_product.hpp"
#include "autograd/tape/traversal.hpp"

namespace xgrad::fused {

namespace {

// How `small` lies in `large`, which differs from it in axes of size 1, and the number of columns that follow.
std::pair<Spread, std::int64_t> spread_of(const Shape& small, const Shape& large) {
  std::int64_t kept = 1, repeated = 1, first_kept = -1, last_kept = -1, first_repeated = -1, last_repeated = -1;
  for (std::int64_t axis = 0; axis < large.ndim(); ++axis) {
    if (large[axis] == 1) continue;
    const bool keeps = small[axis] == large[axis];
    (keeps ? kept : repeated) *= large[axis];
    (keeps ? last_kept : last_repeated) = axis;
    if ((keeps ? first_kept : first_repeated) < 0) (keeps ? first_kept : first_repeated) = axis;
  }
  if (repeated == 1) return {Spread::same, 0};
  if (kept == 1) return {Spread::scalar, 0};
  if (last_kept < (planted("axes apart are taken for the last ones") ? last_repeated : first_repeated))
    return {Spread::rows, repeated};
  if (last_repeated < first_kept) return {Spread::columns, kept};
  return {Spread::mixed, 0};
}

// A reduction over everything goes along rows of so many columns first, then over what each row gives; 0: at once. It
// follows from the shape alone, for the bits of a sum depend on it: they must not depend on what else is computed.
std::int64_t columns_of_total(const Shape& shape) {
  constexpr std::int64_t longest_at_once = 2048, narrowest = 8, widest = 16384;
  std::int64_t columns = 1;
  for (std::int64_t axis = shape.ndim(); axis-- > 0 && columns < narrowest;) columns *= shape[axis];
  const bool everything = columns == shape.numel();
  if (everything && columns <= longest_at_once) return 0;
  if (!everything && columns <= widest) return columns;
  for (std::int64_t part = 1024; part >= 64; --part)
    if (columns % part == 0) return part;
  return everything ? 0 : columns;
}

// What makes two entries the same value, as words, in one list for all of them.
class Values final : public Fields {
 public:
  explicit Values(std::size_t entries) : slots_(std::bit_ceil(2 * entries + 1)) {}

  /// The node of an entry that has the same value, or a place for that of this one, which is -1 until it is there.
  std::int32_t& node_of(const Entry& entry, const std::vector<std::int32_t>& inputs) {
    const std::size_t begin = words_.size();
    add(entry, inputs);
    const std::span<const std::uint64_t> words{words_.data() + begin, words_.size() - begin};
    std::uint64_t hash = words.size();
    for (const std::uint64_t word : words) hash = mixed(hash, word);
    std::size_t at = scattered(hash) & (slots_.size() - 1);
    for (; slots_[at].node >= 0; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (!std::ranges::equal(words, std::span{words_.data() + slot.begin, slot.size})) continue;
      words_.resize(begin);
      return slots_[at].node;
    }
    slots_[at] = {begin, words.size(), -1};
    return slots_[at].node;
  }

  void field(const char*, std::int64_t value) override { words_.push_back(static_cast<std::uint64_t>(value)); }
  void field(const char*, double value) override { words_.push_back(std::bit_cast<std::uint64_t>(value)); }
  void field(const char*, const Shape& value) override { add(value); }

 private:
  struct Slot {
    std::size_t begin = 0, size = 0;
    std::int32_t node = -1;
  };

  void add(const Shape& shape) {
    words_.push_back(static_cast<std::uint64_t>(shape.ndim()));
    for (const std::int64_t size : shape) words_.push_back(static_cast<std::uint64_t>(size));
  }
  void add(const Entry& entry, const std::vector<std::int32_t>& inputs) {
    std::uint64_t vtable;  // one for each primitive
    std::memcpy(&vtable, static_cast<const void*>(entry.primitive), sizeof vtable);
    words_.push_back(vtable);
    words_.push_back(
        static_cast<std::uint64_t>(planted("entries are the same whatever their dtype") ? float32 : entry.dtype));
    words_.push_back(planted("entries are the same whatever their checkpoint") ? 0 : entry.segment);
    add(entry.shape);
    for (const std::int32_t input : inputs) words_.push_back(static_cast<std::uint64_t>(input));
    const std::size_t arguments = words_.size();
    if (entry.kind == Lowering::Kind::constant)
      (*this)("value", entry.primitive->lower().value);  // which is what the key knows of it
    else if (!entry.bare)
      entry.primitive->describe(*this);
    if (planted("entries are the same whatever their arguments")) words_.resize(arguments);
    words_.push_back(words_.size() - arguments);
  }

  std::vector<Slot> slots_;  // a power of two
  std::vector<std::uint64_t> words_;
};

// Whether the engine knows how these inputs are reduced.
bool is_known_reduction(const Entry& entry) {
  return is_reduction(entry.instruction) && entry.input_count == 1 && entry.input(0).dtype() == entry.dtype;
}

// Whether a row program of numbers can compute an elementwise entry: the engine knows its instruction, whose operands
// and result are masks or numbers of one dtype, as its form says. If not, the entry is left to its reference kernel.
bool fusible(const Entry& entry) {
  const Instruction f = entry.instruction;
  if (!is_elementwise(f) || arity(f) != static_cast<int>(entry.input_count)) return false;
  DType number = boolean;  // of all numbers, once one is known
  const auto fits = [&](DType dtype, bool mask) {
    if (mask) return dtype == boolean;
    if (number == boolean) number = dtype;
    return is_floating(dtype) && dtype == number;
  };
  if (!fits(entry.dtype, gives_mask(f))) return false;
  for (std::size_t k = 0; k < entry.input_count; ++k)
    if (!fits(entry.input(k).dtype(), takes_mask(f, static_cast<int>(k))) || !(entry.input(k).shape() == entry.shape))
      return false;
  return true;
}

}  // namespace

Graph::Graph(const Pending& pending) {
  constexpr std::uint32_t leaf_bit = 0x80000000;  // with the number of its node; the others have their place
  Numbering numbers;
  for (std::size_t i = 0; i < pending.entries.size(); ++i)
    numbers.insert(pending.entries[i], static_cast<std::uint32_t>(i));
  std::int32_t leaves = 0;
  nodes.reserve(pending.entries.size() + pending.entries.size() / 4);  // with leaves and steps between
  of_entry.reserve(pending.entries.size());
  Values known(pending.entries.size());
  for (std::size_t i = 0; i < pending.entries.size(); ++i) {
    const Entry& entry = *pending.entries[i];
    std::vector<std::int32_t> inputs;
    for (const Tensor& input : entry.input_span()) {
      Entry* from = input.entry();
      if (numbers.insert(from, leaf_bit | static_cast<std::uint32_t>(nodes.size()))) {
        Node leaf;
        leaf.kind = Lowering::Kind::alias;
        leaf.leaf = leaf.memory = true;
        leaf.dtype = from->dtype;
        leaf.numel = from->shape.numel();
        leaf.argument = leaves++;
        add(std::move(leaf));
      }
      const std::uint32_t number = numbers.find(from);
      inputs.push_back(number & leaf_bit ? static_cast<std::int32_t>(number & ~leaf_bit) : of_entry[number]);
    }
    // Random numbers are no repetitions of others: what they are made of is not part of the key.
    const bool random = !planted("random numbers are the same as others") && entry.input_count == 0 &&
                        entry.kind != Lowering::Kind::constant;
    if (random || (!entry.mergeable && !planted("entries are the same whatever they do not describe"))) {
      of_entry.push_back(add_entry(pending, i, std::move(inputs)));
      continue;
    }
    std::int32_t& node = known.node_of(entry, inputs);
    if (node < 0) node = add_entry(pending, i, std::move(inputs));
    of_entry.push_back(node);
  }
}

std::int32_t Graph::add_entry(const Pending& pending, std::size_t i, std::vector<std::int32_t> inputs) {
  using Kind = Lowering::Kind;
  Entry* entry = pending.entries[i];
  const Lowering lowering = entry->primitive->lower();
  Node node;
  node.kind = lowering.kind;
  node.instruction = lowering.instruction;
  node.dtype = entry->dtype;
  node.numel = entry->shape.numel();
  node.entry = static_cast<std::int32_t>(i);
  node.inputs = std::move(inputs);
  bool empty = node.numel == 0;
  for (const std::int32_t input : node.inputs) empty = empty || nodes[input].numel == 0;
  if (node.kind == Kind::transposition && !empty) {
    // Twice is not at all: so a weight comes back from the transposed one of the forward pass. Vectors lie as they lay.
    const Node& once = nodes[node.inputs[0]];
    const std::int64_t row = entry->shape.back(), column = entry->input(0).shape().back();
    if (once.kind == Kind::transposition && !planted("what is transposed twice stays transposed once"))
      node.inputs = once.inputs;
    if (once.kind == Kind::transposition || row == 1 || column == 1 ||
        (row == 2 && planted("two columns lie as they lay when they are transposed")))
      node.kind = Kind::alias;
  }
  if (node.kind == Kind::constant) {
    if (!is_floating(node.dtype) || empty) node.kind = Kind::opaque;
  } else if (node.kind == Kind::broadcast && !empty) {
    std::tie(node.spread, node.columns) = spread_of(entry->input(0).shape(), entry->shape);
    if (node.spread == Spread::same) node.kind = Kind::alias;
  } else if (node.kind == Kind::reduction && !is_known_reduction(*entry)) {
    node.kind = Kind::opaque;
  } else if (node.kind == Kind::reduction && !empty) {
    std::tie(node.spread, node.columns) = spread_of(entry->shape, entry->input(0).shape());
    if (node.spread == Spread::same) node.kind = Kind::alias;
    const bool sums = node.instruction == Instruction::sum;
    if (!is_floating(node.dtype) || node.spread == Spread::mixed || (node.spread == Spread::columns && !sums))
      node.kind = node.kind == Kind::alias ? Kind::alias : Kind::opaque;
    if (node.kind == Kind::reduction && node.spread == Spread::scalar)
      node.inputs = {add_rows_of_total(node, columns_of_total(entry->input(0).shape()))};
  } else if (node.kind == Kind::elementwise) {
    node.cheap = cost_of(node.instruction) == Cost::cheap;
    if (empty || !fusible(*entry)) node.kind = Kind::opaque;
    node.bits = node.dtype == boolean;
  } else if ((node.kind == Kind::pick || node.kind == Kind::place) && !empty) {
    // One index for each row, along the last axis.
    const Shape& index = entry->input(1).shape();
    const bool last = lowering.axis == index.ndim() - 1 && index.back() == 1;
    const Shape& picked_from = node.kind == Kind::pick ? entry->input(0).shape() : entry->shape;
    node.columns = picked_from.back();
    const bool exact = node.columns < (1 << 24);  // as numbers
    if (!last || index.numel() * node.columns != picked_from.numel() || !exact || node.columns == 1 ||
        !is_floating(node.dtype))
      node.kind = Kind::opaque;
  }
  if (node.kind == Kind::contraction) {
    node.m = entry->shape[entry->shape.ndim() - 2];
    node.n = entry->shape.back();
    node.depth = entry->input(0).shape().back();
    for (std::int64_t axis = 0; axis + 2 < entry->shape.ndim(); ++axis) node.batch *= entry->shape[axis];
    if (!is_floating(node.dtype)) node.kind = Kind::opaque;
  }
  if (node.kind == Kind::strided || node.kind == Kind::strided_sum) {
    if (!is_floating(node.dtype) || !entry->mergeable || empty) {
      node.kind = Kind::opaque;
    } else {
      const Shape *inside = &entry->shape, *whole = &entry->input(0).shape();
      if (node.kind == Kind::strided_sum) std::swap(inside, whole);
      node.view = static_cast<std::int32_t>(views.size());
      views.push_back({*inside, entry->primitive->strides(*whole)});
    }
  }
  if (empty && node.kind != Kind::alias) node.kind = Kind::opaque;
  if (node.kind == Kind::alias) node.inputs = {storage(node.inputs[0])};  // no chains: whoever asks for it walks them
  return add(std::move(node));
}

// The first of the two steps of a reduction over everything, one number for each row; or what is reduced, where one
// step does.
std::int32_t Graph::add_rows_of_total(const Node& total, std::int64_t columns) {
  if (columns == 0) return total.inputs[0];
  Node rows = total;
  rows.entry = -1;
  rows.spread = Spread::rows;
  rows.columns = columns;
  rows.numel = nodes[total.inputs[0]].numel / columns;
  return add(std::move(rows));
}

// How often each node is read by nodes that a root depends on; a root is read once more by its entry, at least.
std::vector<std::int32_t> Graph::count_readers(const std::vector<std::int32_t>& roots) const {
  std::vector<std::int32_t> readers(nodes.size());
  for (const std::int32_t root : roots) readers[root] += 2;
  for (std::size_t i = nodes.size(); i-- > 0;)
    if (readers[i] > 0)
      for (const std::int32_t input : nodes[i].inputs) ++readers[input];
  return readers;
}

Graph::Matrix Graph::matrix(const Node& product, std::size_t operand) const {
  std::int32_t input = product.inputs[operand];
  // (What is reshaped afterwards is no such matrix.)
  const auto is = [this](std::int32_t node, Lowering::Kind kind) {
    return nodes[node].kind == kind && !nodes[node].leaf && !nodes[node].memory;
  };
  const bool transposed = is(input, Lowering::Kind::transposition);
  if (transposed) input = nodes[input].inputs[0];
  const Node& node = nodes[input];
  const bool repeated =
      is(input, Lowering::Kind::broadcast) && node.spread == Spread::columns &&
      (node.columns * product.batch == node.numel || planted("a repeated vector is taken for a repeated matrix"));
  const std::int32_t held = storage(repeated ? node.inputs[0] : input);
  if (!repeated && is(held, Lowering::Kind::strided))
    if (auto found = offsets(product, operand, transposed, held))
      return {storage(nodes[held].inputs[0]), transposed, false, std::move(found)};
  return {held, transposed, repeated};
}

// Where products read the strided view `held`. It has to be laid out first if both operands would be such that their
// elements lie neither along the rows nor along the columns, or if sums are in lanes, which read along the depth.
std::optional<Offsets> Graph::offsets(const Node& product, std::size_t operand, bool transposed,
                                      std::int32_t held) const {
  const std::int64_t outer = operand == 0 ? product.m : product.n;
  if (product.m == 1 || product.n == 1 || adds_in_lanes(product.m, product.n, product.depth)) return {};
  const bool depth_last = (operand == 0) != (transposed != product.turned);
  const StridedView& view = views[static_cast<std::size_t>(nodes[held].view)];
  auto found = depth_last ? offsets_of(view, product.batch, outer, product.depth)
                          : offsets_of(view, product.batch, product.depth, outer);
  if (!found || found->lies_along() || operand == 1) return found;
  const std::int32_t second = nodes[product.inputs[1]].kind == Lowering::Kind::transposition
                                  ? nodes[product.inputs[1]].inputs[0]
                                  : product.inputs[1];
  if (nodes[storage(second)].kind == Lowering::Kind::strided) return {};
  return found;
}

void Graph::turn(const std::vector<std::int32_t>& roots) {
  const std::vector<std::int32_t> readers = count_readers(roots);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Node& node = nodes[i];
    if (readers[i] == 0 || node.kind != Lowering::Kind::transposition) continue;
    const Node& product = nodes[node.inputs[0]];
    if (product.kind != Lowering::Kind::contraction || readers[node.inputs[0]] != 1) continue;
    node.kind = Lowering::Kind::contraction;
    node.m = product.n;
    node.n = product.m;
    node.depth = product.depth;
    node.batch = product.batch;
    node.turned = !product.turned;
    node.inputs = {product.inputs[1], product.inputs[0]};
    if (planted("a turned product keeps the order of its operands")) node.inputs = product.inputs;
  }
}

void Graph::fold_products(const std::vector<std::int32_t>& roots) {
  // A thread adds up whole matrices: not where there are too few of them.
  constexpr std::int64_t least_batch = 4, most_columns = 1 << 16;
  const std::vector<std::int32_t> readers = count_readers(roots);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Node& node = nodes[i];
    if (node.kind != Lowering::Kind::strided_sum) continue;
    node.kind = Lowering::Kind::opaque;
    const std::int32_t from = storage(node.inputs[0]);
    const Node& product = nodes[from];
    if (product.kind != Lowering::Kind::contraction || readers[node.inputs[0]] != 1 || readers[from] != 1) continue;
    if (product.batch < least_batch || product.n > most_columns || node.numel % product.batch != 0) continue;
    const auto found = offsets_of(views[static_cast<std::size_t>(node.view)], product.batch, product.m, product.n);
    if (!found || !found->lie_apart(node.numel / product.batch)) continue;
    node.kind = Lowering::Kind::contraction;
    node.m = product.m;
    node.n = product.n;
    node.depth = product.depth;
    node.batch = product.batch;
    node.turned = product.turned;
    node.inputs = product.inputs;
  }
}

}  // namespace xgrad::fused
