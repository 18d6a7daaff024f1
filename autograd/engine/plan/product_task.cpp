#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/product_operands.hpp"
#include "autograd/engine/plan/tasks.hpp"

namespace xgrad::fused {

namespace {

// The offsets of rows and columns, where one distance between rows does not say as much; else null, with that distance
// in `row`.
std::unique_ptr<const Offsets> set_offsets(Offsets offsets, bool& transposed, std::int64_t& row) {
  const auto rows = distance(offsets.rows), columns = distance(offsets.columns);
  if (offsets.lies_along()) {
    const bool along_columns = *columns != 1;
    row = along_columns ? *columns : *rows;
    transposed = transposed != along_columns;
    offsets.rows.clear(), offsets.columns.clear();
  } else {
    if (transposed && !planted("windows that are read transposed are read as they lie"))
      std::swap(offsets.rows, offsets.columns);
    transposed = false;
  }
  return std::make_unique<const Offsets>(std::move(offsets));
}

// Sets transposes, distances and offsets of the factors.
void set_layout(Gemm& gemm, const Product& product, const ProductOperand& a, const ProductOperand& b) {
  gemm.transpose_a =
      a.transposed != (product.transposed_a && !planted("a transposed product takes its first operand as it lies"));
  gemm.transpose_b = b.transposed != product.transposed_b;
  gemm.row_a = gemm.transpose_a ? gemm.m : gemm.k;
  gemm.row_b = gemm.transpose_b ? gemm.k : gemm.n;
  gemm.row_c = gemm.n;
  gemm.batch_a = a.repeated ? 0 : gemm.m * gemm.k;
  gemm.batch_b = b.repeated && !planted("a repeated matrix is taken for a batch") ? 0 : gemm.k * gemm.n;
  gemm.batch_c = gemm.m * gemm.n;
}

}  // namespace

ProductTask product_task(const FusionGroups& groups, std::int32_t index) {
  const Graph& graph = groups.graph();
  const Node& node = graph.nodes[index];
  const Product& product = graph.product(node);
  ProductTask task{.node = index};
  for (const std::int32_t input : node.inputs) task.operands.push_back(graph.storage(input));
  Gemm& gemm = task.product;
  gemm.dtype = node.dtype;
  gemm.m = product.m;
  gemm.n = product.n;
  gemm.k = product.depth;
  gemm.batch = product.batch;
  ProductOperand a = product_operand(groups.requirements(), node, 0),
                 b = product_operand(groups.requirements(), node, 1);
  task.operands[0] = a.held;
  task.operands[1] = b.held;
  if (a.movements) task.moved.push_back({0, *a.movements});
  if (b.movements) task.moved.push_back({1, *b.movements});
  set_layout(gemm, product, a, b);
  if (a.offsets) task.offsets_a = set_offsets(*std::move(a.offsets), gemm.transpose_a, gemm.row_a);
  if (b.offsets) task.offsets_b = set_offsets(*std::move(b.offsets), gemm.transpose_b, gemm.row_b);
  if (product.view >= 0) {
    gemm.batch_c = node.numel / product.batch;
    task.offsets_c = std::make_unique<const Offsets>(
        *offsets_of(graph.views[static_cast<std::size_t>(product.view)], product.batch, product.m, product.n));
  }
  gemm.offsets_a = task.offsets_a.get();
  gemm.offsets_b = task.offsets_b.get();
  gemm.offsets_c = task.offsets_c.get();
  if (product.scaled == Scaled::alpha) gemm.alpha = product.sign;
  if (product.scaled == Scaled::beta) gemm.beta = product.sign;
  if (node.inputs.size() == 4) task.scaled = product.scaled;
  return task;
}

}  // namespace xgrad::fused
