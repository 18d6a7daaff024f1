#include "autograd/transform/line.hpp"

#include <algorithm>
#include <bit>
#include <string_view>
#include <typeinfo>

#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/grad.hpp"
#include "autograd/transform/replay.hpp"

namespace xgrad::detail {

namespace {

std::uint64_t sequence_of(const Entry& entry) { return entry.sequence.load(std::memory_order_relaxed); }

bool is_inside(const Entry& entry, std::uint64_t begin) {
  return entry.owner == Tape::current().thread && sequence_of(entry) > begin;
}

// While it lives, traversals make room for what was recorded since `begin`, not for all pending entries, because there
// are many short ones.
using NearTraversals = TapeScope<std::uint64_t, &Tape::evaluated_at>;

// The entries since `begin` that pass `wanted` and that `root` was computed from, in tape order.
template <class Wanted>
std::vector<Entry*> inside(const Tensor& root, std::uint64_t begin, Wanted wanted) {
  const std::uint64_t top = sequence_of(*root.entry());
  const NearTraversals near(Tape::current().sequence - (std::max(top, begin) - begin));
  Numbering numbering;
  return reachable({&root, 1}, numbering, [&](const Entry& entry) { return is_inside(entry, begin) && wanted(entry); });
}

// Whether the entry stands in for the arguments of a custom_gradient; those are arguments of the entry that reads it.
bool is_stand_in(const Entry& entry) { return std::string_view(entry.primitive->name()) == "custom_arguments"; }

bool is_product(const Entry& entry) {
  return entry.kind == Lowering::Kind::contraction ||
         (entry.kind == Lowering::Kind::elementwise && entry.instruction == Instruction::mul);
}
bool is_quotient(const Entry& entry) {
  return entry.kind == Lowering::Kind::elementwise && entry.instruction == Instruction::div;
}
bool is_one(const Tensor& x) {
  return x.entry()->kind == Lowering::Kind::constant && x.entry()->primitive->lower().value == 1;
}

// Not stop_gradient, which would get a value as soon as x has one; this Tensor is never read.
Tensor without_history(const Tensor& x) {
  const NoGrad untracked;
  return record(x.entry()->where, Identity{}, x);
}

// The description of a primitive as words.
class Words : public Fields {
 public:
  explicit Words(std::vector<std::uint64_t>& words) : words_(words) {}
  void field(const char*, std::int64_t value) override { words_.push_back(static_cast<std::uint64_t>(value)); }
  void field(const char*, double value) override { words_.push_back(std::bit_cast<std::uint64_t>(value)); }
  void field(const char*, const Shape& value) override {
    words_.push_back(static_cast<std::uint64_t>(value.ndim()));
    for (const std::int64_t size : value) words_.push_back(static_cast<std::uint64_t>(size));
  }

 private:
  std::vector<std::uint64_t>& words_;
};

// Records the entry again on these inputs, which include those of a stand-in.
Tensor repeat_on(const Entry& entry, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> own;
  auto next = inputs.begin();
  for (const Tensor& input : entry.input_span()) {
    const Entry& read = *input.entry();
    if (!is_stand_in(read)) {
      own.push_back(*next++);
      continue;
    }
    own.push_back(repeat(read, std::span(next, next + read.input_count)));
    next += read.input_count;
  }
  return repeat(entry, own);
}

}  // namespace

Line::Line(const Tensor& y, const Tensors& xs, const Tensors& directions) {
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const Number number = add_node(Kind::argument, xs[i], true);
    nodes_[number].known = {xs[i], directions[i]};
    nodes_[number].is_known = {true, true};
    begin = std::max(begin, sequence_of(*xs[i].entry()));
  }
  add_entries(y, begin, true);
  root_ = number_of(y);
}

