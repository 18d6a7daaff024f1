#include "autograd/engine/plan/grouping.hpp"

#include <algorithm>

#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

constexpr std::size_t most_members = 56;           // of a program over a space
constexpr std::size_t most_scalar_members = 1024;  // of one over a single element
constexpr std::size_t units_looked_at = 16;        // for one that reads the same memory

}  // namespace

Grouping::Grouping(Graph& g, const std::vector<std::int32_t>& roots)
    : graph(g), unit_of(g.nodes.size(), -1), class_of(g.nodes.size(), Class::full) {
  for (std::int32_t node = 0; node < static_cast<std::int32_t>(graph.nodes.size()); ++node)
    held_.push_back(
        graph.nodes[node].kind == Kind::alias && !graph.nodes[node].leaf ? held_[graph.nodes[node].inputs[0]] : node);
  mark_used(roots);
  for (std::int32_t node = 0; node < static_cast<std::int32_t>(graph.nodes.size()); ++node)
    if (graph.nodes[node].used && !graph.nodes[node].leaf) place(node);
  sort();
}

Grouping::Use Grouping::use(std::int32_t input, Class consumer, std::int64_t columns) const {
  const std::int32_t held = held_[input];
  const Node& node = graph.nodes[held];
  if (mask_in_memory(node)) return {held, consumer, consumer == Class::full || consumer == Class::columns};
  if (node.leaf || node.memory) return {held, consumer, true};
  if (node.kind == Kind::constant || node.uniform) return {held, Class::scalar, true};
  if (node.kind != Kind::broadcast) {
    const std::int64_t need = need_of(held);
    const bool fits = consumer == Class::full ? need == 0 || need == columns : need == 0 && !reads_mask_[held];
    return {held, consumer, fits};
  }
  const std::int32_t source = held_[node.inputs[0]];
  const Node& from = graph.nodes[source];
  const bool number = from.uniform || (from.kind == Kind::constant && !from.memory);
  if (node.spread == Spread::scalar || number) return {source, Class::scalar, true};
  const Class as = node.spread == Spread::rows ? Class::rows : Class::columns;
  return {source, as,
          consumer == Class::full && (node.columns == columns || planted("a vector fits rows of any length"))};
}

std::int64_t Grouping::wanted_columns(std::int32_t node) const {
  const Node& at = graph.nodes[node];
  if (at.kind == Kind::reduction && at.spread == Spread::scalar) return graph.nodes[at.inputs[0]].numel;
  if (at.kind != Kind::elementwise) return at.columns;
  for (const std::int32_t input : at.inputs)
    if (const std::int64_t need = need_of(input); need != 0) return need;
  return 0;
}

void Grouping::find_producers(std::int32_t node) {
  producers_.clear();
  for (std::int32_t at : graph.nodes[node].inputs) {
    while (unit_of[at] < 0 && graph.is_view(at) && !planted("a dependency through a view is dropped"))
      at = graph.nodes[at].inputs[0];
    if (unit_of[at] >= 0) producers_.push_back(at);
  }
}

// A sum over rows is known only after the last row.
bool Grouping::sealed(std::int32_t node) const { return class_of[node] == Class::columns; }

bool Grouping::can_depend(std::int32_t unit) const {
  for (const std::int32_t from : producers_) {
    const std::int32_t other = unit_of[from];
    if (other == unit ? sealed(from) && !planted("a sum over rows is read before its last row")
                      : units[other].before.contains(unit))
      return false;
  }
  return true;
}

std::int32_t Grouping::new_unit(Unit unit, std::int32_t node, Class as) {
  unit.members = {node};
  units.push_back(std::move(unit));
  const auto index = static_cast<std::int32_t>(units.size()) - 1;
  unit_of[node] = index;
  class_of[node] = as;
  units[index].reads = reads_of(node);
  depend(index);
  return index;
}

void Grouping::depend(std::int32_t unit) {
  bool more = false;
  for (const std::int32_t from : producers_) {
    const std::int32_t other = unit_of[from];
    if (other == unit || units[unit].before.contains(other)) continue;
    units[unit].before.insert(other);
    if (!planted("a unit knows only its own inputs")) units[unit].before.insert(units[other].before);
    units[other].awaited = more = true;
  }
  if (more) close(unit);
}

