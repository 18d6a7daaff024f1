// A matrix product that is only added to something becomes one node with the addition.

#include <optional>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/graph/graph.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

/// An elementwise node as sign_a a b + sign_c c; without a second factor, b is -1.
struct Sum {
  std::int32_t a = -1, b = -1, c = -1;
  double sign_a = 1, sign_c = 1;
};

/// The product that computes a sum, and its inputs.
struct WithAddend {
  std::vector<std::int32_t> inputs{};
  Product product{};
};

class Adder {
 public:
  Adder(const Graph& graph, const std::vector<std::int32_t>& readers) : graph_(graph), readers_(readers) {}

  std::optional<WithAddend> product_of(const Node& node) const {
    Sum sum = sum_of(node);
    if (sum.a < 0) return {};
    if (sum.b >= 0 && factor(sum.b) < 0) std::swap(sum.a, sum.b);
    if (sum.b >= 0 && (sum.b = factor(sum.b)) < 0) return {};
    // Of two products the later one takes the sum over: the earlier one can be in memory by then.
    const bool a_first = sum.a > sum.c;
    auto found = a_first ? add_a(node, sum) : add_c(node, sum);
    if (!found) found = a_first ? add_c(node, sum) : add_a(node, sum);
    return found;
  }

 private:
  /// The factors a and b are those of a term that is an elementwise product and that nothing else reads.
  Sum sum_of(const Node& node) const {
    const bool adds = node.instruction == Instruction::add, subtracts = node.instruction == Instruction::sub;
    if (node.kind != Kind::elementwise || !(adds || subtracts)) return {};
    const auto& in = node.inputs;
    const auto is_scaled = [&](std::int32_t term) {
      const Node& at = graph_.nodes[term];
      return at.kind == Kind::elementwise && at.instruction == Instruction::mul && readers_[term] == 1;
    };
    const auto scaled = [&](std::int32_t term) -> const auto& { return graph_.nodes[term].inputs; };
    if (is_scaled(in[1]))
      return {scaled(in[1])[0], scaled(in[1])[1], in[0],
              adds || planted("a scaled term is added where it is subtracted") ? 1.0 : -1.0, 1};
    if (is_scaled(in[0]) && adds) return {scaled(in[0])[0], scaled(in[0])[1], in[1]};
    return {in[0], -1, in[1], 1, adds ? 1.0 : -1.0};
  }

  /// The node that holds the one number that all elements of `input` equal; -1 if they may differ.
  std::int32_t factor(std::int32_t input) const {
    const std::int32_t held = graph_.storage(input);
    const Node& node = graph_.nodes[held];
    if (node.leaf) return node.numel == 1 ? held : -1;
    if (node.kind == Kind::constant) return held;
    return node.kind == Kind::broadcast && node.extent == Extent::scalar ? graph_.storage(node.inputs[0]) : -1;
  }

  bool is_product(std::int32_t input) const {
    const Node& node = graph_.nodes[input];
    return node.kind == Kind::contraction && node.inputs.size() == 2 && graph_.product(node).view < 0 &&
           readers_[input] == 1;
  }

  /// Whether a product can add `input` from memory: a leaf or another product, of the size and dtype of the sum.
  bool is_addend(std::int32_t input, const Node& sum) const {
    const Node& node = graph_.nodes[graph_.storage(input)];
    return (node.leaf || node.kind == Kind::contraction) && node.numel == sum.numel && node.dtype == sum.dtype;
  }

  std::optional<WithAddend> add_a(const Node& node, const Sum& sum) const {
    if (!is_product(sum.a) || !is_addend(sum.c, node)) return {};
    if (sum.sign_c > 0) return with_addend(sum.a, sum.c, sum.b, Scaled::alpha, sum.sign_a);
    if (sum.b >= 0) return {};
    return with_addend(sum.a, sum.c, -1, Scaled::beta, -1);
  }
  std::optional<WithAddend> add_c(const Node& node, const Sum& sum) const {
    if (!is_product(sum.c) || !is_addend(sum.a, node)) return {};
    if (sum.sign_c > 0)
      return with_addend(
          sum.c, sum.a, sum.b,
          planted("the product is scaled in place of what it is added to") ? Scaled::alpha : Scaled::beta, sum.sign_a);
    if (sum.b >= 0) return {};
    return with_addend(sum.c, sum.a, -1, Scaled::alpha, -1);
  }

  WithAddend with_addend(std::int32_t product, std::int32_t addend, std::int32_t factor, Scaled scaled,
                         double sign) const {
    const Node& from = graph_.nodes[product];
    WithAddend result{{from.inputs[0], from.inputs[1], addend}, graph_.product(from)};
    if (planted("a transposed product is not transposed when it takes an addition in"))
      result.product.transposed_a = result.product.transposed_b = false;
    if (factor >= 0 && !planted("an addition loses its factor")) result.inputs.push_back(factor);
    result.product.scaled = scaled;
    result.product.sign = sign;
    return result;
  }

  const Graph& graph_;
  const std::vector<std::int32_t>& readers_;
};

}  // namespace

void Graph::add_products() {
  const std::vector<std::int32_t> readers = count_readers();
  const Adder adder(*this, readers);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (readers[i] == 0) continue;
    auto found = adder.product_of(nodes[i]);
    if (!found) continue;
    nodes[i].inputs = std::move(found->inputs);
    set_product(nodes[i], found->product);
  }
}

}  // namespace xgrad::fused
