#include "autograd/engine/interpreter/tile_code.hpp"

#include <algorithm>
#include <limits>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/programs/step_semantics.hpp"

namespace xgrad::fused {

namespace {

constexpr std::uint16_t nowhere = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t at(Code code) { return static_cast<std::size_t>(code); }

class Builder {
 public:
  Builder(const Program& program, const Phase& phase, const Aliases& aliases, const TileFunctions& functions,
          TileShape shape, const std::vector<char>& single)
      : program_(program),
        phase_(phase),
        aliases_(aliases),
        functions_(functions),
        shape_(shape),
        single_(single),
        places_(program),
        place_(phase.steps.size(), nowhere),
        last_use_(phase.steps.size(), 0),
        written_(phase.steps.size(), 0),
        spread_(program.registers, nowhere) {}

  TileCode build() {
    find_uses();
    place_in_targets();
    for (std::size_t i = 0; i < phase_.steps.size(); ++i) {
      borrowed_.clear();
      emit(i);
      release_after(i);
    }
    code_.slots = slots_;
    return std::move(code_);
  }

 private:
  void find_uses() {
    for (std::size_t i = 0; i < phase_.steps.size(); ++i)
      for (const Ref& ref : phase_.steps[i].in)
        if (ref.kind == Ref::Kind::value)
          last_use_[ref.index] =
              planted("a slot is free after its first reader") && last_use_[ref.index] > 0 ? last_use_[ref.index] : i;
  }

  bool same_memory(std::size_t p, std::size_t q) const { return aliases_[p] == aliases_[q]; }

  /// Whether step i reads or writes the memory of pointer p.
  bool touches(std::size_t i, std::size_t p) const {
    const Step& step = phase_.steps[i];
    if (is_sink(step.code) && !is_reduction(step.code) && same_memory(step.out, p)) return true;
    if (planted("a value is computed over what is read before its store")) return false;
    return std::any_of(std::begin(step.in), std::end(step.in), [&](const Ref& ref) {
      if (ref.kind == Ref::Kind::pointer) return same_memory(ref.index, p);
      return ref.kind == Ref::Kind::value && place_[ref.index] != nowhere && same_memory(place_[ref.index], p) &&
             !planted("values in the place of results are overlooked");
    });
  }

  /// Computes a value directly into the array that it is stored to, so that the store costs nothing, unless a step in
  /// between reads or writes that memory, or another store overwrites it before the last use of the value.
  void place_in_targets() {
    const auto& steps = phase_.steps;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Step& store = steps[i];
      if (store.code != Code::store || store.in[0].kind != Ref::Kind::value || program_.pointers[store.out].mask)
        continue;
      const std::size_t value = store.in[0].index;
      if (place_[value] != nowhere) continue;
      bool free = true;
      for (std::size_t j = value + 1; j < i && free; ++j) free = !touches(j, store.out);
      for (std::size_t j = i + 1; j <= last_use_[value] && free; ++j)
        free = !(steps[j].code >= Code::store && same_memory(steps[j].out, store.out)) ||
               planted("a value is read where something else was stored");
      // A step that reads mask bytes must not write numbers over them, which are wider than what it has read.
      for (const Ref& ref : steps[value].in)
        if (ref.kind == Ref::Kind::pointer && program_.pointers[ref.index].mask && same_memory(ref.index, store.out))
          free = false;
      if (!free) continue;
      place_[value] = store.out;
      written_[i] = 1;
    }
  }

