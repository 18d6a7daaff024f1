#include "autograd/engine/plan/verify_grouping.hpp"

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

class GroupingVerifier {
 public:
  explicit GroupingVerifier(const FusionGroups& groups) : groups_(groups), graph_(groups.graph()) {}

  void run() {
    std::size_t members = 0, in_groups = 0;
    for (now_ = 0; now_ < static_cast<std::int32_t>(groups_.groups.size()); ++now_) members += this->members();
    for (const std::int32_t group : groups_.group_of) in_groups += group >= 0;
    if (members != in_groups) violated("grouping: a node is no member of its group");
  }

 private:
  [[noreturn]] void bad(const char* rule) const { violated("group", now_, rule); }

  std::size_t members() const {
    const FusionGroup& at = groups_.groups[static_cast<std::size_t>(now_)];
    for (const std::int32_t member : at.members) {
      const auto n = static_cast<std::size_t>(member);
      if (n >= groups_.group_of.size() || groups_.group_of[n] != now_) bad("it has another's member");
      if (at.kind == FusionGroup::Kind::program) space(at, member);
      if (const Movements* moved = graph_.movements(member); moved != nullptr && !moved->scaled.empty())
        bad("a view is in memory that has other numbers around it than its entry says");
      for (const std::int32_t input : graph_.nodes[n].inputs) reads(input);
    }
    return at.members.size();
  }

  void space(const FusionGroup& at, std::int32_t member) const {
    const Node& node = graph_.nodes[static_cast<std::size_t>(member)];
    const Extent as = groups_.extent_of[static_cast<std::size_t>(member)];
    const std::int64_t size = as == Extent::full         ? at.rows * at.columns
                              : as == Extent::per_row    ? at.rows
                              : as == Extent::per_column ? at.columns * at.bands
                                                         : 1;
    if (node.numel != size) bad("a member has another size");
    if (as == Extent::per_column && node.bands != at.bands) bad("sums over rows are taken of other bands");
    if (at.bands > 1 && (at.rows % at.bands != 0 || at.columns < narrow_columns)) bad("its rows are in no bands");
    if ((node.kind == Kind::gather || node.kind == Kind::scatter) && node.columns != at.columns)
      bad("indices count other columns");
  }

  // Follows views down to a computed value; a view is in a group only if it is materialised.
  void reads(std::int32_t input) const {
    for (std::int32_t node = input;;) {
      const auto n = static_cast<std::size_t>(node);
      const std::int32_t from = groups_.group_of[n];
      if (from > now_) bad("it reads what a later one computes");
      if (from >= 0 || !graph_.is_view(node)) return;
      node = graph_.nodes[n].inputs[0];
    }
  }

  const FusionGroups& groups_;
  const Graph& graph_;
  std::int32_t now_ = 0;  // the group
};

}  // namespace

void verify_grouping(const FusionGroups& groups) {
  if (verification() != Verification::never) GroupingVerifier(groups).run();
}

}  // namespace xgrad::fused