Line::Number Line::add_node(Kind kind, const Tensor& entry, bool with_value) {
  const auto number = static_cast<Number>(nodes_.size());
  nodes_.push_back({kind, entry, with_value, {}, {}, {}, {}, {}, {}});
  if (entry.defined()) numbers_.emplace(entry.entry(), number);
  return number;
}

Line::Number Line::number_of(const Tensor& tensor) {
  const auto found = numbers_.find(tensor.entry());
  return found == numbers_.end() ? add_node(Kind::constant, tensor, true) : found->second;
}

std::vector<Line::Number> Line::inputs_of(const Entry& entry) {
  std::vector<Number> inputs;
  for (const Tensor& input : entry.input_span()) {
    if (!is_stand_in(*input.entry())) {
      inputs.push_back(number_of(input));
      continue;
    }
    for (const Tensor& argument : input.entry()->input_span()) inputs.push_back(number_of(argument));
  }
  return inputs;
}

std::vector<std::uint64_t> Line::key_of(const Entry& entry, const std::vector<Number>& inputs) const {
  std::vector<std::uint64_t> words{reinterpret_cast<std::uintptr_t>(typeid(*entry.primitive).name()),
                                   static_cast<std::uint64_t>(entry.dtype), std::uint64_t{entry.tracked}};
  Words fields(words);
  fields.field("shape", entry.shape);
  if (entry.kind == Lowering::Kind::constant)
    fields.field("value", entry.primitive->lower().value);
  else if (entry.mergeable && !inputs.empty())
    entry.primitive->describe(fields);
  else
    words.push_back(reinterpret_cast<std::uintptr_t>(&entry));  // a description that no other node has
  words.insert(words.end(), inputs.begin(), inputs.end());
  return words;
}

// Adds all entries since `begin` that `root` was computed from. Those that depend on an argument or a derivative are
// tracked.
void Line::add_entries(const Tensor& root, std::uint64_t begin, bool with_value) {
  Numbering numbering;
  const auto entries = reachable(
      {&root, 1}, numbering, [&](const Entry& entry) { return is_inside(entry, begin) && !numbers_.contains(&entry); });
  for (Entry* entry : entries) {
    if (is_stand_in(*entry)) continue;
    std::vector<Number> inputs = inputs_of(*entry);
    auto key = key_of(*entry, inputs);
    if (const auto found = same_.find(key); found != same_.end()) {
      numbers_.emplace(entry, found->second);
      held_.push_back(Tensor::share(entry));
      continue;
    }
    const bool moves = entry->tracked &&
                       std::ranges::any_of(inputs, [&](Number input) { return nodes_[input].kind != Kind::constant; });
    const Kind kind = !moves                ? Kind::constant
                      : is_product(*entry)  ? Kind::product
                      : is_quotient(*entry) ? Kind::quotient
                                            : Kind::unknown;
    const Number number = add_node(kind, Tensor::share(entry), with_value || !entry->tracked);
    nodes_[number].inputs = std::move(inputs);
    same_.emplace(std::move(key), number);
  }
}

// A Tensor like a node, with a number of its own and without history, on which a rule can be recorded.
Tensor Line::stand_in(Number node, bool derivative) {
  const Tensor like = nodes_[node].entry;
  if (!like.tracked()) return like;
  const Tensor result = track(derivative ? zeros_like(like) : without_history(like));
  numbers_.emplace(result.entry(), derivative ? derivative_of(node) : node);
  held_.push_back(result);
  return result;
}

Line::Number Line::derivative_of(Number node) {
  if (const auto found = derivatives_.find(node); found != derivatives_.end()) return found->second;
  const Number number = add_node(Kind::derivative, {}, false);
  nodes_[number].entry = nodes_[node].entry;  // the entry that it is like
  nodes_[number].inputs = {node};
  derivatives_.emplace(node, number);
  return number;
}

