#include <algorithm>
#include <functional>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/fusion_groups.hpp"
#include "autograd/engine/plan/open_group.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

constexpr std::size_t groups_looked_at = 16;  // when looking for one that reads the same memory

/// A node whose value another one reads, and whether it is moved in between: read at other places than it is computed.
struct Producer {
  std::int32_t node;
  bool moved;
};

/// Puts the nodes into groups, in tape order.
class Grouping {
 public:
  explicit Grouping(FusionGroups& result)
      : result_(result),
        requirements_(result.requirements()),
        graph_(result.graph()),
        group_of_(result.group_of),
        extent_of_(result.extent_of) {}

  void run() {
    for (std::int32_t node = 0; node < static_cast<std::int32_t>(graph_.nodes.size()); ++node)
      if (requirements_[node].used && !graph_.nodes[node].leaf) place(node);
    put_in_order();
  }

 private:
  Kind kind(std::int32_t node) const { return requirements_[node].kind; }
  const Node& node_at(std::int32_t node) const { return graph_.nodes[node]; }

  // ---- what a node asks of its group

  std::int64_t wanted_columns(std::int32_t node) const {
    const Node& at = node_at(node);
    if (at.kind == Kind::reduction && at.extent == Extent::scalar) return node_at(at.inputs[0]).numel;
    if (kind(node) != Kind::elementwise) return at.columns;
    for (const std::int32_t input : at.inputs)
      if (const std::int64_t asked = requirements_.columns_of(input); asked != 0) return asked;
    return 0;
  }

  // The number of columns that suits the views which a node reads: that of a vector that all rows read, or the run of
  // elements that lie at equal distances; 0 if they do not matter.
  std::int64_t preferred_columns(std::int32_t node) const {
    std::int64_t columns = 0;
    for (const std::int32_t input : node_at(node).inputs) {
      const Movements* movements = requirements_.moved(input);
      if (movements == nullptr || movements->contiguous) continue;
      const Node& view = node_at(requirements_.storage(input));
      if (view.extent == Extent::per_column) return view.columns;
      Access access = movements->access;
      access.coalesce();
      const bool several = access.axes.size() > 1 && access.axes.back().size >= narrow_columns;
      if (several && columns == 0) columns = access.axes.back().size;
    }
    return columns;
  }

  void find_producers(std::int32_t node) {
    producers_.clear();
    for (std::int32_t at : node_at(node).inputs) {
      bool moved = false;
      for (; group_of_[at] < 0 && graph_.is_view(at) && !planted("a dependency through a view is dropped");
           at = node_at(at).inputs[0])
        moved = moved || graph_.movements(at) != nullptr;
      if (group_of_[at] >= 0) producers_.push_back({at, moved});
    }
  }

  // Whether a node sums over rows, so that its value is known only after the last row.
  bool is_sum_over_rows(std::int32_t node) const { return extent_of_[node] == Extent::per_column; }

  // The node in whose memory an operand is read.
  std::int32_t memory_of(std::int32_t input) const {
    const Movements* movements = requirements_.moved(input);
    return movements ? movements->memory : requirements_.storage(input);
  }
  std::uint64_t reads_of(std::int32_t node) const {
    std::uint64_t bits = 0;
    for (const std::int32_t input : node_at(node).inputs) bits |= std::uint64_t{1} << (memory_of(input) % 64);
    return bits;
  }

  // Whether one of the first 16 members of the group reads memory that the node reads.
  bool reads_the_same(const OpenGroup& group, std::int32_t node) const {
    if ((group.reads & reads_of(node)) == 0) return false;
    for (std::size_t m = 0; m < std::min<std::size_t>(group.members.size(), 16); ++m)
      for (const std::int32_t a : node_at(group.members[m]).inputs)
        for (const std::int32_t b : node_at(node).inputs)
          if (memory_of(a) == memory_of(b) && node_at(memory_of(a)).kind != Kind::constant) return true;
    return false;
  }

  // ---- which group a node joins

  void place(std::int32_t node) {
    find_producers(node);
    switch (kind(node)) {
      case Kind::alias:
        return;
      case Kind::contraction:
        begin_group(FusionGroup::Kind::product, node);
        return;
      case Kind::elementwise:
        return requirements_[node].uniform ? void() : place_in_program(node);
      case Kind::gather:
      case Kind::scatter:
      case Kind::reduction:
        return place_in_program(node);
      default:
        if (kind(node) == Kind::opaque || requirements_[node].materialised)
          begin_group(FusionGroup::Kind::kernel, node);
    }
  }

