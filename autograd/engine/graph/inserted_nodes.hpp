#pragma once

#include <cstdint>
#include <vector>

#include "autograd/engine/graph/graph.hpp"

namespace xgrad::fused {

/// Nodes that a rewrite adds to a graph, each for one that reads it. They stand behind all others until they are put
/// where they belong.
class InsertedNodes {
 public:
  explicit InsertedNodes(Graph& graph) : graph_(graph), first_(graph.nodes.size()) {}

  /// The number of the new node; references to others are no longer valid.
  std::int32_t add(std::int32_t reader, Node node);
  /// Each before the node that it was added for. All numbers change.
  void put_in_order();

 private:
  struct Inserted {
    std::int32_t reader, node;
  };
  std::vector<std::int32_t> places();

  Graph& graph_;
  std::size_t first_;  // of the new nodes
  std::vector<Inserted> inserted_;
};

}  // namespace xgrad::fused