void Line::find_tangent(Number number) {
  const NearTraversals near(Tape::current().sequence);
  const Tensor entry = nodes_[number].entry;
  const std::vector<Number> inputs = nodes_[number].inputs;
  std::vector<Tensor> at, moving, along;
  std::vector<Tensor> directions(inputs.size());
  for (const Number input : inputs) at.push_back(stand_in(input, false));
  const Tensor y = repeat_on(*entry.entry(), at), cotangent = track(zeros_like(y));
  numbers_.emplace(y.entry(), number);
  held_.push_back(y);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (nodes_[inputs[i]].kind == Kind::constant) continue;
    moving.push_back(at[i]);
    along.push_back(directions[i] = stand_in(inputs[i], true));
  }
  const std::uint64_t begin = Tape::current().sequence;
  const GradOptions nested{.create_graph = true, .allow_unused = true};
  const std::vector<Tensor> pulled = differentiate({&y, 1}, {&cotangent, 1}, moving, nested);
  const Tensor tangent = differentiate(pulled, along, {&cotangent, 1}, nested)[0];
  moving.push_back(y);
  Node& node = nodes_[number];
  node.kind = Kind::linear;
  if (!tangent.tracked()) return;  // the tangent is zero
  node.tangent = tangent;
  node.stand_ins = std::move(at);
  node.directions = std::move(directions);
  if (!depends_on(tangent, moving, begin)) return;
  node.kind = Kind::composed;
  add_entries(tangent, begin, false);
  nodes_[number].tangent_node = number_of(tangent);
}

bool Line::depends_on(const Tensor& root, const std::vector<Tensor>& stand_ins, std::uint64_t begin) const {
  const auto is_one_of_them = [&](const Tensor& tensor) {
    return std::ranges::any_of(stand_ins, [&](const Tensor& one) { return one.entry() == tensor.entry(); });
  };
  if (is_one_of_them(root)) return true;
  for (const Entry* entry : inside(root, begin, [](const Entry& e) { return e.tracked; }))
    if (std::ranges::any_of(entry->input_span(), is_one_of_them)) return true;
  return false;
}

Tensor Line::coefficient(std::size_t order) {
  std::vector<Want> stack{{root_, order}};
  while (!stack.empty()) {
    const Want want = stack.back();
    if (is_known(want.node, want.order)) {
      stack.pop_back();
      continue;
    }
    const std::size_t before = stack.size();
    for (const Want& need : needs(want))
      if (!is_known(need.node, need.order)) stack.push_back(need);
    if (stack.size() > before) continue;
    Tensor found = compute(want);
    Node& node = nodes_[want.node];
    if (node.known.size() <= want.order) {
      node.known.resize(want.order + 1);
      node.is_known.resize(want.order + 1);
    }
    node.known[want.order] = std::move(found);
    node.is_known[want.order] = true;
    stack.pop_back();
  }
  return known(root_, order);
}

std::vector<Line::Want> Line::needs(const Want& want) {
  const auto [number, order] = want;
  if (nodes_[number].kind == Kind::unknown && order > 0) find_tangent(number);
  const Node& node = nodes_[number];
  std::vector<Want> all;
  if (node.kind == Kind::argument || (node.kind == Kind::constant && order > 0)) return all;
  if (node.kind == Kind::derivative) return {{node.inputs[0], order + 1}};
  if (order == 0) {
    if (!node.recorded_with_value)
      for (const Number input : node.inputs) all.push_back({input, 0});
    return all;
  }
  if (node.kind == Kind::composed) return {{node.tangent_node, order - 1}};
  const bool convolves = node.kind != Kind::linear;
  for (const Number input : node.inputs) {
    const bool first = convolves || nodes_[input].kind == Kind::constant;
    for (std::size_t k = first ? 0 : order; k <= order; ++k) all.push_back({input, k});
  }
  for (std::size_t k = 0; k < order && node.kind == Kind::quotient; ++k) all.push_back({number, k});
  return all;
}

