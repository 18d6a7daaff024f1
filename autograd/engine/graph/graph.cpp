#include "autograd/engine/graph/graph.hpp"

#include <bit>
#include <limits>
#include <tuple>
#include <unordered_map>

#include "autograd/core/instruction_facts.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/graph/equal_entries.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

// The extent of `small`, which has size 1 on some axes, in the space of `large`, and the number of columns that it asks
// for; 0 for any.
std::pair<Extent, std::int64_t> extent_of(const Shape& small, const Shape& large) {
  std::int64_t kept = 1, repeated = 1, first_kept = -1, last_kept = -1, first_repeated = -1, last_repeated = -1;
  for (std::int64_t axis = 0; axis < large.ndim(); ++axis) {
    if (large[axis] == 1) continue;
    const bool keeps = small[axis] == large[axis];
    (keeps ? kept : repeated) *= large[axis];
    (keeps ? last_kept : last_repeated) = axis;
    if ((keeps ? first_kept : first_repeated) < 0) (keeps ? first_kept : first_repeated) = axis;
  }
  if (repeated == 1) return {Extent::full, 0};
  if (kept == 1) return {Extent::scalar, 0};
  if (last_kept < (planted("axes apart are taken for the last ones") ? last_repeated : first_repeated))
    return {Extent::per_row, repeated};
  if (last_repeated < first_kept) return {Extent::per_column, kept};
  return {Extent::mixed, 0};
}

// Neighbouring axes that are all kept, or all removed.
struct Run {
  std::int64_t size;
  bool kept;
};
std::vector<Run> runs_of(const Shape& small, const Shape& large) {
  std::vector<Run> runs;
  for (std::int64_t axis = 0; axis < large.ndim(); ++axis) {
    if (large[axis] == 1) continue;
    const bool kept = small[axis] == large[axis];
    if (runs.empty() || runs.back().kept != kept) runs.push_back({1, kept});
    runs.back().size *= large[axis];
  }
  return runs;
}

// A reduction over everything goes along rows of so many columns first, then over the results of the rows; 0 means that
// it takes one step. The number follows from the shape alone, because the bits of a sum depend on it and must not
// depend on what else is computed.
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

// Whether the engine has a reduction for this entry: of one input, of the same dtype.
bool is_known_reduction(const Entry& entry) {
  return is_reduction(entry.instruction) && entry.input_count == 1 && entry.input(0).dtype() == entry.dtype;
}

