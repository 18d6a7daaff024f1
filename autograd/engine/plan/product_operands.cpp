#include "autograd/engine/plan/product_operands.hpp"

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/products/block_product.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

// Where a product reads the strided view `held`; nothing where that has to be laid out first: if the elements of both
// factors lay neither along the rows nor along the columns, or if sums are in lanes, which read along the depth.
std::optional<Offsets> offsets(const Graph& graph, const Node& node, std::size_t operand, bool transposed,
                               std::int32_t held) {
  const Product& product = graph.product(node);
  const std::int64_t outer = operand == 0 ? product.m : product.n;
  if (product.m == 1 || product.n == 1 || adds_in_lanes(product.m, product.n, product.depth)) return {};
  const bool depth_last = (operand == 0) != (transposed != product.operands_transposed);
  const StridedView& view = graph.views[static_cast<std::size_t>(graph.nodes[held].view)];
  auto found = depth_last ? offsets_of(view, product.batch, outer, product.depth)
                          : offsets_of(view, product.batch, product.depth, outer);
  if (!found || found->lies_along() || operand == 1) return found;
  const std::int32_t second =
      graph.nodes[node.inputs[1]].kind == Kind::transposition ? graph.nodes[node.inputs[1]].inputs[0] : node.inputs[1];
  if (graph.nodes[graph.storage(second)].kind == Kind::strided) return {};
  return found;
}

}  // namespace

ProductOperand product_operand(const Requirements& requirements, const Node& product, std::size_t operand) {
  const Graph& graph = requirements.graph();
  std::int32_t input = product.inputs[operand];
  // (What is reshaped afterwards is no such matrix.)
  const auto is = [&](std::int32_t node, Kind kind) {
    return graph.nodes[node].kind == kind && !graph.nodes[node].leaf && !requirements[node].materialised;
  };
  const bool transposed = is(input, Kind::transposition);
  if (transposed) input = graph.nodes[input].inputs[0];
  const Node& node = graph.nodes[input];
  const bool repeated = is(input, Kind::broadcast) && node.extent == Extent::per_column &&
                        (node.columns * graph.product(product).batch == node.numel ||
                         planted("a repeated vector is taken for a repeated matrix"));
  const std::int32_t held = graph.storage(repeated ? node.inputs[0] : input);
  if (!repeated && is(held, Kind::strided))
    if (auto found = offsets(graph, product, operand, transposed, held))
      return {graph.storage(graph.nodes[held].inputs[0]), transposed, false, std::move(found)};
  return {held, transposed, repeated};
}

}  // namespace xgrad::fused
