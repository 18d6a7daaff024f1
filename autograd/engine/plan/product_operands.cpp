#include "autograd/engine/plan/product_operands.hpp"

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/products/lay_out.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

// The strides of a view without repeated elements and without padding; nothing for all others.
std::optional<StridedView> strides_of(const Movements& movements) {
  StridedView view{movements.access.shape(), {}};
  for (const Access::Axis& axis : movements.access.axes) {
    if (axis.bounded || (axis.size > 1 && axis.stride <= 0)) return {};
    view.strides.push_back(axis.stride);
  }
  return view;
}

// Where a product reads the elements of a view; nothing if the view has to be materialised first: where neither factor
// has elements that lie along its rows or columns, and where a product of few rows or columns, which reads along the
// depth, finds few elements side by side there.
std::optional<Offsets> offsets(const Requirements& requirements, const Node& node, std::size_t operand, bool transposed,
                               const StridedView& view) {
  const Graph& graph = requirements.graph();
  const Product& product = graph.product(node);
  const std::int64_t outer = operand == 0 ? product.m : product.n;
  const bool depth_last =
      (operand == 0) != (transposed != (operand == 0 ? product.transposed_a : product.transposed_b));
  auto found = depth_last ? offsets_of(view, product.batch, outer, product.depth)
                          : offsets_of(view, product.batch, product.depth, outer);
  if (!found || found->lies_along()) return found;
  const bool along_depth = product.m == 1 || product.n == 1 || adds_in_lanes(product.m, product.n, product.depth);
  if (along_depth && !lies_along_depth(depth_last ? found->columns : found->rows)) return {};
  if (operand == 1) return found;
  const std::int32_t second =
      graph.nodes[node.inputs[1]].kind == Kind::transposition ? graph.nodes[node.inputs[1]].inputs[0] : node.inputs[1];
  const Movements* of_second = requirements.moved(second);
  if (of_second && !of_second->contiguous) return {};
  return found;
}

}  // namespace

ProductOperand product_operand(const Requirements& requirements, const Node& product, std::size_t operand) {
  const Graph& graph = requirements.graph();
  std::int32_t input = product.inputs[operand];
  // A view that is reshaped afterwards no longer has these matrices.
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
  const Movements* const movements = repeated ? nullptr : requirements.moved(held);
  if (movements && movements->contiguous) return {movements->memory, transposed, false, {}, movements};
  const auto view = movements ? strides_of(*movements) : std::nullopt;
  if (auto found = view ? offsets(requirements, product, operand, transposed, *view) : std::nullopt)
    return {movements->memory, transposed, false, std::move(found), movements};
  return {held, transposed, repeated};
}

}  // namespace xgrad::fused
