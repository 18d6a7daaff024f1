// Moves into a matrix product what is done to its result: a transposition, or sums at strided places.

#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/graph/graph.hpp"

namespace xgrad::fused {

void Graph::push_transposes() {
  const std::vector<std::int32_t> readers = count_readers();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Node& node = nodes[i];
    if (readers[i] == 0 || node.kind != Lowering::Kind::transposition) continue;
    const Node& from = nodes[node.inputs[0]];
    if (from.kind != Lowering::Kind::contraction || readers[node.inputs[0]] != 1) continue;
    Product product = this->product(from);
    std::swap(product.m, product.n);
    product.transposed_a = !std::exchange(product.transposed_b, !product.transposed_a);
    node.inputs = {from.inputs[1], from.inputs[0]};
    if (planted("a transposed product keeps the order of its operands")) node.inputs = from.inputs;
    set_product(node, product);
  }
}

void Graph::fold_products() {
  // Each matrix is added up by one thread, so a small batch would leave threads idle.
  constexpr std::int64_t least_batch = 4, most_columns = 1 << 16;
  const std::vector<std::int32_t> readers = count_readers();
  for (Node& node : nodes) {
    if (node.kind != Lowering::Kind::strided_sum) continue;
    node.kind = Lowering::Kind::opaque;
    const std::int32_t from = storage(node.inputs[0]);
    if (nodes[from].kind != Lowering::Kind::contraction || readers[node.inputs[0]] != 1 || readers[from] != 1) continue;
    Product product = this->product(nodes[from]);
    if (product.batch < least_batch || product.n > most_columns || node.numel % product.batch != 0) continue;
    const auto found = offsets_of(views[static_cast<std::size_t>(node.view)], product.batch, product.m, product.n);
    if (!found || !found->lie_apart(node.numel / product.batch)) continue;
    product.view = node.view;
    node.inputs = nodes[from].inputs;
    set_product(node, product);
  }
}

}  // namespace xgrad::fused
