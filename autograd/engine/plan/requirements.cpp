#include "autograd/engine/plan/requirements.hpp"

#include <algorithm>
#include <cstdlib>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/product_operands.hpp"
#include "autograd/engine/products/block_product.hpp"
#include "autograd/engine/programs/placed_view.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

bool in_program(Kind kind) {
  return kind == Kind::elementwise || kind == Kind::reduction || kind == Kind::gather || kind == Kind::scatter;
}

}  // namespace

Requirements::Requirements(const Graph& graph) : graph_(graph), of_(graph.nodes.size()) {
  const auto count = static_cast<std::int32_t>(of_.size());
  for (std::int32_t node = 0; node < count; ++node) {
    const Node& at = graph.nodes[node];
    of_[node].kind = at.kind;
    of_[node].materialised = at.leaf;
    of_[node].storage = at.kind == Kind::alias && !at.leaf ? of_[at.inputs[0]].storage : node;
  }
  find_masks();
  for (const std::int32_t root : graph.roots) {
    of_[root].used = true;
    materialise(root);
  }
  // Repeats until no mask is found to be in memory any more, because its readers may have been visited before it.
  for (bool again = true; again;) {
    again = false;
    find_readers_of_stored_masks();
    packed_.assign(of_.size(), 0);
    for (std::int32_t node = count - 1; node >= 0; --node) {
      if (!of_[node].used) continue;
      if (is_worth_transposing(node)) materialise(node);
      again = (is_stored_mask_now(node) && !planted("readers of a mask in memory are looked at once")) || again;
      require_inputs(node);
    }
  }
  find_uniform();
}

bool Requirements::is_stored_mask(std::int32_t node) const {
  return graph_.nodes[node].dtype == boolean &&
         (graph_.nodes[node].leaf || of_[node].materialised || of_[node].kind == Kind::opaque);
}

bool Requirements::is_computed_mask(std::int32_t node) const {
  return graph_.nodes[node].is_mask && !graph_.nodes[node].leaf && of_[node].kind == Kind::elementwise;
}

std::vector<bool> Requirements::in_memory() const {
  std::vector<bool> found;
  found.reserve(of_.size());
  for (const Requirement& each : of_) found.push_back(each.used && each.materialised);
  return found;
}

std::int64_t Requirements::columns_of(std::int32_t input) const {
  const std::int32_t node = of_[input].storage;
  if (of_[node].materialised || graph_.movements(node)) return 0;
  if (of_[node].kind == Kind::broadcast) return graph_.nodes[node].columns;
  return is_computed_mask(node) ? of_[node].columns : 0;
}

// The node whose elements an operand has; a broadcast that programs repeat themselves is skipped.
std::int32_t Requirements::source_of(std::int32_t input) const {
  const std::int32_t node = of_[input].storage;
  const Node& at = graph_.nodes[node];
  return at.kind == Kind::broadcast && !at.leaf ? of_[at.inputs[0]].storage : node;
}

// Finds the dtype that each mask is computed with and the columns that it asks for. A mask whose operands disagree is
// computed by its reference kernel.
void Requirements::find_masks() {
  for (std::int32_t node = 0; node < static_cast<std::int32_t>(of_.size()); ++node) {
    const Node& at = graph_.nodes[node];
    if (is_floating(at.dtype)) of_[node].type = at.dtype;
    if (!is_computed_mask(node)) continue;
    bool fits = true;
    for (const std::int32_t input : at.inputs) fits = fits_mask(node, input) && fits;
    if (fits) continue;
    of_[node].kind = Kind::opaque;
    of_[node].columns = 0;
    of_[node].type = boolean;
  }
}

bool Requirements::fits_mask(std::int32_t mask, std::int32_t input) {
  Requirement& of = of_[mask];
  const Node& operand = graph_.nodes[of_[input].storage];
  const std::int64_t columns = columns_of(input);
  bool fits = columns == 0 || of.columns == 0 || columns == of.columns ||
              planted("a mask needs the columns of any of its operands");
  if (operand.kind == Kind::broadcast && !operand.leaf && !graph_.movements(of_[input].storage))
    fits = fits && operand.extent != Extent::mixed && columns_of(operand.inputs[0]) == 0;
  const DType type = of_[source_of(input)].type;
  fits = fits && (type == boolean || of.type == boolean || type == of.type);
  if (type != boolean) of.type = type;
  if (columns != 0) of.columns = columns;
  return fits;
}

