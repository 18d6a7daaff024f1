#include "autograd/engine/rows/narrow_phase.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused {

namespace {

class Builder {
 public:
  Builder(const Program& program, const Phase& phase, const Aliases& aliases, const std::vector<char>& fixed,
          NarrowSlots& slots)
      : program_(program), phase_(phase), aliases_(aliases), fixed_(fixed), slots_(slots), places_(program) {}

  NarrowPhase build() {
    for (const Step& step : phase_.steps) steps_.push_back(is_reduction(step.code) ? reduction(step) : moved(step));
    result_.has_kernel = std::any_of(steps_.begin(), steps_.end(), [](const Step& step) { return is_sink(step.code); });
    Program& to = result_.program;
    to.dtype = program_.dtype;
    to.registers = program_.registers;
    to.pointers = program_.pointers;
    to.pointers.resize(slots_.next());
    for (Pointer& pointer : to.pointers)
      pointer.shape = Pointer::Shape::full, pointer.accumulator = pointer.placed = false;
    to.phases = {{std::move(steps_), {}}};
    result_.aliases.resize(slots_.next());
    std::iota(result_.aliases.begin(), result_.aliases.end(), std::uint16_t{0});
    std::copy(aliases_.begin(), aliases_.end(), result_.aliases.begin());
    return std::move(result_);
  }

 private:
  static Ref at(std::uint16_t place) { return {Ref::Kind::pointer, place}; }

  Ref moved(const Ref& ref) {
    if (ref.kind != Ref::Kind::register_ || fixed_[ref.index]) return ref;
    const auto [slot, fresh] = slots_.of_register(ref.index);
    if (fresh) result_.spreads.push_back({ref.index, slot});
    return at(slot);
  }
  /// Replaces a step by one step, so that the numbers of values stay.
  Step moved(const Step& step) {
    if (step.code == Code::column) return {Code::copy, {at(places_.first_column)}};
    Step made = step;
    for (Ref& ref : made.in) ref = moved(ref);
    return made;
  }

  /// The number of steps of the phase that write to the memory of pointer p.
  std::int64_t writers(std::uint16_t p) const {
    return std::count_if(phase_.steps.begin(), phase_.steps.end(), [&](const Step& step) {
      return is_sink(step.code) && !is_reduction(step.code) && aliases_[step.out] == aliases_[p];
    });
  }
  /// The pointer in whose memory an operand of a reduction still is after the phase, if any.
  std::optional<std::uint16_t> left_at(const Ref& ref) const {
    if (ref.kind == Ref::Kind::pointer && !program_.pointers[ref.index].mask &&
        (writers(ref.index) == 0 || planted("narrow rows are reduced after a store over them")))
      return ref.index;
    if (ref.kind != Ref::Kind::value) return {};
    for (const Step& step : phase_.steps)
      if (step.code == Code::store && step.in[0] == ref && !program_.pointers[step.out].mask &&
          (writers(step.out) == 1 || planted("narrow rows are reduced where something else was stored last")))
        return step.out;
    return {};
  }
  Step reduction(const Step& step) {
    const Ref& ref = step.in[0];
    const Ref operand = moved(ref);
    std::optional<std::uint16_t> place = left_at(ref);
    if (ref.kind == Ref::Kind::register_ && operand.kind == Ref::Kind::pointer) place = operand.index;
    if (place) {
      result_.reductions.push_back({step.out, *place, step.code});
      return {Code::copy, {operand}};
    }
    const std::uint16_t slot = slots_.take();
    result_.reductions.push_back({step.out, slot, step.code});
    return {Code::store, {operand}, slot};
  }

  const Program& program_;
  const Phase& phase_;
  const Aliases& aliases_;
  const std::vector<char>& fixed_;
  NarrowSlots& slots_;
  const Places places_;
  std::vector<Step> steps_;
  NarrowPhase result_;
};

}  // namespace

NarrowPhase narrow_phase(const Program& program, const Phase& phase, const Aliases& aliases,
                         const std::vector<char>& fixed, NarrowSlots& slots) {
  return Builder(program, phase, aliases, fixed, slots).build();
}

}  // namespace xgrad::fused
