#pragma once

#include <cstdint>
#include <vector>

#include "autograd/engine/graph/graph.hpp"

namespace xgrad::fused {

/// What the readers of a node require of it.
struct Requirement {
  Lowering::Kind kind = Lowering::Kind::opaque;  // as in the graph, or opaque for masks that reference kernels compute
  bool used = false;                             // whether a root depends on it
  bool materialised = false;                     // whether it has to be in memory
  bool uniform = false;            // one number, computed from constants alone: each program computes it for itself
  bool reads_stored_mask = false;  // a mask that is in memory, or computed from one
  DType type = boolean;            // of the numbers it is computed with; bool where there are only masks
  std::int64_t columns = 0;        // how many columns a mask asks for; 0 for any
  std::int32_t storage = -1;       // the node whose memory it shares, mostly itself
};

/// The requirements of all nodes, found from the roots back. A node is materialised if it is a root, or if it is read
/// by a matrix product, by a reference kernel, or by a program that cannot compute or repeat it itself. A mask in
/// memory is computed by its reference kernel. A transposed matrix is materialised if several products would pack it.
class Requirements {
 public:
  explicit Requirements(const Graph& graph);

  const Graph& graph() const { return graph_; }
  const Requirement& operator[](std::int32_t node) const { return of_[node]; }
  std::int32_t storage(std::int32_t node) const { return of_[node].storage; }
  /// Whether the node is a mask in memory. Programs read it element by element, never as one value for a row.
  bool is_stored_mask(std::int32_t node) const;
  /// The movements of an operand that is a view which programs read in place, or null.
  const Movements* moved(std::int32_t input) const {
    const std::int32_t node = of_[input].storage;
    return of_[node].materialised ? nullptr : graph_.movements(node);
  }
  /// The movements of an input that is joined with others where it lies, or null.
  const Movements* joined(const Node& node, std::int32_t input) const;
  /// By node: whether it is used, and has to be in memory.
  std::vector<bool> in_memory() const;
  /// The number of columns that an operand asks for: of a broadcast that of its space, of a mask that of its operands;
  /// 0 for any.
  std::int64_t columns_of(std::int32_t input) const;

 private:
  bool is_computed_mask(std::int32_t node) const;
  void find_masks();
  bool fits_mask(std::int32_t mask, std::int32_t input);
  void find_uniform();
  void find_readers_of_stored_masks();
  bool is_stored_mask_now(std::int32_t node);
  bool packs_transposed(const Node& product) const;
  bool is_worth_transposing(std::int32_t node) const;
  void require_inputs(std::int32_t node);
  void require_operands(std::int32_t node);
  void require_operand(std::int32_t node, std::size_t operand, std::int64_t& columns);
  void require_broadcast(std::int32_t node, std::int32_t broadcast, std::int64_t& columns);
  void materialise(std::int32_t node);
  std::int32_t source_of(std::int32_t input) const;

  const Graph& graph_;
  std::vector<Requirement> of_;       // by node
  std::vector<std::int32_t> packed_;  // by node: how many products pack it, a transposed matrix
};

/// The graph as it is planned: views that have to be in memory are copies.
Graph graph_of(const Pending& pending, const Inputs& inputs);

}  // namespace xgrad::fused
