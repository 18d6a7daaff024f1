#include "autograd/engine/plan/verify_grouping.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

class Verifier {
 public:
  explicit Verifier(const Grouping& grouping)
      : grouping_(grouping), graph_(grouping.graph), place_(grouping.units.size(), -1) {}

  void run() {
    std::size_t members = 0, in_units = 0;
    for (std::size_t i = 0; i < grouping_.order.size(); ++i) order(i);
    for (const std::int32_t unit : grouping_.order) members += this->members(unit);
    for (std::size_t u = 0; u < grouping_.units.size(); ++u)
      if (!grouping_.units[u].dead && place_[u] < 0) violated("unit", static_cast<std::int64_t>(u), "it does not run");
    for (const std::int32_t unit : grouping_.unit_of) in_units += unit >= 0;
    if (members != in_units) violated("grouping: a node is no member of its unit");
  }

 private:
  void order(std::size_t i) {
    const std::int32_t unit = grouping_.order[i];
    if (unit < 0 || static_cast<std::size_t>(unit) >= grouping_.units.size())
      violated("grouping: there is no such unit");
    std::int64_t& place = place_[static_cast<std::size_t>(unit)];
    if (place >= 0 || grouping_.units[static_cast<std::size_t>(unit)].dead) violated("unit", unit, "it runs twice");
    place = static_cast<std::int64_t>(i);
  }

  std::size_t members(std::int32_t unit) const {
    const Unit& at = grouping_.units[static_cast<std::size_t>(unit)];
    for (const std::int32_t member : at.members) {
      const auto n = static_cast<std::size_t>(member);
      if (n >= grouping_.unit_of.size() || grouping_.unit_of[n] != unit)
        violated("unit", unit, "it has another's member");
      if (at.kind == Unit::Kind::program) space(unit, at, member);
      for (const std::int32_t input : graph_.nodes[n].inputs) reads(unit, input);
    }
    return at.members.size();
  }

  void space(std::int32_t unit, const Unit& at, std::int32_t member) const {
    const Node& node = graph_.nodes[static_cast<std::size_t>(member)];
    const Class as = grouping_.class_of[static_cast<std::size_t>(member)];
    const std::int64_t size = as == Class::full      ? at.rows * at.columns
                              : as == Class::rows    ? at.rows
                              : as == Class::columns ? at.columns
                                                     : 1;
    if (node.numel != size) violated("unit", unit, "a member has another size");
    if ((node.kind == Kind::pick || node.kind == Kind::place) && node.columns != at.columns)
      violated("unit", unit, "indices count other columns");
  }

  // Down to what is computed; views are no members of units, unless they are in memory.
  void reads(std::int32_t unit, std::int32_t input) const {
    for (std::int32_t node = input;;) {
      const auto n = static_cast<std::size_t>(node);
      const std::int32_t from = grouping_.unit_of[n];
      if (from >= 0) {
        const bool before = place_[static_cast<std::size_t>(from)] < place_[static_cast<std::size_t>(unit)];
        if (from != unit && !before) violated("unit", unit, "it reads what a later one computes");
        return;
      }
      if (!graph_.is_view(node)) return;
      node = graph_.nodes[n].inputs[0];
    }
  }

  const Grouping& grouping_;
  const Graph& graph_;
  std::vector<std::int64_t> place_;  // by unit, in the order
};

}  // namespace

void verify_grouping(const Grouping& grouping) {
  if (verification() != Verification::never) Verifier(grouping).run();
}

}  // namespace xgrad::fused