  // A number for each row joins the program that has the rows, if any does.
  void place_in_program(std::int32_t node) {
    const std::int64_t wanted = wanted_columns(node);
    const Extent as = is_reduced(node) ? reduced_extent(node) : Extent::full;
    const auto joins = [this, node, groups = candidates(node)](Extent extent, std::int64_t columns) {
      return std::ranges::any_of(groups, [&](std::int32_t group) { return join(node, group, extent, columns); });
    };
    if ((kind(node) == Kind::elementwise && joins(Extent::per_row, 0)) || joins(as, wanted)) return merge_inputs(node);
    begin_program(node, wanted);
  }
  bool is_reduced(std::int32_t node) const { return kind(node) == Kind::reduction || kind(node) == Kind::gather; }
  // How many bands of rows it adds up apart, if it is a sum over rows.
  std::int64_t bands_of(std::int32_t node) const {
    const bool sums = is_reduced(node) && reduced_extent(node) == Extent::per_column;
    return sums ? node_at(node).bands : 0;
  }
  Extent reduced_extent(std::int32_t node) const {
    return node_at(node).extent == Extent::per_column ? Extent::per_column : Extent::per_row;
  }

  // The groups that the node may join: its producers' programs, the latest first, then programs that read the same
  // memory.
  std::vector<std::int32_t> candidates(std::int32_t node) const {
    std::vector<std::int32_t> found;
    for (const Producer& from : producers_)
      if (groups_[group_of_[from.node]].kind == FusionGroup::Kind::program) found.push_back(group_of_[from.node]);
    std::sort(found.begin(), found.end(), std::greater<>());
    for (std::size_t i = groups_.size(), seen = 0; i-- > 0 && seen < groups_looked_at; ++seen)
      if (reads_the_same(groups_[i], node)) found.push_back(static_cast<std::int32_t>(i));
    return found;
  }

  void begin_program(std::int32_t node, std::int64_t wanted) {
    const bool reduces = is_reduced(node);
    const std::int64_t size = reduces ? node_at(node_at(node).inputs[0]).numel : node_at(node).numel;
    OpenGroup group;
    group.dtype = requirements_[node].type;
    const std::int64_t preferred = reduces || wanted != 0 ? 0 : preferred_columns(node);
    group.columns = wanted != 0 ? wanted : preferred != 0 ? preferred : size;
    group.preferred = preferred != 0;
    group.rows = size / group.columns;
    group.split = wanted != 0 || size == 1;
    group.bands = bands_of(node);
    begin_group(std::move(group), node, reduces ? reduced_extent(node) : size == 1 ? Extent::per_row : Extent::full);
  }
  void begin_group(FusionGroup::Kind kind, std::int32_t node) {
    OpenGroup group;
    group.kind = kind;
    begin_group(std::move(group), node, Extent::full);
  }
  void begin_group(OpenGroup group, std::int32_t node, Extent as) {
    group.members = {node};
    group.reads = reads_of(node);
    group.room = room_of_member(node_at(node), group.rows * group.columns);
    groups_.push_back(std::move(group));
    group_of_[node] = static_cast<std::int32_t>(groups_.size()) - 1;
    extent_of_[node] = as;
    depend(group_of_[node]);
  }

