// Groups in a wrong order, or with wrong members, are found.

#include "autograd/engine/plan/verify_grouping.hpp"

#include <functional>

#include "tests/autograd/engine/plan/stages.hpp"

namespace xgrad::fused::verify_grouping_test {
namespace {

// A normalised layer, gathered from, and a product.
Roots record() {
  const Tensor x = numbers({6, 5}, 1), index = tensor(std::vector<std::int64_t>{0, 1, 2, 3, 4, 0});
  const Tensor y = exp(matmul(x, numbers({5, 7}, 2))), share = y / sum(y, 1, keep_dims);
  return {matmul(share, numbers({7, 3}, 3)), sum(gather(log(share), 1, reshape(index, {6, 1}))), sum(share, 0)};
}

void broken(const char* rule, const std::function<void(Graph&, FusionGroups&)>& change) {
  testing::Stages stages(record());
  CHECK_NOTHROW(verify_grouping(stages.groups));
  change(stages.graph, stages.groups);
  CHECK_THROWS_WITH(verify_grouping(stages.groups), Catch::Contains(rule));
}

FusionGroup& program(FusionGroups& groups) {
  for (FusionGroup& group : groups.groups)
    if (group.kind == FusionGroup::Kind::program) return group;
  FAIL("there is no program");
  return groups.groups[0];
}

TEST_CASE("groups in a wrong order are found", "[verify]") {
  broken("reads what a later one computes", [](Graph&, FusionGroups& g) {
    const auto last = static_cast<std::int32_t>(g.groups.size()) - 1;
    std::reverse(g.groups.begin(), g.groups.end());
    for (std::int32_t& group : g.group_of)
      if (group >= 0) group = last - group;
  });
}

TEST_CASE("members that do not fit their group are found", "[verify]") {
  broken("another's member", [](Graph&, FusionGroups& g) { program(g).members.push_back(g.groups.back().members[0]); });
  broken("no member of its group", [](Graph&, FusionGroups& g) { program(g).members.pop_back(); });
  broken("a member has another size", [](Graph&, FusionGroups& g) { ++program(g).rows; });
  broken("a member has another size", [](Graph&, FusionGroups& g) {
    g.extent_of[static_cast<std::size_t>(program(g).members[0])] = Extent::per_column;
  });
  broken("indices count other columns", [](Graph& graph, FusionGroups&) {
    for (Node& node : graph.nodes)
      if (node.kind == Lowering::Kind::gather) node.columns = 9;
  });
}

}  // namespace
}  // namespace xgrad::fused::verify_grouping_test
