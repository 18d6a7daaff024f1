// A view of a view that has to be in memory is copied there by a program, from where its elements lie, and so is a view
// with few elements side by side. (What else is moved once its reference kernel copies.)

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/graph/graph.hpp"
#include "autograd/engine/graph/inserted_nodes.hpp"
#include "autograd/engine/programs/placed_view.hpp"

namespace xgrad::fused {

namespace {

bool has_short_runs(Access access) {
  access.coalesce();
  return access.axes.size() > 1 && access.axes.back().size < least_long_run && access.axes.back().stride == 1;
}

}  // namespace

void Graph::copy_views(const std::vector<bool>& in_memory) {
  InsertedNodes inserted(*this);
  for (std::size_t i = 0; i < in_memory.size(); ++i) {
    const auto view = static_cast<std::int32_t>(i);
    const Movements* const found = movements(view);
    if (!in_memory[i] || found == nullptr || (found->entries.size() < 2 && !has_short_runs(found->access))) continue;
    const Node read = nodes[i];
    Node copy;
    copy.kind = Lowering::Kind::elementwise;
    copy.instruction = Instruction::copy;
    copy.dtype = read.dtype;
    copy.cheap = true;
    copy.numel = read.numel;
    copy.entry = read.entry;
    copy.behind_view = read.behind_view;
    copy.inputs = {planted("a view of a view is copied as it was before the last movement") ? read.inputs[0]
                                                                                            : inserted.add(view, read)};
    nodes[i] = std::move(copy);
  }
  inserted.put_in_order();
}

}  // namespace xgrad::fused