  bool join(std::int32_t node, std::int32_t group, Extent as, std::int64_t wanted) {
    OpenGroup& to = groups_[group];
    if (to.dead || to.kind != FusionGroup::Kind::program) return false;
    const std::int64_t elements = to.rows * to.columns, room = to.room + room_of_member(node_at(node), elements);
    if (room > room_of_program(elements)) return false;
    const DType type = requirements_[node].type;
    if (type != boolean && to.dtype != boolean && type != to.dtype && !planted("a group has members of two dtypes"))
      return false;
    const std::int64_t preferred =
        wanted != 0 || to.split || to.preferred || as != Extent::full || is_reduced(node) ? 0 : preferred_columns(node);
    const std::int64_t columns = preferred != 0 ? preferred : to.split || wanted == 0 ? to.columns : wanted;
    if (wanted != 0 && columns != wanted && !planted("a group has rows of two lengths")) return false;
    const std::int64_t rows = to.rows * to.columns / columns, bands = bands_of(node);
    if (bands != 0 && to.bands != 0 && bands != to.bands && !planted("a group has bands of two sizes")) return false;
    if (!fits_space(node, as, rows, to.rows * to.columns) || !operands_fit(node, group, as, columns) ||
        !can_depend(group))
      return false;
    // A later member may split the group's one row into several; this value would not have a number for each of them.
    if (as == Extent::per_row && rows == 1 && !to.split && wanted == 0) return false;
    if (!planted("a group keeps its rows when its columns are settled")) to.rows = rows;
    to.columns = columns;
    to.bands = std::max(to.bands, bands);
    to.split = to.split || wanted != 0 || (as == Extent::per_row && rows > 1);
    to.preferred = to.preferred || preferred != 0;
    if (to.dtype == boolean) to.dtype = type;
    to.members.push_back(node);
    to.room = room;
    to.reads |= reads_of(node);
    group_of_[node] = group;
    extent_of_[node] = as;
    depend(group);
    return true;
  }
  bool fits_space(std::int32_t node, Extent as, std::int64_t rows, std::int64_t size) const {
    const Node& at = node_at(node);
    if (kind(node) == Kind::elementwise && as == Extent::per_row) return at.numel == rows;
    return (is_reduced(node) ? node_at(at.inputs[0]).numel : at.numel) == size;
  }
  bool operands_fit(std::int32_t node, std::int32_t group, Extent as, std::int64_t columns) const {
    for (std::size_t i = 0; i < node_at(node).inputs.size(); ++i) {
      const auto operand = result_.use_of_operand(node, i, as, columns);
      if (!operand.fits) return false;
      if (group_of_[operand.node] == group && extent_of_[operand.node] != operand.as) return false;
    }
    return true;
  }

  // ---- which groups must have run before

  bool can_depend(std::int32_t group) const {
    for (const Producer& from : producers_) {
      const std::int32_t other = group_of_[from.node];
      if (other != group ? groups_[other].before.contains(group) : is_known_too_late(from)) return false;
    }
    return true;
  }

  // Whether the value is complete only after the last row, so that a reader cannot be in the same group: a sum over
  // rows, or a value that is read at other places than it is computed.
  bool is_known_too_late(const Producer& from) const {
    return (from.moved && !planted("a group reads elsewhere what it computes")) ||
           (is_sum_over_rows(from.node) && !planted("a sum over rows is read before its last row"));
  }

  void depend(std::int32_t group) {
    bool more = false;
    for (const Producer& from : producers_) {
      const std::int32_t other = group_of_[from.node];
      if (other == group || groups_[group].before.contains(other)) continue;
      groups_[group].before.insert(other);
      if (!planted("a group knows only its own inputs")) groups_[group].before.insert(groups_[other].before);
      groups_[other].awaited = more = true;
    }
    if (more) close(group);
  }

  // Dependence is transitive: passes the predecessors of a group on to all groups that depend on it.
  void close(std::int32_t group) {
    if (!groups_[group].awaited) return;
    for (OpenGroup& later : groups_)
      if (later.before.contains(group) && !planted("later groups learn nothing of new inputs"))
        later.before.insert(groups_[group].before);
  }

  // ---- which groups become one

  void merge_inputs(std::int32_t node) {
    for (const Producer& from : producers_) {
      const std::int32_t other = group_of_[from.node], group = group_of_[node];
      if (other != group && can_merge(group, other)) merge(group, other);
    }
  }

