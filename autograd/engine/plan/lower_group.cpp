#include "autograd/engine/plan/lower_group.hpp"

#include <algorithm>
#include <cstddef>
#include <map>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/group_values.hpp"
#include "autograd/engine/programs/simplify_steps.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

class GroupLowering {
 public:
  GroupLowering(const FusionGroups& groups, std::int32_t group, const std::vector<bool>& stored)
      : requirements_(groups.requirements()),
        graph_(groups.graph()),
        rows_(groups.groups[group].rows),
        dtype_(groups.groups[group].dtype),
        values_(groups, group, stored, memory_) {}

  LoweredGroup run() {
    make_registers();
    begin_phases();
    make_row_steps();
    plan_phases();
    for (std::size_t phase = 0; phase < phases_.size(); ++phase) emit(static_cast<std::int32_t>(phase));
    for (const GroupValue& output : values_.outputs)
      if (output.as == Extent::per_row)
        result_.program.row_stores.push_back({registers_.at(output), row_operand(output.node)});
    for (const GroupValue& element : values_.elements)
      result_.program.element_stores.push_back(
          {registers_.at(element), pointer(element.node, {}), registers_.at({element.index, Extent::per_row})});
    result_.program.dtype = dtype_ == boolean ? float32 : dtype_;
    result_.program.arguments = static_cast<std::uint16_t>(result_.arguments.size());
    return {std::move(result_), std::move(values_.reads)};
  }

 private:
  // ---- registers: values that are one number along a row

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
  bool is_once(std::int32_t n) const { return graph_.nodes[n].numel != rows_; }
  std::uint16_t row_operand(std::int32_t n) {
    const Movements* movements = requirements_.moved(n);
    const std::uint16_t index = result_.program.row_operands++;
    if (movements) result_.moved.push_back({false, is_once(n), index, *movements});
    result_.row_operands.push_back(movements ? movements->memory : n);
    return index;
  }

  // Whether the row scalar of this value is operand 0 itself, so that they share a register: true for a gather, and
  // for the element of a scatter at its own index.
  bool is_operand(const GroupValue& value, const GroupValues::Facts& facts) const {
    if (!facts.computed) return false;
    const Node& n = values_.node(value);
    return n.kind == Kind::gather || (n.kind == Kind::scatter && (graph_.storage(n.inputs[1]) == value.index ||
                                                                  planted("two scattered elements of a row are one")));
  }

  void make_registers() {
    std::vector<GroupValue> elements;
    for (const auto& [value, facts] : values_.facts) {
      if (value.has_columns()) continue;
      const std::uint16_t r = registers_[value] =
          is_operand(value, facts) ? registers_.at(facts.operands[0]) : new_register();
      if (!facts.computed && value.index >= 0) elements.push_back(value);
      if (facts.computed || value.index >= 0) continue;
      const Node& n = values_.node(value);
      const Movements* movements = requirements_.moved(value.node);
      if (n.kind == Kind::constant && !requirements_[value.node].materialised)
        result_.program.loads.push_back({Load::Source::argument, argument({value.node, 0}), r});
      else if (movements)
        result_.program.loads.push_back(
            {Load::Source::rows, row_operand(value.node), r, 0, !movements->contiguous || is_once(value.node)});
      else if (n.numel == 1 && n.dtype != int64)
        result_.program.loads.push_back({Load::Source::argument, argument({value.node, 0}), r});
      else
        result_.program.loads.push_back(
            {n.dtype == int64 ? Load::Source::integers : Load::Source::rows, row_operand(value.node), r});
    }
    for (const GroupValue& element : elements)
      result_.program.loads.push_back({Load::Source::element, pointer(element.node, kind_in_memory(element)),
                                       registers_.at(element), registers_.at({element.index, Extent::per_row})});
  }

  void begin_phases() {
    std::int32_t phases = 0;
    for (const auto& [value, facts] : values_.facts) {
      const bool full = value.as == Extent::full && values_.outputs.contains(value);
      const bool sums = value.as == Extent::per_column && facts.computed && values_.reduces(value);
      if (facts.computed && values_.reduces(value) && value.as == Extent::per_row)
        phases = std::max(phases, facts.level);
      if (full || sums) phases = std::max(phases, facts.level + 1);
    }
    for (std::int32_t phase = 0; phase < phases; ++phase) phases_.emplace_back(memory_);
    result_.program.phases.resize(static_cast<std::size_t>(phases));
  }

