// Which nodes of a graph are used, which of them have to be in memory, and what masks ask for.

#include <algorithm>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/grouping.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

bool in_program(const Node& node) {
  return !node.leaf && (node.kind == Kind::elementwise || node.kind == Kind::reduction || node.kind == Kind::pick ||
                        node.kind == Kind::place);
}

}  // namespace

// How many columns an operand asks for: a broadcast for those it was made for, a mask for those of its operands.
std::int64_t Grouping::need_of(std::int32_t input) const {
  const std::int32_t held = held_[input];
  const Node& node = graph.nodes[held];
  if (node.leaf || node.memory) return 0;
  if (node.kind == Kind::broadcast) return node.columns;
  return node.bits && node.kind == Kind::elementwise ? needs_[held] : 0;
}

// The node an operand gets its elements from, a broadcast or not.
std::int32_t Grouping::source_of(std::int32_t input) const {
  const std::int32_t held = held_[input];
  const Node& node = graph.nodes[held];
  return node.kind == Kind::broadcast && !node.leaf ? held_[node.inputs[0]] : held;
}

void Grouping::find_needs() {
  needs_.assign(graph.nodes.size(), 0);
  types_.assign(graph.nodes.size(), boolean);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    if (is_floating(node.dtype)) types_[i] = node.dtype;
    if (node.leaf || !node.bits || node.kind != Kind::elementwise) continue;
    for (const std::int32_t input : node.inputs) {
      const std::int32_t held = held_[input];
      const Node& operand = graph.nodes[held];
      const std::int64_t need = need_of(input);
      bool fits = need == 0 || needs_[i] == 0 || need == needs_[i] ||
                  planted("a mask needs the columns of any of its operands");
      if (operand.kind == Kind::broadcast && !operand.leaf)
        fits = fits && operand.spread != Spread::mixed && need_of(operand.inputs[0]) == 0;
      const DType type = types_[source_of(input)];
      fits = fits && (type == boolean || types_[i] == boolean || type == types_[i]);
      if (type != boolean) types_[i] = type;
      if (!fits) node.kind = Kind::opaque;
      if (need != 0) needs_[i] = need;
    }
    if (node.kind != Kind::opaque) continue;
    needs_[i] = 0;
    types_[i] = boolean;
  }
}

// What is computed from constants alone is one number, which each program computes for itself: not from what is in
// memory, which would have to be there before.
void Grouping::find_uniform() {
  for (Node& node : graph.nodes) {
    const auto number = [&](std::int32_t input) {
      const Node &held = graph.nodes[held_[input]], &source = graph.nodes[source_of(input)];
      return ((!held.memory && !source.memory) || planted("a number in memory is computed from constants")) &&
             (source.kind == Kind::constant || source.uniform);
    };
    node.uniform = node.kind == Kind::elementwise && !node.leaf && !node.memory && is_floating(node.dtype) &&
                   std::all_of(node.inputs.begin(), node.inputs.end(), number);
  }
}

void Grouping::mark_used(const std::vector<std::int32_t>& roots) {
  find_needs();
  for (const std::int32_t root : roots) {
    graph.nodes[root].used = true;
    mark_memory(root);
  }
  // A mask that turns out to be in memory may be read by what was looked at before.
  for (bool again = true; again;) {
    again = false;
    find_mask_readers();
    for (auto node = static_cast<std::int32_t>(graph.nodes.size()) - 1; node >= 0; --node)
      if (graph.nodes[node].used)
        again = (mark_mask(node) && !planted("readers of a mask in memory are looked at once")) || again,
        mark_inputs(node);
  }
  find_uniform();
}

// Which masks are in memory, or are computed from such: none of them can be a number for a whole row.
void Grouping::find_mask_readers() {
  reads_mask_.assign(graph.nodes.size(), false);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const bool computed = node.bits && node.kind == Kind::elementwise && !node.memory;
    reads_mask_[i] = (mask_in_memory(node) && !planted("a mask in memory is a number for its row")) ||
                     (computed && std::any_of(node.inputs.begin(), node.inputs.end(),
                                              [&](std::int32_t input) { return reads_mask_[source_of(input)]; }));
  }
}

