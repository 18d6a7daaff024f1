#include "autograd/engine/plan/fusion_groups.hpp"

#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused {

using Kind = Lowering::Kind;

FusionGroups::OperandUse FusionGroups::use(std::int32_t input, Extent consumer, std::int64_t columns) const {
  const Graph& graph = this->graph();
  const std::int32_t held = requirements_.storage(input);
  const Node& node = graph.nodes[held];
  const Requirement& of = requirements_[held];
  if (requirements_.is_stored_mask(held))
    return {held, consumer, consumer == Extent::full || consumer == Extent::per_column};
  if (of.materialised) return {held, consumer, true};
  if (const Movements* movements = graph.movements(held)) {
    const bool vector = node.extent == Extent::per_column && node.columns == columns;
    if (vector && consumer == Extent::full) return {movements->memory, Extent::per_column, true};
    const bool per_row = consumer == Extent::full && movements->repeated == columns && columns > 1;
    return {held, per_row ? Extent::per_row : consumer, true};
  }
  if (node.kind == Kind::constant || of.uniform) return {held, Extent::scalar, true};
  if (node.kind != Kind::broadcast) {
    const std::int64_t asked = requirements_.columns_of(held);
    // A mask in memory is read along the columns, but is no number for a row.
    const bool by_column = consumer == Extent::per_column && !planted("a mask of masks in memory is no vector");
    const bool fits =
        consumer == Extent::full ? asked == 0 || asked == columns : asked == 0 && (by_column || !of.reads_stored_mask);
    return {held, consumer, fits};
  }
  const std::int32_t source = requirements_.storage(node.inputs[0]);
  const bool number = requirements_[source].uniform ||
                      (graph.nodes[source].kind == Kind::constant && !requirements_[source].materialised);
  if (node.extent == Extent::scalar || number) return {source, Extent::scalar, true};
  return {source, node.extent == Extent::per_row ? Extent::per_row : Extent::per_column,
          consumer == Extent::full && (node.columns == columns || planted("a vector fits rows of any length"))};
}

// A reduction and a gather read all columns of operand 0; an index and a scattered value are one number per row.
FusionGroups::OperandUse FusionGroups::use_of_operand(std::int32_t node, std::size_t i, Extent extent,
                                                      std::int64_t columns) const {
  const Kind kind = requirements_[node].kind;
  const bool per_row = kind == Kind::scatter || (kind == Kind::gather && i == 1);
  const Extent consumer = per_row ? Extent::per_row : kind == Kind::elementwise ? extent : Extent::full;
  return use(graph().nodes[node].inputs[i], consumer, columns);
}

}  // namespace xgrad::fused