  std::uint16_t take_slot() {
    if (free_.empty()) free_.push_back(static_cast<std::uint16_t>(places_.slots + slots_++));
    const std::uint16_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  std::uint16_t borrow_slot() { return borrowed_.emplace_back(take_slot()); }

  void put(TileFunction function, std::uint16_t out, std::uint16_t a, std::uint16_t b = 0, std::uint16_t c = 0,
           bool by_rows = false) {
    code_.instructions.push_back({function, out, {a, b, c}, by_rows});
  }

  std::uint16_t register_place(std::uint16_t r) const { return static_cast<std::uint16_t>(places_.registers + r); }
  bool is_single(const Ref& ref) const {
    return ref.kind == Ref::Kind::register_ && (shape_ == TileShape::part || single_[ref.index]);
  }

  /// Returns a place that holds the operand as one element for each column.
  std::uint16_t elements_of(const Ref& ref) {
    if (ref.kind == Ref::Kind::value) return place_[ref.index];
    if (ref.kind == Ref::Kind::pointer) {
      if (!program_.pointers[ref.index].mask) return ref.index;
      const std::uint16_t slot = borrow_slot();
      put(functions_.load_mask, slot, ref.index);
      return slot;
    }
    if (is_single(ref)) {
      const std::uint16_t slot = borrow_slot();
      put(functions_.elements[at(Code::copy)][1], slot, register_place(ref.index));
      return slot;
    }
    if (spread_[ref.index] == nowhere) {
      spread_[ref.index] = take_slot();
      put(functions_.spread, spread_[ref.index], register_place(ref.index), 0, places_.columns, true);
    }
    return spread_[ref.index];
  }

  void emit(std::size_t i) {
    const Step& step = phase_.steps[i];
    if (written_[i]) return;
    if (is_reduction(step.code)) return emit_reduction(step);
    if (step.code == Code::column) {
      if (place_[i] == nowhere) place_[i] = take_slot();
      if (shape_ == TileShape::part)
        put(functions_.count, place_[i], places_.first_column);
      else
        put(functions_.elements[at(Code::copy)][0], place_[i], places_.first_column);
      return;
    }
    if (step.code == Code::store && program_.pointers[step.out].mask)
      return put(functions_.store_mask, step.out, elements_of(step.in[0]));
    emit_elements(i);
  }

  void emit_reduction(const Step& step) {
    const std::uint16_t a = elements_of(step.in[0]);
    if (shape_ == TileShape::part)
      put(functions_.reduce[at(step.code)], static_cast<std::uint16_t>(places_.lanes + step.out), a);
    else
      put(functions_.reduce_rows[at(step.code)], register_place(step.out), a, a, places_.columns, true);
  }

  void emit_elements(std::size_t i) {
    const Step& step = phase_.steps[i];
    const Code code = step.code == Code::store ? Code::copy : step.code;
    const int operands = arity(code);
    int single = 0;
    for (int k = 0; k < operands; ++k)
      if (is_single(step.in[k])) single |= 1 << k;
    // Where no loop takes these operands as single numbers, they are repeated as elements.
    for (int k = 0; single && !element_function(functions_, code, single); ++k) single &= ~(1 << k);
    std::uint16_t in[3] = {};
    for (int k = 0; k < operands; ++k)
      in[k] = single >> k & 1 ? register_place(step.in[k].index) : elements_of(step.in[k]);
    std::uint16_t out = step.out;
    if (!is_sink(step.code)) {
      if (place_[i] == nowhere) place_[i] = slot_for(i);
      out = place_[i];
    }
    put(element_function(functions_, code, single), out, in[0], in[1], in[2]);
  }

  /// Returns the slot of an operand whose last use is step i, or else a free one.
  std::uint16_t slot_for(std::size_t i) {
    release_after(i);
    return take_slot();
  }

  void release_after(std::size_t i) {
    for (const std::uint16_t slot : borrowed_) free_.push_back(slot);
    borrowed_.clear();
    for (const Ref& ref : phase_.steps[i].in) {
      if (ref.kind != Ref::Kind::value || last_use_[ref.index] != i) continue;
      last_use_[ref.index] = std::numeric_limits<std::size_t>::max();  // only the first time
      if (place_[ref.index] >= places_.slots) free_.push_back(place_[ref.index]);
    }
  }

  const Program& program_;
  const Phase& phase_;
  const Aliases& aliases_;
  const TileFunctions& functions_;
  TileShape shape_;
  const std::vector<char>& single_;
  Places places_;
  std::vector<std::uint16_t> place_;   // by step: the place of its value
  std::vector<std::size_t> last_use_;  // by step: the last step that reads its value
  std::vector<char> written_;          // by step: whether it is a store that the value's own step does
  std::vector<std::uint16_t> spread_;  // by register: the slot in which it is repeated
  std::vector<std::uint16_t> free_, borrowed_;
  int slots_ = 0;
  TileCode code_;
};

}  // namespace

TileFunction element_function(const TileFunctions& functions, Code code, int single) {
  return single < 7 ? functions.elements[at(code)][single] : nullptr;
}

TileCode tile_code(const Program& program, const Phase& phase, const Aliases& aliases, const TileFunctions& functions,
                   TileShape shape, const std::vector<char>& single) {
  return Builder(program, phase, aliases, functions, shape, single).build();
}

}  // namespace xgrad::fused