// What a unit depends on, all that depend on it do too.
void Grouping::close(std::int32_t unit) {
  if (!units[unit].awaited) return;
  for (Unit& later : units)
    if (later.before.contains(unit) && !planted("later units learn nothing of new inputs"))
      later.before.insert(units[unit].before);
}

bool Grouping::join(std::int32_t node, std::int32_t unit, Class as, std::int64_t wanted) {
  Unit& to = units[unit];
  const Node& at = graph.nodes[node];
  if (to.dead || to.kind != Unit::Kind::program) return false;
  const std::int64_t size = to.rows * to.columns;
  if (to.members.size() >= (size == 1 ? most_scalar_members : most_members)) return false;
  const DType type = types_[node];
  if (type != boolean && to.dtype != boolean && type != to.dtype && !planted("a unit has members of two dtypes"))
    return false;
  const std::int64_t columns = to.split || wanted == 0 ? to.columns : wanted;
  if (wanted != 0 && columns != wanted && !planted("a unit has rows of two lengths")) return false;
  const std::int64_t rows = size / columns;
  const std::int64_t space =
      at.kind == Kind::reduction || at.kind == Kind::pick ? graph.nodes[at.inputs[0]].numel : at.numel;
  if (at.kind == Kind::elementwise && as == Class::rows ? at.numel != rows : space != size) return false;
  const Class consumer = at.kind == Kind::elementwise ? as : Class::full;
  for (std::size_t i = 0; i < at.inputs.size(); ++i) {
    const bool per_row = (at.kind == Kind::place) || (at.kind == Kind::pick && i == 1);
    const Use operand = use(at.inputs[i], per_row ? Class::rows : consumer, columns);
    if (!operand.fits) return false;
    if (unit_of[operand.node] == unit && class_of[operand.node] != operand.as) return false;
  }
  if (!can_depend(unit)) return false;
  if (!planted("a unit keeps its rows when its columns are settled")) to.rows = rows;
  to.columns = columns;
  to.split = to.split || wanted != 0;
  if (to.dtype == boolean) to.dtype = type;
  to.members.push_back(node);
  unit_of[node] = unit;
  class_of[node] = as;
  to.reads |= reads_of(node);
  depend(unit);
  return true;
}

void Grouping::place(std::int32_t node) {
  const Node& at = graph.nodes[node];
  find_producers(node);
  switch (at.kind) {
    case Kind::alias:
      return;
    case Kind::contraction:
      new_unit({.kind = Unit::Kind::product}, node, Class::full);
      return;
    case Kind::elementwise:
      return at.uniform ? void() : place_program(node);
    case Kind::pick:
    case Kind::place:
    case Kind::reduction:
      return place_program(node);
    default:
      if (at.kind == Kind::opaque || at.memory) new_unit({.kind = Unit::Kind::kernel}, node, Class::full);
  }
}

void Grouping::place_program(std::int32_t node) {
  const Kind kind = graph.nodes[node].kind;
  const bool reduces = kind == Kind::reduction || kind == Kind::pick;
  const Class small = graph.nodes[node].spread == Spread::columns ? Class::columns : Class::rows;
  const std::int64_t wanted = wanted_columns(node);
  std::vector<std::int32_t> candidates;
  for (const std::int32_t from : producers_)
    if (units[unit_of[from]].kind == Unit::Kind::program) candidates.push_back(unit_of[from]);
  const std::size_t own = candidates.size();
  for (std::size_t i = units.size(), seen = 0; i-- > 0 && seen < units_looked_at; ++seen)
    if (reads_the_same(units[i], node)) candidates.push_back(static_cast<std::int32_t>(i));
  std::sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(own), std::greater<>());
  for (const std::int32_t unit : candidates) {
    const bool joined = reduces ? join(node, unit, small, wanted)
                                : (kind == Kind::elementwise && join(node, unit, Class::rows, 0)) ||
                                      join(node, unit, Class::full, wanted);
    if (joined) return merge_inputs(node);
  }
  const Node& at = graph.nodes[node];
  const std::int64_t size = reduces ? graph.nodes[at.inputs[0]].numel : at.numel;
  Unit unit{.dtype = types_[node], .columns = size, .split = wanted != 0 || size == 1};
  if (wanted != 0) unit.columns = wanted;
  unit.rows = size / unit.columns;
  new_unit(std::move(unit), node, reduces ? small : size == 1 ? Class::rows : Class::full);
}