Tensor Line::compute(const Want& want) const {
  const auto [number, order] = want;
  const Node& node = nodes_[number];
  if (node.kind == Kind::argument || (node.kind == Kind::constant && order > 0)) return {};
  if (node.kind == Kind::derivative) {
    const Tensor& next = known(node.inputs[0], order + 1);
    return next.defined() && order > 0 ? next * static_cast<double>(order + 1) : next;
  }
  if (order == 0) return node.recorded_with_value ? node.entry : repeated(node);
  switch (node.kind) {
    case Kind::product:
      return product(node, order);
    case Kind::quotient:
      return quotient(number, order);
    case Kind::linear:
      return linear(node, order);
    default: {
      const Tensor& slope = known(node.tangent_node, order - 1);
      return slope.defined() && order > 1 ? slope / static_cast<double>(order) : slope;
    }
  }
}

// The operation itself on coefficients of order 0. One that may be zero occurs only in operations that are linear in
// it.
Tensor Line::repeated(const Node& node) const {
  std::vector<Tensor> inputs;
  bool any = node.inputs.empty();
  for (const Number input : node.inputs) {
    const Tensor& value = known(input, 0);
    any = any || value.defined();
    inputs.push_back(value.defined() ? value : zeros_like(nodes_[input].entry));
  }
  if (!any) return {};
  if (node.kind == Kind::product) {
    const Entry& entry = *node.entry.entry();
    for (const std::size_t i : {0u, 1u}) {
      if (!known(node.inputs[i], 0).defined()) return {};
      if (entry.kind == Lowering::Kind::elementwise && is_one(inputs[i])) return inputs[1 - i];
    }
  }
  return repeat_on(*node.entry.entry(), inputs);
}

// sum_j a_j b_{k - j}
Tensor Line::product(const Node& node, std::size_t order) const {
  const Entry& entry = *node.entry.entry();
  const bool elementwise = entry.kind == Lowering::Kind::elementwise;
  Tensor total;
  for (std::size_t j = 0; j <= order; ++j) {
    const Tensor &a = known(node.inputs[0], j), &b = known(node.inputs[1], order - j);
    if (!a.defined() || !b.defined()) continue;
    const Tensor part = elementwise && is_one(a)   ? b
                        : elementwise && is_one(b) ? a
                                                   : repeat(entry, std::vector<Tensor>{a, b});
    total = total.defined() ? total + part : part;
  }
  return total;
}

// (a_k - sum_{j < k} q_j b_{k - j}) / b_0
Tensor Line::quotient(Number number, std::size_t order) const {
  const Node& node = nodes_[number];
  Tensor rest = known(node.inputs[0], order);
  for (std::size_t j = 0; j < order; ++j) {
    const Tensor &q = known(number, j), &b = known(node.inputs[1], order - j);
    if (!q.defined() || !b.defined()) continue;
    rest = rest.defined() ? rest - q * b : -(q * b);
  }
  return rest.defined() ? rest / known(node.inputs[1], 0) : rest;
}

Tensor Line::linear(const Node& node, std::size_t order) const {
  if (!node.tangent.defined()) return {};
  Again again;
  bool any = false;
  std::uint64_t begin = ~std::uint64_t{0};
  for (std::size_t i = 0; i < node.directions.size(); ++i) {
    if (!node.directions[i].defined()) {
      again.put(node.stand_ins[i], known(node.inputs[i], 0));
      continue;
    }
    const Tensor& moved = known(node.inputs[i], order);
    any = any || moved.defined();
    again.put(node.directions[i], moved.defined() ? moved : zeros_like(node.directions[i]));
    begin = std::min(begin, sequence_of(*node.directions[i].entry()));
  }
  if (!any) return {};
  for (Entry* entry : inside(node.tangent, begin, [&](const Entry& e) { return e.tracked && !again.contains(e); }))
    again.repeat(*entry);
  return again.of(node.tangent);
}

}  // namespace xgrad::detail