  void make_row_steps() {
    for (const auto& [value, facts] : values_.facts) {
      const Kind kind = values_.node(value).kind;
      if (!facts.computed || value.has_columns() || kind == Kind::reduction || is_operand(value, facts)) continue;
      auto& steps = facts.level == 0 || planted("numbers of a row are computed before its phases")
                        ? result_.program.before
                        : result_.program.phases[static_cast<std::size_t>(facts.level - 1)].after;
      std::uint16_t in[3] = {};
      for (std::size_t i = 0; i < facts.operands.size(); ++i) in[i] = registers_.at(facts.operands[i]);
      if (planted("operands that are numbers are swapped")) std::swap(in[0], in[1]);
      const std::uint16_t out = registers_.at(value);
      if (kind == Kind::scatter) {
        const std::uint16_t here = new_register(), column = registers_.at({value.index, Extent::per_row});
        steps.push_back({Code::equal, {in[1], column, 0}, here});
        steps.push_back({Code::where, {here, in[0], literal(0)}, out});
      } else {
        steps.push_back({values_.node(value).instruction, {in[0], in[1], in[2]}, out});
      }
    }
  }

  // ---- phases: which full values each of them computes

  struct PhasePlan {
    explicit PhasePlan(GroupValueMemory& memory) : computes(&memory), carried(&memory), saves(&memory) {}

    GroupValueSet computes;
    GroupValueSet carried;  // computed by an earlier phase, read from scratch or from an output
    GroupValueSet saves;    // written to scratch for a later phase
  };

  // Plans the last phase first, because what it carries over an earlier one has to save.
  void plan_phases() {
    for (std::size_t phase = phases_.size(); phase-- > 0;) {
      OpenGroupValues open(memory_);
      open.add(phases_[phase].saves);
      add_ends(static_cast<std::int32_t>(phase), open);
      while (!open.empty()) plan_value(static_cast<std::int32_t>(phase), open.take(), open);
    }
  }
  // Adds the values that the phase exists for: outputs, and inputs of the reductions at its end.
  void add_ends(std::int32_t level, OpenGroupValues& open) const {
    for (const auto& [value, facts] : values_.facts) {
      if (!facts.computed) continue;
      const bool ends = values_.reduces(value) && value.as == Extent::per_row && facts.level == level + 1;
      const bool sums = value.as == Extent::per_column && values_.reduces(value) && facts.level == level;
      if (ends || sums) open.add(facts.operands[0]);
      if (value.as == Extent::full && values_.outputs.contains(value) && facts.level == level) open.add(value);
    }
  }
  // Carries a value of an earlier phase over, or computes it again if it is cheap or a mask.
  void plan_value(std::int32_t level, const GroupValue& value, OpenGroupValues& open) {
    PhasePlan& phase = phases_[static_cast<std::size_t>(level)];
    const GroupValues::Facts& facts = values_.facts.at(value);
    if (!value.has_columns() || !facts.computed) return;
    if (values_.zero.contains(value) && !(values_.outputs.contains(value) && facts.level == level)) return;
    if (facts.level < level && !values_.node(value).cheap && !values_.node(value).is_mask) {
      phase.carried.insert(value);
      if (!values_.outputs.contains(value) && !planted("a carried value is not saved"))
        phases_[static_cast<std::size_t>(facts.level)].saves.insert(value);
      return;
    }
    if (!phase.computes.insert(value).second) return;
    for (const GroupValue& operand : facts.operands) open.add(operand);
  }

  std::uint16_t pointer(std::int32_t n, Pointer kind) {
    for (std::size_t i = 0; i < pointer_nodes_.size(); ++i)
      if (pointer_nodes_[i] == n && result_.program.pointers[i] == kind) return static_cast<std::uint16_t>(i);
    const auto index = static_cast<std::uint16_t>(result_.pointers.size());
    const Movements* movements = requirements_.moved(n);
    if (movements) result_.moved.push_back({true, false, index, *movements});
    pointer_nodes_.push_back(n);
    result_.pointers.push_back(movements ? movements->memory : n);
    result_.program.pointers.push_back(kind);
    return index;
  }
  Pointer kind_in_memory(const GroupValue& value) const {
    const Movements* movements = requirements_.moved(value.node);
    return {value.as == Extent::per_column ? Pointer::Shape::vector : Pointer::Shape::full,
            values_.node(value).dtype == boolean, false, movements && !movements->contiguous};
  }
  // Returns an output that can hold this value between phases instead of scratch: the last value of the last phase that
  // reads it. Null if later phases read any full value from memory, because the output may share that memory.
  const GroupValue* output_that_holds(const GroupValue& value) {
    auto last = phases_.size() - 1;
    while (!phases_[last].carried.contains(value)) --last;
    for (auto phase = static_cast<std::size_t>(values_.facts.at(value).level) + 1; phase <= last; ++phase)
      for (const GroupValue& computed : phases_[phase].computes)
        for (const GroupValue& operand : values_.facts.at(computed).operands)
          if (operand.as == Extent::full && operand.index < 0 && !values_.facts.at(operand).computed) return nullptr;
    const GroupValue& result = *phases_[last].computes.rbegin();
    const bool stored =
        values_.outputs.contains(result) && values_.facts.at(result).level == static_cast<std::int32_t>(last);
    return stored && !values_.zero.contains(result) &&
                   (taken_.insert(result).second || planted("two carried values lie in one place"))
               ? &result
               : nullptr;
  }