// Finds single numbers that each program computes for itself. One that is materialised is not among them, because it
// has to be in memory before the program runs.
void Requirements::find_uniform() {
  for (std::int32_t node = 0; node < static_cast<std::int32_t>(of_.size()); ++node) {
    const Node& at = graph_.nodes[node];
    const auto number = [&](std::int32_t input) {
      const std::int32_t held = of_[input].storage, source = source_of(input);
      return ((!of_[held].materialised && !of_[source].materialised) ||
              planted("a number in memory is computed from constants")) &&
             (graph_.nodes[source].kind == Kind::constant || of_[source].uniform);
    };
    of_[node].uniform = of_[node].kind == Kind::elementwise && !at.leaf && !of_[node].materialised &&
                        is_floating(at.dtype) && std::all_of(at.inputs.begin(), at.inputs.end(), number);
  }
}

void Requirements::find_readers_of_stored_masks() {
  for (std::int32_t node = 0; node < static_cast<std::int32_t>(of_.size()); ++node) {
    const auto& inputs = graph_.nodes[node].inputs;
    of_[node].reads_stored_mask = (is_stored_mask(node) && !planted("a mask in memory is a number for its row")) ||
                                  (is_computed_mask(node) && !of_[node].materialised &&
                                   std::any_of(inputs.begin(), inputs.end(), [&](std::int32_t input) {
                                     return of_[source_of(input)].reads_stored_mask;
                                   }));
  }
}

// Whether this visit finds that a mask has to be in memory, so that its reference kernel computes it as bool.
bool Requirements::is_stored_mask_now(std::int32_t node) {
  const Node& at = graph_.nodes[node];
  Requirement& of = of_[node];
  if (at.leaf || of.kind != Kind::elementwise) return false;
  if (at.is_mask && of.materialised) of.kind = Kind::opaque;
  if (at.numel == 1)
    for (const std::int32_t input : at.inputs)
      if (is_stored_mask(of_[input].storage)) of.kind = Kind::opaque;
  return at.is_mask && of.kind == Kind::opaque;
}

// Whether a product of a few rows lays out its second factor, a transposed matrix, for itself.
bool Requirements::packs_transposed(const Node& node) const {
  const Product& product = graph_.product(node);
  const Node& factor = graph_.nodes[node.inputs[1]];
  if (factor.kind != Kind::transposition || factor.leaf || product.transposed_b) return false;
  constexpr std::int64_t most_rows = 256, deep = 256;  // a deeper product of few rows packs the other factor
  return product.batch == 1 && product.m > 1 && product.m <= most_rows && product.n > 1 &&
         (product.m >= product.n || product.depth < deep) && !adds_in_lanes(product.m, product.n, product.depth);
}

// Whether a transposed matrix is transposed once, in memory, because many products would do it each for itself, as the
// steps of a recurrent network would with its weights. All of these have been looked at.
bool Requirements::is_worth_transposing(std::int32_t node) const {
  constexpr std::int32_t least_products = 4;
  constexpr std::int64_t most_elements = 1 << 18;  // stays in the second-level cache
  if (planted("products transpose one matrix over and over")) return false;
  return packed_[node] >= least_products && graph_.nodes[node].numel <= most_elements &&
         moved(graph_.nodes[node].inputs[0]) == nullptr;
}

void Requirements::require_inputs(std::int32_t node) {
  const Node& at = graph_.nodes[node];
  const Kind kind = of_[node].kind;
  for (const std::int32_t input : at.inputs) of_[input].used = true;
  if (at.leaf || kind == Kind::alias || kind == Kind::constant) return;
  if (kind == Kind::contraction) {
    if (packs_transposed(at)) ++packed_[at.inputs[1]];
    for (std::size_t i = 0; i < at.inputs.size(); ++i) {
      const std::int32_t held = of_[at.inputs[i]].storage;
      const bool number = i == 3 && graph_.nodes[held].kind == Kind::constant;
      if (!number) materialise(i < 2 ? product_operand(*this, at, i).held : held);
    }
  } else if (in_program(kind)) {
    require_operands(node);
  } else if (kind == Kind::opaque || of_[node].materialised) {
    for (const std::int32_t input : at.inputs) {
      const Movements* const movements = joined(at, input);
      materialise(movements ? movements->memory : input);
    }
  }
}

