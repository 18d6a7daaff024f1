#pragma once

#include <cstdint>
#include <vector>

#include "autograd/engine/graph/graph.hpp"

namespace xgrad::fused {

/// What a node has to be for those that read it.
struct Requirement {
  Lowering::Kind kind = Lowering::Kind::opaque;  // how it is computed: the graph's, or opaque for some masks
  bool used = false;                             // a root depends on it
  bool materialised = false;                     // it has to be in memory
  bool uniform = false;            // one number, computed from constants alone: each program computes it for itself
  bool reads_stored_mask = false;  // a mask that is in memory, or computed from one
  DType type = boolean;            // of the numbers it is computed with; bool where there are only masks
  std::int64_t columns = 0;        // how many columns a mask asks for; 0 for any
  std::int32_t storage = -1;       // the node whose memory it shares, mostly itself
};

/// What every node of a graph has to be, found from the roots back. A node is materialised where a root, a matrix
/// product or a reference kernel reads it, or a program that cannot compute or repeat it for itself. A mask in memory
/// is computed by its reference kernel.
class Requirements {
 public:
  explicit Requirements(const Graph& graph);

  const Graph& graph() const { return graph_; }
  const Requirement& operator[](std::int32_t node) const { return of_[node]; }
  std::int32_t storage(std::int32_t node) const { return of_[node].storage; }
  /// A mask that programs read from memory, by element, never as a number for a whole row.
  bool is_stored_mask(std::int32_t node) const;
  /// What moves the elements of an operand that programs read where they lie, or null.
  const Movements* moved(std::int32_t input) const {
    const std::int32_t node = of_[input].storage;
    return of_[node].materialised ? nullptr : graph_.movements(node);
  }
  /// By node: whether it is used, and has to be in memory.
  std::vector<bool> in_memory() const;
  /// How many columns an operand asks for: a broadcast those it was made for, a mask those of its operands; 0 for any.
  std::int64_t columns_of(std::int32_t input) const;

 private:
  bool is_computed_mask(std::int32_t node) const;
  void find_masks();
  bool fits_mask(std::int32_t mask, std::int32_t input);
  void find_uniform();
  void find_readers_of_stored_masks();
  bool is_stored_mask_now(std::int32_t node);
  void require_inputs(std::int32_t node);
  void require_operands(std::int32_t node);
  void require_operand(std::int32_t node, std::size_t operand, std::int64_t& columns);
  void require_broadcast(std::int32_t node, std::int32_t broadcast, std::int64_t& columns);
  void materialise(std::int32_t node);
  std::int32_t source_of(std::int32_t input) const;

  const Graph& graph_;
  std::vector<Requirement> of_;  // by node
};

/// The graph as it is planned: views that have to be in memory are copies.
Graph graph_of(const Pending& pending, const Inputs& inputs);

}  // namespace xgrad::fused