  std::uint16_t scratch(const GroupValue& value) {
    const auto [at, fresh] = scratch_.try_emplace(value, std::uint16_t{0});
    if (!fresh) return at->second;
    if (const GroupValue* result = output_that_holds(value)) {
      at->second = pointer(result->node, {});
    } else {
      pointer_nodes_.push_back(-1);
      result_.pointers.push_back(-1);
      result_.program.pointers.push_back({Pointer::Shape::scratch, false, false});
      at->second = static_cast<std::uint16_t>(result_.pointers.size() - 1);
    }
    return at->second;
  }

  // ---- steps of the phase that is emitted

  Ref ref(const GroupValue& value) {
    if (const auto found = emitted_.find(value); found != emitted_.end()) return found->second;
    if (values_.zero.contains(value)) return {Ref::Kind::register_, literal(0)};
    if (!value.has_columns()) return {Ref::Kind::register_, registers_.at(value)};
    if (phase_->carried.contains(value))
      return {Ref::Kind::pointer, values_.outputs.contains(value) ? pointer(value.node, {}) : scratch(value)};
    return {Ref::Kind::pointer, pointer(value.node, kind_in_memory(value))};
  }
  Ref add(Step step) {
    steps_->push_back(step);
    return {Ref::Kind::value, static_cast<std::uint16_t>(steps_->size() - 1)};
  }

  void emit(std::int32_t level) {
    phase_ = &phases_[static_cast<std::size_t>(level)];
    steps_ = &result_.program.phases[static_cast<std::size_t>(level)].steps;
    emitted_.clear();
    for (const GroupValue& value : phase_->computes) {
      const Ref emitted = emitted_[value] = emit_value(value);
      if (phase_->saves.contains(value)) add({Code::store, {emitted}, scratch(value)});
      if (values_.outputs.contains(value) && values_.facts.at(value).level == level &&
          (!taken_.contains(value) || planted("a store over a carried value is moved forward")))
        add({Code::store, {emitted}, pointer(value.node, {})});
    }
    emit_reductions(level);
    // An output that holds a carried value is stored last, because other steps of the phase may still read that value.
    for (const GroupValue& output : taken_)
      if (values_.facts.at(output).level == level) add({Code::store, {emitted_.at(output)}, pointer(output.node, {})});
    combine(*steps_);
  }

  Ref emit_value(const GroupValue& value) {
    const Operands& operands = values_.facts.at(value).operands;
    if (values_.zero.contains(value)) return ref(value);
    if (values_.node(value).kind == Kind::scatter) {
      const Ref column = add({Code::column, {}});
      const Ref here = add({Code::equal, {column, ref(operands[1])}});
      return add({Code::where, {here, ref(operands[0]), {Ref::Kind::register_, literal(0)}}});
    }
    Step step{values_.node(value).instruction, {}};
    for (std::size_t i = 0; i < operands.size(); ++i) step.in[i] = ref(operands[i]);
    return add(step);
  }

  void emit_reductions(std::int32_t level) {
    for (const auto& [value, facts] : values_.facts) {
      if (!facts.computed || !values_.reduces(value)) continue;
      if (value.as == Extent::per_row && facts.level == level + 1) {
        add({values_.node(value).instruction, {ref(facts.operands[0])}, registers_.at(value)});
      } else if (value.as == Extent::per_column && facts.level == level) {
        const Ref x = ref(facts.operands[0]);
        add({Code::accumulate,
             {x},
             pointer(value.node, {Pointer::Shape::vector, false, !planted("a sum over rows has no start")})});
      }
    }
  }

  const Requirements& requirements_;
  const Graph& graph_;
  std::int64_t rows_;
  DType dtype_;
  std::byte start_[16384];
  GroupValueMemory memory_{start_, sizeof start_};
  GroupValues values_;
  GroupValueSet taken_{&memory_};  // outputs that hold a carried value until they are stored
  GroupValueMap<std::uint16_t> registers_{&memory_}, scratch_{&memory_};
  std::vector<std::int32_t> pointer_nodes_;  // by pointer: the node in whose memory it points, or -1
  std::map<double, std::uint16_t> literals_;
  std::vector<PhasePlan> phases_;
  PhasePlan* phase_ = nullptr;            // the phase that is being emitted
  std::vector<Step>* steps_ = nullptr;    // its steps
  GroupValueMap<Ref> emitted_{&memory_};  // by value: the step that computed it
  Lowered result_;
};

}  // namespace

LoweredGroup lower(const FusionGroups& groups, std::int32_t group, const std::vector<bool>& stored) {
  return GroupLowering(groups, group, stored).run();
}

}  // namespace xgrad::fused
