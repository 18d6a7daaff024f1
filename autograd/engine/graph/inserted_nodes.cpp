#include "autograd/engine/graph/inserted_nodes.hpp"

#include <algorithm>
#include <utility>

namespace xgrad::fused {

std::int32_t InsertedNodes::add(std::int32_t reader, Node node) {
  graph_.nodes.push_back(std::move(node));
  inserted_.push_back({reader, static_cast<std::int32_t>(graph_.nodes.size()) - 1});
  return inserted_.back().node;
}

/// By node: where it goes.
std::vector<std::int32_t> InsertedNodes::places() {
  const auto before = [](const Inserted& a, const Inserted& b) { return a.reader < b.reader; };
  std::stable_sort(inserted_.begin(), inserted_.end(), before);
  std::vector<std::int32_t> places(graph_.nodes.size(), -1), open;
  std::int32_t next = 0;
  for (std::size_t i = 0; i < first_; ++i)
    for (open.push_back(static_cast<std::int32_t>(i)); !open.empty();) {
      const std::int32_t node = open.back();
      const std::size_t waiting = open.size();
      const auto [first, last] = std::equal_range(inserted_.begin(), inserted_.end(), Inserted{node, -1}, before);
      for (auto at = first; at != last; ++at)
        if (places[at->node] < 0) open.push_back(at->node);
      if (open.size() > waiting) continue;
      open.pop_back();
      places[node] = next++;
    }
  return places;
}

void InsertedNodes::put_in_order() {
  if (inserted_.empty()) return;
  const std::vector<std::int32_t> place = places();
  std::vector<Node> ordered(graph_.nodes.size());
  for (std::size_t i = 0; i < ordered.size(); ++i) ordered[place[i]] = std::move(graph_.nodes[i]);
  for (Node& node : ordered)
    for (std::int32_t& input : node.inputs) input = place[input];
  for (std::int32_t& node : graph_.of_entry) node = place[node];
  for (std::int32_t& node : graph_.roots) node = place[node];
  for (Movements& each : graph_.moved) each.memory = place[each.memory];
  graph_.nodes = std::move(ordered);
}

}  // namespace xgrad::fused
