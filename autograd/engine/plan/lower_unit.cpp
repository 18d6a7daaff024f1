#include "autograd/engine/plan/lower_unit.hpp"

#include <algorithm>
#include <cstddef>
#include <map>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/instances.hpp"
#include "autograd/engine/programs/simplify_steps.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

class UnitLowering {
 public:
  UnitLowering(const Grouping& grouping, std::int32_t unit, std::vector<bool>& stored)
      : grouping_(grouping), graph_(grouping.graph), unit_(unit), at_(grouping.units[unit]), stored_(stored) {}

  Lowered run() {
    for (const std::int32_t member : at_.members)
      if (stored_[member]) sinks_.insert({member, grouping_.class_of[member]});
    collect(sinks_);
    find_placed();
    number_levels();
    make_registers();
    plan_phases();
    for (std::size_t phase = 0; phase < phases_.size(); ++phase) emit(phase);
    for (const Instance& sink : sinks_)
      if (sink.as == Class::rows) result_.program.row_stores.push_back({registers_.at(sink), row_operand(sink.node)});
    for (const Instance& element : elements_)
      result_.program.element_stores.push_back(
          {registers_.at(element), pointer(element.node, {}), registers_.at({element.index, Class::rows})});
    result_.program.dtype = at_.dtype == boolean ? float32 : at_.dtype;
    result_.program.arguments = static_cast<std::uint16_t>(result_.arguments.size());
    return std::move(result_);
  }

 private:
  struct Facts {
    bool computed = false;
    std::int32_t level = 0;  // how many reductions along the row come before
    Operands operands{};
  };

  const Node& node(const Instance& instance) const { return graph_.nodes[instance.node]; }
  bool computed_here(const Instance& instance) const { return facts_.at(instance).computed; }

