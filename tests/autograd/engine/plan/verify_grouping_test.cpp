// Units in a wrong order, or with wrong members, are found.

#include "autograd/engine/plan/verify_grouping.hpp"

#include <functional>

#include "tests/autograd/engine/agreement.hpp"

namespace xgrad::fused {
namespace {

// A normalised layer, picked from, and a product.
Roots record() {
  const Tensor x = numbers({6, 5}, 1), index = tensor(std::vector<std::int64_t>{0, 1, 2, 3, 4, 0});
  const Tensor y = exp(matmul(x, numbers({5, 7}, 2))), share = y / sum(y, 1, keep_dims);
  return {matmul(share, numbers({7, 3}, 3)), sum(gather(log(share), 1, reshape(index, {6, 1}))), sum(share, 0)};
}

void with_grouping(const std::function<void(Grouping&)>& body) {
  const Roots roots = record();
  std::vector<Entry*> held;
  for (const Tensor& root : roots) held.push_back(root.entry());
  Numbering numbers;
  std::vector<Entry*> entries = reachable(held, numbers, [](const Entry& entry) { return !entry.evaluated.load(); });
  const Pending pending{entries, numbers, held};
  Graph graph(pending);
  std::vector<std::int32_t> nodes;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (std::find(held.begin(), held.end(), entries[i]) != held.end()) nodes.push_back(graph.of_entry[i]);
  Grouping grouping(graph, nodes);
  body(grouping);
}

void broken(const char* rule, const std::function<void(Grouping&)>& change) {
  with_grouping([&](Grouping& grouping) {
    CHECK_NOTHROW(verify_grouping(grouping));
    change(grouping);
    CHECK_THROWS_WITH(verify_grouping(grouping), Catch::Contains(rule));
  });
}

Unit& program(Grouping& grouping) {
  for (const std::int32_t unit : grouping.order)
    if (Unit& at = grouping.units[static_cast<std::size_t>(unit)]; at.kind == Unit::Kind::program) return at;
  FAIL("there is no program");
  return grouping.units[0];
}

TEST_CASE("units in a wrong order are found", "[verify]") {
  broken("reads what a later one computes", [](Grouping& g) { std::reverse(g.order.begin(), g.order.end()); });
  broken("it does not run", [](Grouping& g) { g.order.pop_back(); });
  broken("it runs twice", [](Grouping& g) { g.order.push_back(g.order[0]); });
  broken("it runs twice", [](Grouping& g) { program(g).dead = true; });
  broken("no such unit", [](Grouping& g) { g.order.push_back(99); });
}

TEST_CASE("members that do not fit their unit are found", "[verify]") {
  broken("another's member", [](Grouping& g) {
    program(g).members.push_back(g.units[static_cast<std::size_t>(g.order.back())].members[0]);
  });
  broken("no member of its unit", [](Grouping& g) { program(g).members.pop_back(); });
  broken("a member has another size", [](Grouping& g) { ++program(g).rows; });
  broken("a member has another size",
         [](Grouping& g) { g.class_of[static_cast<std::size_t>(program(g).members[0])] = Class::columns; });
  broken("indices count other columns", [](Grouping& g) {
    for (Node& node : g.graph.nodes)
      if (node.kind == Lowering::Kind::pick) node.columns = 9;
  });
}

}  // namespace
}  // namespace xgrad::fused
