// What is cheap and only read elsewhere than it is computed is computed where it is read: view(f(a, b)) becomes
// f(view(a), view(b)), so that f(a, b) needs no memory.

#include <algorithm>
#include <cmath>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/graph/graph.hpp"
#include "autograd/engine/graph/inserted_nodes.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

using Nodes = std::vector<std::int32_t>;

}  // namespace

/// Decides for each view whether what it moves is computed behind it. The node of the view becomes that of f, which
/// reads views of the operands: new nodes, which are put in order at the end. The node that was f stays what its entry
/// is, and nobody reads it any more.
class Graph::Pusher {
 public:
  Pusher(Graph& graph, const Pending& pending, std::span<const double> constants)
      : graph_(graph),
        nodes_(graph.nodes),
        pending_(pending),
        constants_(constants),
        readers_(nodes_.size()),
        views_(nodes_.size()),
        inserted_(graph) {
    count();
  }

  void run() {
    while (!open_.empty()) {
      const std::int32_t view = open_.back();
      open_.pop_back();
      push(view);
    }
    inserted_.put_in_order();
  }

 private:
  // Whoever reads an alias reads what it shares its memory with.
  void count() {
    const std::vector<std::int32_t> used = graph_.count_readers();
    std::vector<char> seen(nodes_.size());
    const auto see = [&](std::int32_t input, int times) {
      const std::int32_t view = graph_.storage(input);
      const Movements* movements = graph_.movements(view);
      if (movements == nullptr || seen[view]) return;
      seen[view] = 1;
      views_[movements->memory] += times;
    };
    for (const std::int32_t root : graph_.roots) {
      readers_[graph_.storage(root)] += 2;
      see(root, 2);
    }
    // A backward pass reads the result of a checkpoint, whose computation it should not repeat for that.
    for (std::size_t i = 0; i < pending_.entries.size(); ++i)
      if (const Entry& entry = *pending_.entries[i]; ends_checkpoint(entry) && may_be_wanted(entry) &&
                                                     !planted("the result of a checkpoint is computed behind a view"))
        readers_[graph_.storage(graph_.of_entry[i])] += 2;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Kind kind = nodes_[i].kind;
      if (used[i] == 0 || nodes_[i].leaf || kind == Kind::alias) continue;
      for (const std::int32_t input : nodes_[i].inputs) {
        ++readers_[graph_.storage(input)];
        const Movements* const moves = graph_.movements(static_cast<std::int32_t>(i));
        const bool through = moves != nullptr && moves->memory != graph_.storage(input);
        if (!through) see(input, 1);
        if (kind == Kind::elementwise || kind == Kind::reduction) open_.push_back(graph_.storage(input));
      }
    }
    std::sort(open_.begin(), open_.end());
    open_.erase(std::unique(open_.begin(), open_.end()), open_.end());
  }

  void push(std::int32_t view) {
    const Movements* const found = graph_.movements(view);
    if (readers_[view] == 0) return;
    if (found == nullptr || found->contiguous || nodes_[view].kind == Kind::broadcast) return;
    const std::int32_t from = found->memory;
    if (views_[from] != 1 || readers_[from] != 1) return;  // others need it in memory
    const Nodes operands = operands_of(from, nodes_[view].dtype);
    if (operands.empty() || !is_worth_it(nodes_[view], nodes_[from], *found, operands.size())) return;
    std::vector<Movements> moves;
    for (const std::int32_t operand : operands)
      if (!add_moved(moves, operand, *found)) return;
    if (found->access.bounded() && !keep_around(nodes_[from], operands, moves)) return;
    rewrite(view, from, operands, std::move(moves));
  }

  // What is read more than once is computed as often, and rows that are no rows in memory are copied for each operand.
  static bool is_worth_it(const Node& view, const Node& f, const Movements& movements, std::size_t operands) {
    Access access = movements.access;
    access.coalesce();
    const bool in_rows = access.axes.empty() || access.axes.back().stride == 1;
    return view.numel <= 2 * f.numel && (operands == 1 || in_rows);
  }

  // What f computes with besides constants, if it is cheap and no more of that has to be in memory than was before.
  Nodes operands_of(std::int32_t f, DType dtype) const {
    const Node& node = nodes_[f];
    if (node.leaf || node.kind != Kind::elementwise || !node.cheap || node.is_mask) return {};
    Nodes operands;
    int more = 0;
    for (const std::int32_t input : node.inputs) {
      const std::int32_t held = graph_.storage(input);
      if (constant(input) >= 0 || std::find(operands.begin(), operands.end(), held) != operands.end()) continue;
      const bool plain = !graph_.is_view(held), moves = graph_.movements(held) != nullptr;
      if ((!plain && !moves) || nodes_[held].numel != node.numel || nodes_[held].dtype != dtype) return {};
      more += plain && !is_in_memory(held);
      operands.push_back(held);
    }
    return more <= 1 ? operands : Nodes();
  }
  bool is_in_memory(std::int32_t node) const {
    return nodes_[node].leaf || nodes_[node].kind != Kind::elementwise || views_[node] > 0;
  }
  // The node of the constant that an input is, or repeats; or -1.
  std::int32_t constant(std::int32_t input) const {
    const std::int32_t held = graph_.storage(input);
    const Node& node = nodes_[held];
    const bool scalar = node.kind == Kind::broadcast && !node.leaf && node.extent == Extent::scalar;
    const std::int32_t from = scalar ? graph_.storage(node.inputs[0]) : held;
    return nodes_[from].kind == Kind::constant && !nodes_[from].leaf ? from : -1;
  }

  // An operand, moved as the view moves f.
  bool add_moved(std::vector<Movements>& moves, std::int32_t operand, const Movements& view) const {
    const Movements* const before = graph_.movements(operand);
    std::optional<Movements> next = before != nullptr ? *before : view;
    if (before == nullptr) {
      next->memory = operand;
    } else {
      if (!before->scaled.empty() || !view.scaled.empty()) return false;
      if (before->entries.size() + view.entries.size() > most_movements) return false;
      for (std::size_t i = 0; i < view.entries.size() && next; ++i)
        next = next->then(view.entries[i], *pending_.entries[static_cast<std::size_t>(view.entries[i])]);
    }
    if (next) moves.push_back(*std::move(next));
    return next.has_value();
  }

  // What a view has around it is 0, not -0, and must be so behind f. It is where f adds, subtracts or multiplies what
  // has 0 there. A negation and a constant factor need 0 of a sign that is found for each run; but then there must be
  // nothing around their operand already, and a factor must be such that it gives 0 at all.
  bool keep_around(const Node& f, const Nodes& operands, std::vector<Movements>& moves) const {
    for (const Movements& each : moves)
      if (each.access.fill != 0 || std::signbit(each.access.fill)) return false;
    const Instruction code = f.instruction;
    const bool plain = std::none_of(f.inputs.begin(), f.inputs.end(), [&](auto input) { return constant(input) >= 0; });
    if (plain && (code == Instruction::add || code == Instruction::sub || code == Instruction::mul))
      return moves[0].scaled.empty();
    const Movements* const before = graph_.movements(operands[0]);
    if (operands.size() > 1 || (before != nullptr && before->access.bounded())) return false;
    if (code == Instruction::neg) {
      moves[0].scaled.push_back(-1);
      return true;
    }
    if (code != Instruction::mul || f.inputs.size() != 2) return false;
    const std::int32_t factor = std::max(constant(f.inputs[0]), constant(f.inputs[1]));
    const std::int32_t argument = nodes_[factor].argument;
    if (!is_moderate(constants_[static_cast<std::size_t>(argument)]) &&
        !planted("what is around a view is finite times infinity"))
      return false;
    moves[0].scaled.push_back(argument);
    return true;
  }

  void rewrite(std::int32_t view, std::int32_t from, const Nodes& operands, std::vector<Movements> moves) {
    const Node read = nodes_[view];
    Node computed = nodes_[from];
    Nodes places;  // of the views of the operands
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (graph_.is_view(operands[i]) && readers_[operands[i]] == 1) forget(operands[i]);
      Node node = read;
      node.inputs = {moves[i].memory};
      node.moved = static_cast<std::int32_t>(graph_.moved.size());
      ++views_[moves[i].memory];
      graph_.moved.push_back(std::move(moves[i]));
      places.push_back(add_node(view, node));
    }
    readers_[from] = views_[from] = 0;
    for (std::int32_t& input : computed.inputs) {
      const std::int32_t held = graph_.storage(input);
      const auto at = std::find(operands.begin(), operands.end(), held);
      if (at != operands.end())
        input = places[static_cast<std::size_t>(at - operands.begin())];
      else if (nodes_[held].kind == Kind::constant)
        input = add_constant(view, nodes_[held], read.numel);
    }
    computed.numel = read.numel;
    nodes_[view] = std::move(computed);
    open_.insert(open_.end(), places.begin(), places.end());
  }
  // Nobody reads it any more.
  void forget(std::int32_t view) {
    --views_[graph_.movements(view)->memory];
    readers_[view] = 0;
  }
  // One number for every element of the view. (What repeats a number does so for any number of elements.)
  std::int32_t add_constant(std::int32_t reader, Node node, std::int64_t numel) {
    node.numel = numel;
    return add_node(reader, std::move(node));
  }
  std::int32_t add_node(std::int32_t reader, Node node) {
    readers_.push_back(1);
    views_.push_back(0);
    return inserted_.add(reader, std::move(node));
  }

  Graph& graph_;
  std::vector<Node>& nodes_;
  const Pending& pending_;
  std::span<const double> constants_;
  std::vector<std::int32_t> readers_;  // by node
  std::vector<std::int32_t> views_;    // by node: how many views of its memory are read, 2 for one that is a root
  InsertedNodes inserted_;
  Nodes open_;  // what nodes of programs read, and has not been looked at
};

void Graph::push_movements(const Pending& pending, std::span<const double> constants) {
  if (!moved.empty()) Pusher(*this, pending, constants).run();
}

}  // namespace xgrad::fused
