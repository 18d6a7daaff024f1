// Matrix products that are only added to something become one step with the addition.

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/graph/graph.hpp"
#include "autograd/engine/products/gemm.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

/// a * b + c, or the same without b: what an elementwise node adds up, and the signs of a and c.
struct Sum {
  std::int32_t a = -1, b = -1, c = -1;
  double sign_a = 1, sign_c = 1;
};

class Adder {
 public:
  Adder(Graph& graph, const std::vector<std::int32_t>& readers) : graph_(graph), readers_(readers) {}

  void look_at(std::int32_t place) {
    Sum sum = sum_of(graph_.nodes[place]);
    if (sum.a < 0) return;
    if (sum.b >= 0 && factor(sum.b) < 0) std::swap(sum.a, sum.b);
    if (sum.b >= 0 && (sum.b = factor(sum.b)) < 0) return;
    // The later one of two products is added to the earlier one.
    const bool a_first = sum.a > sum.c;
    if (!(a_first && add_a(place, sum)) && !add_c(place, sum) && !a_first) add_a(place, sum);
  }

 private:
  /// A term that nothing else reads and that is itself an elementwise product is a and b.
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

  /// The node that holds the only number that this one consists of; -1 if there is none.
  std::int32_t factor(std::int32_t input) const {
    const std::int32_t held = graph_.storage(input);
    const Node& node = graph_.nodes[held];
    if (node.leaf) return node.numel == 1 ? held : -1;
    if (node.kind == Kind::constant) return held;
    return node.kind == Kind::broadcast && node.spread == Spread::scalar ? graph_.storage(node.inputs[0]) : -1;
  }

  bool is_product(std::int32_t input) const {
    const Node& node = graph_.nodes[input];
    return node.kind == Kind::contraction && node.inputs.size() == 2 && node.view < 0 && readers_[input] == 1;
  }

  /// Whether it is in memory anyway.
  bool is_addend(std::int32_t input, const Node& sum) const {
    const Node& node = graph_.nodes[graph_.storage(input)];
    return (node.leaf || node.kind == Kind::contraction) && node.numel == sum.numel && node.dtype == sum.dtype;
  }

  bool add_a(std::int32_t place, const Sum& sum) {
    if (!is_product(sum.a) || !is_addend(sum.c, graph_.nodes[place])) return false;
    if (sum.sign_c < 0) return sum.b < 0 && become(place, sum.a, sum.c, -1, &Gemm::beta, -1);
    return become(place, sum.a, sum.c, sum.b, &Gemm::alpha, sum.sign_a);
  }
  bool add_c(std::int32_t place, const Sum& sum) {
    if (!is_product(sum.c) || !is_addend(sum.a, graph_.nodes[place])) return false;
    if (sum.sign_c < 0) return sum.b < 0 && become(place, sum.c, sum.a, -1, &Gemm::alpha, -1);
    return become(place, sum.c, sum.a, sum.b,
                  planted("the product is scaled in place of what it is added to") ? &Gemm::alpha : &Gemm::beta,
                  sum.sign_a);
  }

  bool become(std::int32_t place, std::int32_t product, std::int32_t addend, std::int32_t factor, double Gemm::*scaled,
              double sign) {
    const Node& from = graph_.nodes[product];
    Node& node = graph_.nodes[place];
    node.kind = Kind::contraction;
    node.cheap = false;
    node.m = from.m;
    node.n = from.n;
    node.depth = from.depth;
    node.batch = from.batch;
    node.turned = from.turned && !planted("a turned product is not turned when it takes an addition in");
    node.inputs = {from.inputs[0], from.inputs[1], addend};
    if (factor >= 0 && !planted("an addition loses its factor")) node.inputs.push_back(factor);
    node.scaled = scaled;
    node.sign = sign;
    return true;
  }

  Graph& graph_;
  const std::vector<std::int32_t>& readers_;
};

}  // namespace

void Graph::add_products(const std::vector<std::int32_t>& roots) {
  const std::vector<std::int32_t> readers = count_readers(roots);
  Adder adder(*this, readers);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (readers[i] > 0) adder.look_at(static_cast<std::int32_t>(i));
}

}  // namespace xgrad::fused