// What lies across, in long runs, is transposed faster in tiles, by its reference kernel.
const Movements* Requirements::joined(const Node& node, std::int32_t input) const {
  const Movements* const movements = node.joins ? moved(input) : nullptr;
  if (movements == nullptr || !movements->scaled.empty()) return nullptr;
  Access access = movements->access;
  access.coalesce();
  const bool along =
      access.axes.empty() || std::abs(access.axes.back().stride) <= 1 || access.axes.back().size < least_long_run;
  return along ? movements : nullptr;
}

void Requirements::require_operands(std::int32_t node) {
  std::int64_t columns = graph_.nodes[node].columns;
  for (std::size_t i = 0; i < graph_.nodes[node].inputs.size(); ++i) require_operand(node, i, columns);
}

// Sets what a node of a program requires of operand i; `columns` is the number that it and the operands before ask for.
void Requirements::require_operand(std::int32_t node, std::size_t i, std::int64_t& columns) {
  const Kind kind = of_[node].kind;
  const std::int32_t held = of_[graph_.nodes[node].inputs[i]].storage;
  const Kind operand = of_[held].kind;
  const bool indices = i == 1 && kind != Kind::elementwise;
  const bool whole = kind == Kind::reduction || (kind == Kind::gather && i == 0);
  if (const Movements* movements = moved(held))
    if (kind != Kind::scatter && of_[node].type == graph_.nodes[held].dtype) return materialise(movements->memory);
  if (indices || operand == Kind::strided || operand == Kind::shifted ||
      (operand == Kind::transposition && !planted("a transposition is read where it is not")))
    materialise(held);
  if (whole && (operand == Kind::constant || operand == Kind::broadcast)) materialise(held);
  const DType type = of_[source_of(held)].type;
  if (type != boolean && of_[node].type != boolean && type != of_[node].type &&
      !planted("an operand of another dtype is in no memory"))
    materialise(source_of(held));
  if (operand == Kind::broadcast) return require_broadcast(node, held, columns);
  const std::int64_t asked = columns_of(held);
  if (asked == 0) return;
  if (columns != 0 && columns != asked) materialise(held);
  columns = asked;
}

// A program repeats a broadcast itself if that has one element per row or per column of its space; else the broadcast
// is materialised.
void Requirements::require_broadcast(std::int32_t node, std::int32_t broadcast, std::int64_t& columns) {
  if (of_[broadcast].materialised) return;
  const Node& operand = graph_.nodes[broadcast];
  const std::int32_t source = of_[operand.inputs[0]].storage;
  const Kind kind = of_[source].kind;
  const Movements* const vector = operand.extent == Extent::per_column ? moved(source) : nullptr;
  if (vector && of_[node].type == graph_.nodes[source].dtype)
    materialise(vector->memory);
  else if (kind == Kind::broadcast || kind == Kind::transposition || kind == Kind::strided || kind == Kind::shifted ||
           columns_of(source) != 0)
    materialise(source);
  const bool clash = operand.columns != 0 && columns != 0 && operand.columns != columns &&
                     !planted("two broadcasts agree on their columns");
  const bool mask = of_[source].reads_stored_mask && operand.extent != Extent::per_column;
  if ((operand.extent == Extent::mixed && !planted("a broadcast of axes apart is in no memory")) || clash || mask ||
      of_[node].kind == Kind::scatter)
    materialise(broadcast);
  if (!of_[broadcast].materialised && operand.columns != 0) columns = operand.columns;
}

void Requirements::materialise(std::int32_t node) {
  Requirement& of = of_[of_[node].storage];
  of.materialised = of.used = true;
}

Graph graph_of(const Pending& pending, const Inputs& inputs) {
  Graph graph(pending, inputs);
  if (!graph.moved.empty()) graph.copy_views(Requirements(graph).in_memory());
  return graph;
}

}  // namespace xgrad::fused