// Whether this node is a mask that has turned out to be in memory.
bool Grouping::mark_mask(std::int32_t node) {
  Node& at = graph.nodes[node];
  if (at.leaf || at.kind != Kind::elementwise) return false;
  if (at.bits && at.memory) at.kind = Kind::opaque;  // there the reference kernel writes bool
  if (at.numel == 1)
    for (const std::int32_t input : at.inputs)
      if (mask_in_memory(graph.nodes[held_[input]])) at.kind = Kind::opaque;
  return at.bits && at.kind == Kind::opaque;
}

// What the inputs of a node have to be for it.
void Grouping::mark_inputs(std::int32_t node) {
  const Node& at = graph.nodes[node];
  for (const std::int32_t input : at.inputs) graph.nodes[input].used = true;
  if (at.leaf || at.kind == Kind::alias || at.kind == Kind::constant) return;
  if (at.kind == Kind::contraction) {
    for (std::size_t i = 0; i < at.inputs.size(); ++i) {
      const std::int32_t held = held_[at.inputs[i]];
      const bool number = i == 3 && graph.nodes[held].kind == Kind::constant;
      if (!number) mark_memory(i < 2 ? graph.matrix(at, i).held : held);
    }
  } else if (in_program(at)) {
    mark_operands(node);
  } else if (at.kind == Kind::opaque || at.memory) {
    for (const std::int32_t input : at.inputs) mark_memory(input);
  }
}

// What a node of a program asks of its operands.
void Grouping::mark_operands(std::int32_t node) {
  const Node& at = graph.nodes[node];
  std::int64_t columns = at.columns;
  for (std::size_t i = 0; i < at.inputs.size(); ++i) {
    const std::int32_t held = held_[at.inputs[i]];
    const Node& operand = graph.nodes[held];
    const bool indices = i == 1 && at.kind != Kind::elementwise;
    const bool whole = at.kind == Kind::reduction || (at.kind == Kind::pick && i == 0);
    if (indices || operand.kind == Kind::strided ||
        (operand.kind == Kind::transposition && !planted("a transposition is read where it is not")))
      mark_memory(held);
    if (whole && (operand.kind == Kind::constant || operand.kind == Kind::broadcast)) mark_memory(held);
    const DType type = types_[source_of(held)];
    if (type != boolean && types_[node] != boolean && type != types_[node] &&
        !planted("an operand of another dtype is in no memory"))
      mark_memory(source_of(held));
    const std::int64_t need = need_of(held);
    if (operand.kind != Kind::broadcast && need != 0) {
      if (columns != 0 && columns != need) mark_memory(held);
      columns = need;
    }
    if (operand.kind != Kind::broadcast || operand.memory) continue;
    const std::int32_t source = held_[operand.inputs[0]];
    const Kind kind = graph.nodes[source].kind;
    if (kind == Kind::broadcast || kind == Kind::transposition || kind == Kind::strided || need_of(source) != 0)
      mark_memory(source);
    const bool clash = operand.columns != 0 && columns != 0 && operand.columns != columns &&
                       !planted("two broadcasts agree on their columns");
    const bool mask = reads_mask_[source] && operand.spread != Spread::columns;
    if ((operand.spread == Spread::mixed && !planted("a broadcast of axes apart is in no memory")) || clash || mask ||
        at.kind == Kind::place)
      mark_memory(held);
    if (!operand.memory && operand.columns != 0) columns = operand.columns;
  }
}

void Grouping::mark_memory(std::int32_t node) {
  node = held_[node];
  graph.nodes[node].memory = graph.nodes[node].used = true;
}

// Masks in memory are read by element, never as a number for a whole row.
bool Grouping::mask_in_memory(const Node& node) const {
  return node.dtype == boolean && (node.leaf || node.memory || node.kind == Kind::opaque);
}

}  // namespace xgrad::fused