std::uint64_t Grouping::reads_of(std::int32_t node) const {
  std::uint64_t bits = 0;
  for (const std::int32_t input : graph.nodes[node].inputs) bits |= std::uint64_t{1} << (held_[input] % 64);
  return bits;
}

// Whether one of its first members reads what the node does.
bool Grouping::reads_the_same(const Unit& unit, std::int32_t node) const {
  if ((unit.reads & reads_of(node)) == 0) return false;
  for (std::size_t m = 0; m < std::min<std::size_t>(unit.members.size(), 16); ++m)
    for (const std::int32_t a : graph.nodes[unit.members[m]].inputs)
      for (const std::int32_t b : graph.nodes[node].inputs)
        if (held_[a] == held_[b] && graph.nodes[held_[a]].kind != Kind::constant) return true;
  return false;
}

void Grouping::merge_inputs(std::int32_t node) {
  for (const std::int32_t from : producers_) {
    const std::int32_t other = unit_of[from], unit = unit_of[node];
    if (other != unit && can_merge(unit, other)) merge(unit, other);
  }
}

bool Grouping::can_merge(std::int32_t a, std::int32_t b) const {
  const Unit &x = units[a], &y = units[b];
  if (x.kind != Unit::Kind::program || y.kind != Unit::Kind::program) return false;
  if (x.rows * x.columns != y.rows * y.columns || (x.split && y.split && x.columns != y.columns)) return false;
  if (x.dtype != boolean && y.dtype != boolean && x.dtype != y.dtype) return false;
  const std::size_t most = x.rows * x.columns == 1 ? most_scalar_members : most_members;
  if (x.members.size() + y.members.size() > most) return false;
  const auto follows = [this](std::int32_t first) {
    return [this, first](std::int32_t between) {
      return units[between].before.contains(first) && !planted("two units become one around a third");
    };
  };
  // Whoever depends on what depends on a unit, depends on that, too.
  if ((y.before.contains(a) && y.before.any(follows(a))) || (x.before.contains(b) && x.before.any(follows(b))))
    return false;
  const std::int64_t columns = x.split ? x.columns : y.columns;
  for (const Unit* unit : {&x, &y})
    for (const std::int32_t member : unit->members) {
      const Node& at = graph.nodes[member];
      const Class consumer = at.kind == Kind::elementwise ? class_of[member] : Class::full;
      for (std::size_t i = 0; i < at.inputs.size(); ++i) {
        const bool per_row = at.kind == Kind::place || (at.kind == Kind::pick && i == 1);
        const Use operand = use(at.inputs[i], per_row ? Class::rows : consumer, columns);
        if (!operand.fits) return false;
        const std::int32_t made = unit_of[operand.node];
        if ((made == a || made == b) &&
            (class_of[operand.node] != operand.as ||
             (sealed(operand.node) && !planted("two units become one around a sum over rows"))))
          return false;
      }
    }
  return true;
}

void Grouping::merge(std::int32_t into, std::int32_t from) {
  Unit &to = units[into], &old = units[from];
  if (!to.split) {
    to.rows = old.rows;
    to.columns = old.columns;
    to.split = old.split;
  }
  if (to.dtype == boolean) to.dtype = old.dtype;
  for (const std::int32_t member : old.members) unit_of[member] = into;
  to.members.insert(to.members.end(), old.members.begin(), old.members.end());
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
  for (Unit& later : units) {
    if (!awaited) break;
    if (&later == &to || !later.before.contains(from)) continue;
    later.before.erase(from);
    if (!planted("who depended on a unit forgets it when it is merged")) later.before.insert(into);
  }
  close(into);
}

void Grouping::sort() {
  for (std::size_t i = 0; i < units.size(); ++i)
    if (!units[i].dead) order.push_back(static_cast<std::int32_t>(i));
  std::vector<std::int64_t> depths(units.size());
  for (const std::int32_t unit : order) depths[unit] = units[unit].before.size();
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return planted("units run in the order in which they were begun") ? a < b : depths[a] < depths[b];
  });
}

}  // namespace xgrad::fused