  bool can_merge(std::int32_t a, std::int32_t b) const {
    const OpenGroup &x = groups_[a], &y = groups_[b];
    if (x.kind != FusionGroup::Kind::program || y.kind != FusionGroup::Kind::program) return false;
    if (x.rows * x.columns != y.rows * y.columns || (x.split && y.split && x.columns != y.columns)) return false;
    if (x.dtype != boolean && y.dtype != boolean && x.dtype != y.dtype) return false;
    if (x.bands != 0 && y.bands != 0 && x.bands != y.bands) return false;
    if (x.room + y.room > room_of_program(x.rows * x.columns) || stands_between(a, b)) return false;
    const std::int64_t columns = x.split || (x.preferred && !y.split) ? x.columns : y.columns;
    for (const OpenGroup* group : {&x, &y})
      for (const std::int32_t member : group->members)
        if (!operands_fit_merged(member, a, b, columns)) return false;
    return true;
  }
  // Whether a third group has to run between the two. Only predecessors of one of them have to be asked whether they
  // depend on the other.
  bool stands_between(std::int32_t a, std::int32_t b) const {
    const OpenGroup &x = groups_[a], &y = groups_[b];
    const auto follows = [this](std::int32_t first) {
      return [this, first](std::int32_t between) {
        return groups_[between].before.contains(first) && !planted("two groups become one around a third");
      };
    };
    return (y.before.contains(a) && y.before.any(follows(a))) || (x.before.contains(b) && x.before.any(follows(b)));
  }
  bool operands_fit_merged(std::int32_t member, std::int32_t a, std::int32_t b, std::int64_t columns) const {
    for (std::size_t i = 0; i < node_at(member).inputs.size(); ++i) {
      const auto operand = result_.use_of_operand(member, i, extent_of_[member], columns);
      if (!operand.fits) return false;
      const bool moved = requirements_.moved(operand.node) != nullptr;
      const std::int32_t made = group_of_[moved ? memory_of(operand.node) : operand.node];
      if ((made == a || made == b) &&
          ((moved && !planted("two groups become one of which one reads elsewhere what the other computes")) ||
           (!moved && extent_of_[operand.node] != operand.as) ||
           (is_sum_over_rows(operand.node) && !planted("two groups become one around a sum over rows"))))
        return false;
    }
    return true;
  }

  void merge(std::int32_t into, std::int32_t from) {
    OpenGroup &to = groups_[into], &old = groups_[from];
    if (!to.split && (old.split || !to.preferred)) {
      to.rows = old.rows;
      to.columns = old.columns;
      to.split = old.split;
      to.preferred = old.preferred;
    }
    if (to.dtype == boolean) to.dtype = old.dtype;
    to.bands = std::max(to.bands, old.bands);
    for (const std::int32_t member : old.members) group_of_[member] = into;
    to.members.insert(to.members.end(), old.members.begin(), old.members.end());
    to.room += old.room;
    std::sort(to.members.begin(), to.members.end());
    to.reads |= old.reads;
    to.before.insert(old.before);
    to.before.erase(from);
    to.before.erase(into);
    const bool awaited = old.awaited;
    to.awaited = to.awaited || awaited;
    old.dead = true;
    old.members.clear();
    old.before.clear();
    for (OpenGroup& later : groups_) {
      if (!awaited) break;
      if (&later == &to || !later.before.contains(from)) continue;
      later.before.erase(from);
      if (!planted("who depended on a group forgets it when it is merged")) later.before.insert(into);
    }
    close(into);
  }

  // Orders the groups by the number of their predecessors, which is larger than that of each predecessor.
  void put_in_order() {
    std::vector<std::int32_t> order;
    for (std::size_t i = 0; i < groups_.size(); ++i)
      if (!groups_[i].dead) order.push_back(static_cast<std::int32_t>(i));
    std::vector<std::int64_t> depths(groups_.size());
    for (const std::int32_t group : order) depths[group] = groups_[group].before.size();
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
      return planted("groups run in the order in which they were begun") ? a < b : depths[a] < depths[b];
    });
    std::vector<std::int32_t> place(groups_.size(), -1);
    result_.groups.reserve(order.size());
    for (const std::int32_t group : order) {
      place[group] = static_cast<std::int32_t>(result_.groups.size());
      result_.groups.push_back(std::move(groups_[group]));
    }
    for (std::int32_t& group : group_of_)
      if (group >= 0) group = place[group];
  }

  FusionGroups& result_;
  const Requirements& requirements_;
  const Graph& graph_;
  std::vector<std::int32_t>& group_of_;
  std::vector<Extent>& extent_of_;
  std::vector<OpenGroup> groups_;
  // The producers of the node that is being placed; views in between are skipped.
  std::vector<Producer> producers_;
};

}  // namespace

FusionGroups::FusionGroups(const Requirements& requirements)
    : group_of(requirements.graph().nodes.size(), -1),
      extent_of(requirements.graph().nodes.size(), Extent::full),
      requirements_(requirements) {
  Grouping(*this).run();
}

}  // namespace xgrad::fused