  // The operands of an instance, were it computed here; nothing if they do not fit.
  bool operands_of(const Instance& instance, Operands& operands) const {
    const Node& n = node(instance);
    const bool elementwise = n.kind == Kind::elementwise;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      const bool per_row = n.kind == Kind::place || (n.kind == Kind::pick && i == 1);
      const auto use = grouping_.use(n.inputs[i],
                                     per_row       ? Class::rows
                                     : elementwise ? instance.as
                                                   : Class::full,
                                     at_.columns);
      if (!use.fits) return false;
      const bool by_column = use.as == Class::full || use.as == Class::columns;
      const std::int32_t index = n.kind == Kind::pick ? graph_.storage(n.inputs[1]) : instance.index;
      operands.add({use.node, use.as, by_column ? index : -1});
    }
    return true;
  }

  // Whether a value of another unit is computed again here rather than read: when it is cheap, and no more than one
  // other value has to be read for it.
  bool again(const Instance& instance) const {
    const Node& n = node(instance);
    if (n.leaf || n.kind != Kind::elementwise || !(n.cheap || n.bits) || n.memory) return false;
    if (instance.as == Class::columns || (instance.as != Class::full && !n.bits)) return n.bits;
    // So few that they are looked through one by one.
    std::vector<Instance> seen{instance}, open{instance};
    std::size_t reads = 0;
    while (!open.empty()) {
      const Instance next = open.back();
      open.pop_back();
      Operands operands;
      if (!operands_of(next, operands)) return n.bits;
      for (const Instance& operand : operands) {
        if (std::find(seen.begin(), seen.end(), operand) != seen.end()) continue;
        seen.push_back(operand);
        if (facts_.contains(operand)) continue;
        const Node& o = node(operand);
        if (o.kind == Kind::constant || operand.as != Class::full || grouping_.unit_of[operand.node] == unit_) continue;
        const bool deeper = !o.leaf && !o.memory && o.kind == Kind::elementwise && (o.cheap || o.bits);
        if (deeper && seen.size() < 12)
          open.push_back(operand);
        else
          ++reads;
      }
    }
    return n.bits || reads <= 1;
  }

  // Everything the sinks need, by node from the last to the first: consumers come before what they consume.
  void collect(const InstanceSet& wanted) {
    OpenInstances open(memory_);
    open.add(wanted);
    while (!open.empty()) {
      const Instance instance = open.take();
      if (facts_.contains(instance)) continue;
      Facts facts;
      const Node& n = node(instance);
      const bool member = grouping_.unit_of[instance.node] == unit_ && grouping_.class_of[instance.node] == instance.as;
      // An element of a row that is computed here, or read, is so too.
      const auto row = instance.index < 0 ? facts_.end() : facts_.find({instance.node, instance.as});
      facts.computed = row != facts_.end()
                           ? row->second.computed
                           : !n.leaf && n.kind != Kind::constant && (n.uniform || member || again(instance));
      if (facts.computed && !operands_of(instance, facts.operands)) throw Unplanned();
      const bool own = grouping_.unit_of[instance.node] == unit_;
      if (!facts.computed && own) throw Unplanned();
      if (!facts.computed && !n.leaf && n.kind != Kind::constant && !planted("what another unit reads is not stored"))
        stored_[instance.node] = true;
      for (const Instance& operand : facts.operands) open.add(operand);
      facts_.emplace_hint(facts_.begin(), instance, facts);
    }
  }

  // A row in which something is placed is computed as if that were 0, and the element where it is once more, by itself,
  // to be stored when the row is done. Not where something is reduced that it is placed in.
  void find_placed() {
    std::map<Instance, std::set<std::int32_t>> placed;
    for (const auto& [instance, facts] : facts_) {
      if (!facts.computed || instance.index >= 0) continue;
      std::set<std::int32_t> indices;
      for (const Instance& operand : facts.operands)
        if (const auto found = placed.find(operand); found != placed.end())
          indices.insert(found->second.begin(), found->second.end());
      if (node(instance).kind == Kind::place) indices.insert(graph_.storage(node(instance).inputs[1]));
      if (indices.empty()) continue;
      if (reduces(instance) && !planted("what is placed in a row is left out of its sum")) return;
      placed.emplace(instance, std::move(indices));
    }
    for (const auto& [instance, indices] : placed) {
      if (node(instance).kind == Kind::place) zero_.insert(instance);
      if (sinks_.contains(instance))
        for (const std::int32_t index : indices) elements_.insert({instance.node, instance.as, index});
    }
    collect(elements_);
  }

  bool reduces(const Instance& instance) const { return node(instance).kind == Kind::reduction; }

  void number_levels() {
    for (auto& [instance, facts] : facts_) {
      for (const Instance& operand : facts.operands) facts.level = std::max(facts.level, facts_.at(operand).level);
      if (facts.computed && reduces(instance) && instance.as == Class::rows &&
          !planted("a reduction is known in its own phase"))
        ++facts.level;
    }
  }

  // ---- registers: what is one number along a row

  std::uint16_t new_register() { return result_.program.registers++; }

  std::uint16_t literal(double value) {
    const auto [at, fresh] = literals_.try_emplace(value, 0);
    if (fresh) {
      at->second = new_register();
      result_.program.loads.push_back({Load::Source::argument, argument({-1, value}), at->second});
    }
    return at->second;
  }
  std::uint16_t argument(Argument a) {
    result_.arguments.push_back(a);
    return static_cast<std::uint16_t>(result_.arguments.size() - 1);
  }
  std::uint16_t row_operand(std::int32_t n) {
    result_.row_operands.push_back(n);
    return result_.program.row_operands++;
  }

  // Whether a number of a row is that of its first operand: what is picked from a row, and where something is placed.
  bool is_operand(const Instance& instance, const Facts& facts) const {
    if (!facts.computed) return false;
    const Node& n = node(instance);
    return n.kind == Kind::pick || (n.kind == Kind::place && (graph_.storage(n.inputs[1]) == instance.index ||
                                                              planted("two places in a row are one")));
  }

  void make_registers() {
    std::vector<Instance> elements;
    for (const auto& [instance, facts] : facts_) {
      if (instance.has_columns()) continue;
      const std::uint16_t r = registers_[instance] =
          is_operand(instance, facts) ? registers_.at(facts.operands[0]) : new_register();
      if (!facts.computed && instance.index >= 0) elements.push_back(instance);
      if (facts.computed || instance.index >= 0) continue;
      const Node& n = node(instance);
      if (n.kind == Kind::constant && !n.memory)
        result_.program.loads.push_back({Load::Source::argument, argument({instance.node, 0}), r});
      else if (n.numel == 1 && n.dtype != int64)
        result_.program.loads.push_back({Load::Source::argument, argument({instance.node, 0}), r});
      else
        result_.program.loads.push_back(
            {n.dtype == int64 ? Load::Source::integers : Load::Source::rows, row_operand(instance.node), r});
    }
    for (const Instance& element : elements)
      result_.program.loads.push_back({Load::Source::element, pointer(element.node, kind_in_memory(element)),
                                       registers_.at(element), registers_.at({element.index, Class::rows})});
    make_row_steps();
  }

  void make_row_steps() {
    std::int32_t phases = 0;
    for (const auto& [instance, facts] : facts_) {
      const bool full = instance.as == Class::full && sinks_.contains(instance);
      const bool sums = instance.as == Class::columns && facts.computed && reduces(instance);
      if (facts.computed && reduces(instance) && instance.as == Class::rows) phases = std::max(phases, facts.level);
      if (full || sums) phases = std::max(phases, facts.level + 1);
    }
    for (std::int32_t phase = 0; phase < phases; ++phase) phases_.emplace_back(memory_);
    result_.program.phases.resize(static_cast<std::size_t>(phases));
    for (const auto& [instance, facts] : facts_) {
      const Kind kind = node(instance).kind;
      if (!facts.computed || instance.has_columns() || kind == Kind::reduction || is_operand(instance, facts)) continue;
      auto& steps = facts.level == 0 || planted("numbers of a row are computed before its phases")
                        ? result_.program.before
                        : result_.program.phases[static_cast<std::size_t>(facts.level - 1)].after;
      std::uint16_t in[3] = {};
      for (std::size_t i = 0; i < facts.operands.size(); ++i) in[i] = registers_.at(facts.operands[i]);
      if (planted("operands that are numbers are swapped")) std::swap(in[0], in[1]);
      const std::uint16_t out = registers_.at(instance);
      if (kind == Kind::place) {
        const std::uint16_t here = new_register(), column = registers_.at({instance.index, Class::rows});
        steps.push_back({Code::equal, {in[1], column, 0}, here});
        steps.push_back({Code::where, {here, in[0], literal(0)}, out});
      } else {
        steps.push_back({node(instance).instruction, {in[0], in[1], in[2]}, out});
      }
    }
  }

  // ---- phases: which full values each of them computes

  struct PhasePlan {
    explicit PhasePlan(InstanceMemory& memory) : computes(&memory), carried(&memory), saves(&memory) {}

    InstanceSet computes;
    InstanceSet carried;  // read from scratch, or from where they were stored
    InstanceSet saves;    // written to scratch for a later phase
  };

  void plan_phases() {
    for (std::size_t l = phases_.size(); l-- > 0;) {
      const auto level = static_cast<std::int32_t>(l);
      OpenInstances open(memory_);
      open.add(phases_[l].saves);
      for (const auto& [instance, facts] : facts_) {
        if (!facts.computed) continue;
        const bool ends = reduces(instance) && instance.as == Class::rows && facts.level == level + 1;
        const bool sums = instance.as == Class::columns && reduces(instance) && facts.level == level;
        if (ends || sums) open.add(facts.operands[0]);
        if (instance.as == Class::full && sinks_.contains(instance) && facts.level == level) open.add(instance);
      }
      while (!open.empty()) {
        const Instance instance = open.take();
        const Facts& facts = facts_.at(instance);
        if (!instance.has_columns() || !facts.computed) continue;
        if (zero_.contains(instance) && !(sinks_.contains(instance) && facts.level == level)) continue;
        if (facts.level < level && !node(instance).cheap && !node(instance).bits) {
          phases_[l].carried.insert(instance);
          if (!sinks_.contains(instance) && !planted("a carried value is not saved"))
            phases_[static_cast<std::size_t>(facts.level)].saves.insert(instance);
          continue;
        }
        if (!phases_[l].computes.insert(instance).second) continue;
        for (const Instance& operand : facts.operands) open.add(operand);
      }
    }
  }

  std::uint16_t pointer(std::int32_t n, Pointer kind) {
    for (std::size_t i = 0; i < result_.pointers.size(); ++i)
      if (result_.pointers[i] == n && result_.program.pointers[i] == kind) return static_cast<std::uint16_t>(i);
    result_.pointers.push_back(n);
    result_.program.pointers.push_back(kind);
    return static_cast<std::uint16_t>(result_.pointers.size() - 1);
  }
  Pointer kind_in_memory(const Instance& instance) const {
    return {instance.as == Class::columns ? Pointer::Shape::vector : Pointer::Shape::full,
            node(instance).dtype == boolean, false};
  }
  // The result that lies where a value can be until the last phase that reads it: the last that this phase computes, if
  // nothing but that value is read from then on, for a result may lie over what has been read before.
  const Instance* result_in_place_of(const Instance& instance) {
    auto last = phases_.size() - 1;
    while (!phases_[last].carried.contains(instance)) --last;
    for (auto phase = static_cast<std::size_t>(facts_.at(instance).level) + 1; phase <= last; ++phase)
      for (const Instance& computed : phases_[phase].computes)
        for (const Instance& operand : facts_.at(computed).operands)
          if (operand.as == Class::full && operand.index < 0 && !facts_.at(operand).computed) return nullptr;
    const Instance& result = *phases_[last].computes.rbegin();
    const bool stored = sinks_.contains(result) && facts_.at(result).level == static_cast<std::int32_t>(last);
    return stored && !zero_.contains(result) &&
                   (taken_.insert(result).second || planted("two carried values lie in one place"))
               ? &result
               : nullptr;
  }

  std::uint16_t scratch(const Instance& instance) {
    const auto [at, fresh] = scratch_.try_emplace(instance, std::uint16_t{0});
    if (!fresh) return at->second;
    if (const Instance* result = result_in_place_of(instance)) {
      at->second = pointer(result->node, {});
    } else {
      result_.pointers.push_back(-1);
      result_.program.pointers.push_back({Pointer::Shape::scratch, false, false});
      at->second = static_cast<std::uint16_t>(result_.pointers.size() - 1);
    }
    return at->second;
  }

  void emit(std::size_t l) {
    const auto level = static_cast<std::int32_t>(l);
    std::vector<Step>& steps = result_.program.phases[l].steps;
    InstanceMap<Ref> values(&memory_);
    const auto ref = [&](const Instance& instance) -> Ref {
      if (const auto found = values.find(instance); found != values.end()) return found->second;
      if (zero_.contains(instance)) return {Ref::Kind::register_, literal(0)};
      if (!instance.has_columns()) return {Ref::Kind::register_, registers_.at(instance)};
      if (phases_[l].carried.contains(instance))
        return {Ref::Kind::pointer, sinks_.contains(instance) ? pointer(instance.node, {}) : scratch(instance)};
      return {Ref::Kind::pointer, pointer(instance.node, kind_in_memory(instance))};
    };
    const auto add = [&](Step step) {
      steps.push_back(step);
      return Ref{Ref::Kind::value, static_cast<std::uint16_t>(steps.size() - 1)};
    };
    for (const Instance& instance : phases_[l].computes) {
      const Facts& facts = facts_.at(instance);
      if (zero_.contains(instance)) {
        values[instance] = ref(instance);
      } else if (node(instance).kind == Kind::place) {
        const Ref column = add({Code::column, {}});
        const Ref here = add({Code::equal, {column, ref(facts.operands[1])}});
        values[instance] = add({Code::where, {here, ref(facts.operands[0]), {Ref::Kind::register_, literal(0)}}});
      } else {
        Step step{node(instance).instruction, {}};
        for (std::size_t i = 0; i < facts.operands.size(); ++i) step.in[i] = ref(facts.operands[i]);
        values[instance] = add(step);
      }
      if (phases_[l].saves.contains(instance)) add({Code::store, {values[instance]}, scratch(instance)});
      if (sinks_.contains(instance) && facts.level == level &&
          (!taken_.contains(instance) || planted("a store over a carried value is moved forward")))
        add({Code::store, {values[instance]}, pointer(instance.node, {})});
    }
    for (const auto& [instance, facts] : facts_) {
      if (!facts.computed || !reduces(instance)) continue;
      if (instance.as == Class::rows && facts.level == level + 1) {
        add({node(instance).instruction, {ref(facts.operands[0])}, registers_.at(instance)});
      } else if (instance.as == Class::columns && facts.level == level) {
        const Ref x = ref(facts.operands[0]);
        add({Code::accumulate,
             {x},
             pointer(instance.node, {Pointer::Shape::vector, false, !planted("a sum over rows has no start")})});
      }
    }
    // A result that lies over a carried value comes last: whatever else the phase does may read that value in memory.
    for (const Instance& result : taken_)
      if (facts_.at(result).level == level) add({Code::store, {values.at(result)}, pointer(result.node, {})});
    combine(steps);
  }

  const Grouping& grouping_;
  const Graph& graph_;
  std::int32_t unit_;
  const Unit& at_;
  std::vector<bool>& stored_;
  std::byte start_[16384];
  InstanceMemory memory_{start_, sizeof start_};
  InstanceSet sinks_{&memory_}, zero_{&memory_}, elements_{&memory_};
  InstanceSet taken_{&memory_};         // results that lie where a carried value is until they are stored
  InstanceMap<Facts> facts_{&memory_};  // in tape order
  InstanceMap<std::uint16_t> registers_{&memory_}, scratch_{&memory_};
  std::map<double, std::uint16_t> literals_;
  std::vector<PhasePlan> phases_;
  Lowered result_;
};

}  // namespace

Lowered lower(const Grouping& grouping, std::int32_t unit, std::vector<bool>& stored) {
  return UnitLowering(grouping, unit, stored).run();
}

}  // namespace xgrad::fused