// Whether a row program of numbers can compute an elementwise entry: the engine knows its instruction, whose operands
// and result are masks or numbers of one dtype, as its form says. If not, the entry is left to its reference kernel.
bool fusible(const Entry& entry) {
  const Instruction f = entry.instruction;
  if (!is_elementwise(f) || arity(f) != static_cast<int>(entry.input_count)) return false;
  DType number = boolean;  // of all numbers; bool until the first one is met
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

/// Adds the entries, one after the other.
class Graph::Builder {
 public:
  Builder(Graph& graph, const Pending& pending, const Inputs& inputs)
      : graph_(graph),
        nodes_(graph.nodes),
        pending_(pending),
        known_(pending.entries.size()),
        leaves_(inputs.leaves.size(), -1) {
    for (std::size_t i = 0; i < inputs.constants.size(); ++i)
      constants_.emplace(std::bit_cast<std::uint64_t>(inputs.constants[i]), static_cast<std::int32_t>(i));
  }

  std::int32_t node_of(std::int32_t place) {
    const Entry& entry = *pending_.entries[place];
    std::vector<std::int32_t> inputs;
    for (const Tensor& input : entry.input_span()) inputs.push_back(input_node(input.entry()));
    // Two draws are never equal: their streams are no part of the description that entries are compared by.
    const bool random =
        !planted("random numbers are the same as others") && entry.input_count == 0 && entry.kind != Kind::constant;
    if (random || (!entry.mergeable && !planted("entries are the same whatever they do not describe")))
      return add_entry(place, std::move(inputs));
    std::int32_t& node = known_.node_of(entry, inputs);
    if (node < 0) node = add_entry(place, std::move(inputs));
    return node;
  }

 private:
  std::int32_t add(Node node) {
    nodes_.push_back(std::move(node));
    return static_cast<std::int32_t>(nodes_.size()) - 1;
  }

  std::int32_t input_node(const Entry* input) {
    const std::uint32_t number = pending_.numbers.find(input);
    if (number < first_leaf) return graph_.of_entry[number];
    const std::uint32_t leaf = number - first_leaf;
    if (leaves_.at(leaf) >= 0) return leaves_[leaf];
    Node node;
    node.kind = Kind::alias;
    node.leaf = true;
    node.dtype = input->dtype;
    node.numel = input->shape.numel();
    node.argument = static_cast<std::int32_t>(leaf);
    return leaves_[leaf] = add(std::move(node));
  }

  std::int32_t add_entry(std::int32_t place, std::vector<std::int32_t> inputs) {
    const Entry& entry = *pending_.entries[place];
    const Lowering lowering = entry.primitive->lower();
    Node node;
    node.kind = lowering.kind;
    node.instruction = lowering.instruction;
    node.dtype = entry.dtype;
    node.numel = entry.shape.numel();
    node.joins = lowering.joins;
    node.entry = place;
    node.inputs = std::move(inputs);
    bool empty = node.numel == 0;
    for (const std::int32_t input : node.inputs) empty = empty || nodes_[input].numel == 0;
    if (node.kind == Kind::elementwise)
      set_elementwise(node, entry);
    else if (node.kind == Kind::reduction && !is_known_reduction(entry))
      node.kind = Kind::opaque;
    else if (!empty)
      set_kind(node, entry, lowering);
    if (empty && node.kind != Kind::alias) node.kind = Kind::opaque;
    if (node.kind == Kind::alias) node.inputs = {graph_.storage(node.inputs[0])};  // never another alias
    set_movements(node, entry);
    return add(std::move(node));
  }

  static void set_elementwise(Node& node, const Entry& entry) {
    node.cheap = cost_of(node.instruction) == Cost::cheap;
    node.is_mask = node.dtype == boolean;
    if (!fusible(entry)) node.kind = Kind::opaque;
  }

  void set_kind(Node& node, const Entry& entry, const Lowering& lowering) {
    switch (node.kind) {
      case Kind::constant:
        return set_constant(node, lowering.value);
      case Kind::transposition:
        return set_transposition(node, entry);
      case Kind::broadcast:
        std::tie(node.extent, node.columns) = extent_of(entry.input(0).shape(), entry.shape);
        if (node.extent == Extent::full) node.kind = Kind::alias;
        return;
      case Kind::reduction:
        return set_reduction(node, entry);
      case Kind::gather:
      case Kind::scatter:
        return set_indexed(node, entry, lowering.axis);
      case Kind::contraction:
        return set_contraction(node, entry);
      case Kind::strided_sum:
        return set_strided_sum(node, entry);
      case Kind::strided:
      case Kind::shifted:
        if (!is_floating(node.dtype) || !entry.mergeable) node.kind = Kind::opaque;
        return;
      default:
        return;
    }
  }

  void set_constant(Node& node, double value) const {
    node.argument = constants_.at(std::bit_cast<std::uint64_t>(value));
    if (!is_floating(node.dtype)) node.kind = Kind::opaque;
  }

  // transpose(transpose(x)) is x: the backward pass transposes a weight that the forward pass has transposed.
  // Transposing a vector moves no elements, so it is an alias.
  void set_transposition(Node& node, const Entry& entry) const {
    const Node& once = nodes_[node.inputs[0]];
    const std::int64_t row = entry.shape.back(), column = entry.input(0).shape().back();
    const bool twice = once.kind == Kind::transposition;
    if (twice && !planted("what is transposed twice stays transposed once")) node.inputs = once.inputs;
    if (twice || row == 1 || column == 1 ||
        (row == 2 && planted("two columns lie as they lay when they are transposed")))
      node.kind = Kind::alias;
  }

  void set_reduction(Node& node, const Entry& entry) {
    const Shape& from = entry.input(0).shape();
    std::tie(node.extent, node.columns) = extent_of(entry.shape, from);
    const bool sums = node.instruction == Instruction::sum;
    if (node.extent == Extent::full)
      node.kind = Kind::alias;
    else if (!is_floating(node.dtype) || (!sums && (node.extent == Extent::mixed || node.extent == Extent::per_column)))
      node.kind = Kind::opaque;
    else if (node.extent == Extent::scalar)
      node.inputs = {add_rows_of_total(node, columns_of_total(from))};
    else if (node.extent == Extent::mixed)
      set_sum_over_axes_apart(node, runs_of(entry.shape, from));
  }
  // Taken one run of axes after the other, the last of them first: along rows, if it is the innermost, else over the
  // rows of each band.
  void set_sum_over_axes_apart(Node& node, const std::vector<Run>& runs) {
    std::vector<Node> steps;
    std::int64_t after = 1, numel = nodes_[node.inputs[0]].numel, before = numel;
    for (std::size_t i = runs.size(); i-- > 0;) {
      before /= runs[i].size;
      if (runs[i].kept) {
        after *= runs[i].size;
        continue;
      }
      Node step = node;
      step.entry = -1;
      step.numel = numel /= runs[i].size;
      step.extent = after == 1 ? Extent::per_row : Extent::per_column;
      step.columns = after == 1 ? runs[i].size : after;
      const bool in_bands = after > 1 && before > 1;
      if (in_bands && (after < narrow_columns || before > std::numeric_limits<std::int32_t>::max()))
        return void(node.kind = Kind::opaque);
      step.bands = in_bands ? static_cast<std::int32_t>(before) : 1;
      steps.push_back(std::move(step));
    }
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
      steps[i].inputs = {i == 0 ? node.inputs[0] : static_cast<std::int32_t>(nodes_.size()) - 1};
      nodes_.push_back(steps[i]);
    }
    steps.back().entry = node.entry;
    steps.back().inputs = {steps.size() == 1 ? node.inputs[0] : static_cast<std::int32_t>(nodes_.size()) - 1};
    node = std::move(steps.back());
  }
  // Adds the first of the two steps of a reduction over everything, which gives one number for each row. Returns it, or
  // the input of the reduction where one step is enough.
  std::int32_t add_rows_of_total(const Node& total, std::int64_t columns) {
    if (columns == 0) return total.inputs[0];
    Node rows = total;
    rows.entry = -1;
    rows.extent = Extent::per_row;
    rows.columns = columns;
    rows.numel = nodes_[total.inputs[0]].numel / columns;
    return add(std::move(rows));
  }

  // A row program gathers and scatters one element per row, along the last axis; all else is left to the reference
  // kernel.
  static void set_indexed(Node& node, const Entry& entry, std::int64_t axis) {
    const Shape& index = entry.input(1).shape();
    const Shape& indexed = node.kind == Kind::gather ? entry.input(0).shape() : entry.shape;
    node.columns = indexed.back();
    const bool last = axis == index.ndim() - 1 && index.back() == 1;
    const bool exact = node.columns < (1 << 24);  // as numbers
    if (!last || index.numel() * node.columns != indexed.numel() || !exact || node.columns == 1 ||
        !is_floating(node.dtype))
      node.kind = Kind::opaque;
  }

  void set_contraction(Node& node, const Entry& entry) const {
    if (!is_floating(node.dtype)) return void(node.kind = Kind::opaque);
    Product product;
    product.m = entry.shape[entry.shape.ndim() - 2];
    product.n = entry.shape.back();
    const bool as_it_lies = planted("factors that are given transposed are taken as they lie");
    const AxisSet transposed = as_it_lies ? AxisSet() : entry.primitive->lower().axes;
    product.transposed_a = transposed.contains(0);
    product.transposed_b = transposed.contains(1);
    const Shape& first = entry.input(0).shape();
    product.depth = first[first.ndim() - (product.transposed_a ? 2 : 1)];
    for (std::int64_t axis = 0; axis + 2 < entry.shape.ndim(); ++axis) product.batch *= entry.shape[axis];
    graph_.set_product(node, product);
  }

  void set_strided_sum(Node& node, const Entry& entry) const {
    if (!is_floating(node.dtype) || !entry.mergeable) return void(node.kind = Kind::opaque);
    const Shape& inside = entry.input(0).shape();
    Access access(entry.shape);
    if (!entry.primitive->move(access) || access.shape() != inside) return void(node.kind = Kind::opaque);
    node.view = static_cast<std::int32_t>(graph_.views.size());
    graph_.views.push_back({inside, {}});
    for (const Access::Axis& axis : access.axes) graph_.views.back().strides.push_back(axis.stride);
  }

  // Composes the movement of a view with those of the views below it, down to a leaf or a computed value. A transposed
  // product is not composed, because push_transposes() may make another product of it. A vector that is repeated for
  // each row counts as moved only if it is a leaf, which rows of any length can read; else the program may compute it.
  void set_movements(Node& node, const Entry& entry) const {
    if (!moves(node) || !is_floating(node.dtype) || !entry.mergeable) return;
    const std::int32_t from = graph_.storage(node.inputs[0]);
    const Movements* before = graph_.movements(from);
    if (before != nullptr && nodes_[from].kind == Kind::transposition &&
        nodes_[before->memory].kind == Kind::contraction)
      before = nullptr;
    std::optional<Movements> found, repeated;
    if (const Node& at = nodes_[from]; before == nullptr && at.kind == Kind::broadcast && !at.leaf && at.entry >= 0) {
      const Entry& repeats = *pending_.entries[static_cast<std::size_t>(at.entry)];
      repeated = Movements{graph_.storage(at.inputs[0]), {}, Access(repeats.input(0).shape())}.then(at.entry, repeats);
      if (repeated) before = &*repeated;
    }
    if (before != nullptr && before->entries.size() < most_movements) found = before->then(node.entry, entry);
    if (!found) found = Movements{from, {}, Access(entry.input(0).shape())}.then(node.entry, entry);
    if (!found) return;
    node.moved = static_cast<std::int32_t>(graph_.moved.size());
    graph_.moved.push_back(*std::move(found));
  }

  bool moves(const Node& node) const {
    const bool in_memory = node.extent == Extent::per_column && nodes_[graph_.storage(node.inputs[0])].leaf;
    return node.kind == Kind::transposition || node.kind == Kind::strided || node.kind == Kind::shifted ||
           (node.kind == Kind::broadcast && (node.extent == Extent::mixed || in_memory));
  }

  Graph& graph_;
  std::vector<Node>& nodes_;
  const Pending& pending_;
  EqualEntries known_;
  std::unordered_map<std::uint64_t, std::int32_t> constants_;  // by the bits of their values
  std::vector<std::int32_t> leaves_;                           // their nodes
};

Graph::Graph(const Pending& pending, const Inputs& inputs) {
  nodes.reserve(pending.entries.size() + pending.entries.size() / 4);  // with leaves and first steps of reductions
  of_entry.reserve(pending.entries.size());
  {
    Builder builder(*this, pending, inputs);  // whose memory is free again before the rewrites
    for (std::size_t i = 0; i < pending.entries.size(); ++i)
      of_entry.push_back(builder.node_of(static_cast<std::int32_t>(i)));
  }
  std::vector<char> is_root(pending.entries.size());
  for (const Entry* root : pending.roots) is_root[pending.numbers.find(root)] = true;
  for (std::size_t i = 0; i < is_root.size(); ++i)
    if (is_root[i]) roots.push_back(of_entry[i]);
  push_transposes();
  fold_products();
  add_products();
  push_movements(pending, inputs.constants);
}

// Counts, for each node, its readers among the nodes that a root depends on. The entries of a root count as readers.
std::vector<std::int32_t> Graph::count_readers() const {
  std::vector<std::int32_t> readers(nodes.size());
  for (const std::int32_t root : roots) readers[root] += 2;
  for (std::size_t i = nodes.size(); i-- > 0;)
    if (readers[i] > 0)
      for (const std::int32_t input : nodes[i].inputs) ++readers[input];
  return readers;
}

void Graph::set_product(Node& node, Product product) {
  node.kind = Kind::contraction;
  node.cheap = false;
  node.product = static_cast<std::int32_t>(products.size());
  products.push_back(product);
}

}  // namespace xgrad::fused
