#pragma once

// Vector code: a phase as instructions on vectors in SSA form. It does not depend on the instruction set; registers are
// allocated for it afterwards.

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <optional>
#include <type_traits>
#include <vector>

#include "autograd/engine/programs/phase_kernel.hpp"

namespace xgrad::fused::machine {

enum class Op : std::uint8_t {
  // the same in all columns
  constant,  // the bits in `immediate`
  number,    // register `immediate`
  // from memory
  load,
  load_mask,  // pointer `immediate`
  column,
  // of one operand
  sqrt,
  round,  // `immediate`: 0 to the nearest, 1 down, 2 up
  shift_left,
  shift_right,  // by `immediate`
  // of two
  add,
  sub,
  mul,
  div,
  min,
  max,
  bit_and,
  bit_or,
  bit_xor,
  bit_clear,
  integer_add,
  integer_sub,
  scale,  // a * 2^b for a whole b, rounded once
  // of three
  fma,
  fms,
  fnma,
  call_where,  // in lanes of mask c what the function with the address `immediate` makes of b, in the others a
  // masks
  compare,  // with the predicate `immediate`
  mask_and,
  mask_or,
  mask_xor,
  mask_not,
  // with a mask first
  select,
  keep,
  from_mask,
  // sinks
  store,
  store_mask,  // to pointer `immediate`
  reduce       // into reduction `immediate`
};

constexpr bool gives_mask(Op op) { return op == Op::load_mask || (op >= Op::compare && op <= Op::mask_not); }
constexpr bool is_sink(Op op) { return op >= Op::store; }
constexpr bool is_invariant(Op op) { return op <= Op::number; }

/// Predicates as vcmpps has them.
enum class Predicate : std::uint8_t {
  equal = 0x00,
  not_equal = 0x04,
  less = 0x11,
  less_equal = 0x12,
  not_less = 0x15,
  not_less_equal = 0x16,
  not_greater_equal = 0x19,
  not_greater = 0x1a,
  greater_equal = 0x1d,
  greater = 0x1e
};

using Value = std::int32_t;
inline constexpr Value nothing = -1;

struct VectorInstruction {
  Op op;
  std::array<Value, 3> in = {nothing, nothing, nothing};
  std::uint64_t immediate = 0;
  friend auto operator<=>(const VectorInstruction&, const VectorInstruction&) = default;
};

struct Reduction {
  Code code;
  std::uint16_t register_;
};

/// The instructions of a phase, without repeated and dead ones.
struct VectorCode {
  std::size_t item = 4;  // bytes of a number
  std::vector<VectorInstruction> instructions;
  std::vector<Reduction> reductions;
};

/// Translates a phase; nothing where it has steps that only the interpreter can do.
std::optional<VectorCode> emit(const Program& program, const Phase& phase, const Aliases& aliases,
                               bool processor_scales);

/// Collects instructions, and returns the value of an equal earlier one instead of adding a second.
class InstructionList {
 public:
  Value add(Op op, Value a = nothing, Value b = nothing, Value c = nothing, std::uint64_t immediate = 0);
  /// Adds a sink.
  void put(Op op, Value a, Value b, std::uint64_t immediate);
  /// Adds a load. It is never merged with an equal one, because memory may have changed in between.
  Value fetch(Op op, std::uint64_t pointer);
  const VectorInstruction& at(Value value) const { return code_[static_cast<std::size_t>(value)]; }
  std::vector<VectorInstruction> without_dead() const;

 private:
  std::vector<VectorInstruction> code_;
  std::map<VectorInstruction, Value> known_;
};

/// The emitter (see emitter.hpp) that writes an InstructionList.
template <class Number>
class Emitter {
 public:
  using T = Number;
  struct R {
    Value value = nothing;
  };
  struct M {
    Value value = nothing;
  };
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

  Emitter(InstructionList& list, bool processor_scales) : list_(list), scales_(processor_scales) {}

  R number(double x) { return bits(std::bit_cast<Word>(static_cast<T>(x))); }
  R bits(std::uint64_t pattern) {
    return {list_.add(Op::constant, nothing, nothing, nothing, static_cast<Word>(pattern))};
  }
  R add(R a, R b) { return {list_.add(Op::add, a.value, b.value)}; }
  R sub(R a, R b) { return {list_.add(Op::sub, a.value, b.value)}; }
  R mul(R a, R b) { return {list_.add(Op::mul, a.value, b.value)}; }
  R div(R a, R b) { return {list_.add(Op::div, a.value, b.value)}; }
  R sqrt(R a) { return {list_.add(Op::sqrt, a.value)}; }
  R round(R a) { return {list_.add(Op::round, a.value, nothing, nothing, 0)}; }
  R floor(R a) { return {list_.add(Op::round, a.value, nothing, nothing, 1)}; }
  R ceil(R a) { return {list_.add(Op::round, a.value, nothing, nothing, 2)}; }
  R fma(R a, R b, R c) { return {list_.add(Op::fma, a.value, b.value, c.value)}; }
  R fms(R a, R b, R c) { return {list_.add(Op::fms, a.value, b.value, c.value)}; }
  R fnma(R a, R b, R c) { return {list_.add(Op::fnma, a.value, b.value, c.value)}; }
  R fma_once(R a, R b, R c) { return fma(a, b, c); }
  R fms_once(R a, R b, R c) { return fms(a, b, c); }
  R fnma_once(R a, R b, R c) { return fnma(a, b, c); }
  R min(R a, R b) { return {list_.add(Op::min, a.value, b.value)}; }
  R max(R a, R b) { return {list_.add(Op::max, a.value, b.value)}; }
  R bit_and(R a, R b) { return {list_.add(Op::bit_and, a.value, b.value)}; }
  R bit_or(R a, R b) { return {list_.add(Op::bit_or, a.value, b.value)}; }
  R bit_xor(R a, R b) { return {list_.add(Op::bit_xor, a.value, b.value)}; }
  R bit_clear(R a, R b) {
    if (list_.at(b.value).op == Op::constant) return bit_and(a, bits(~list_.at(b.value).immediate));
    return {list_.add(Op::bit_clear, a.value, b.value)};
  }
  R shift_left(R a, int n) {
    return {list_.add(Op::shift_left, a.value, nothing, nothing, static_cast<std::uint64_t>(n))};
  }
  R shift_right(R a, int n) {
    return {list_.add(Op::shift_right, a.value, nothing, nothing, static_cast<std::uint64_t>(n))};
  }
  R integer_add(R a, R b) { return {list_.add(Op::integer_add, a.value, b.value)}; }
  R integer_sub(R a, R b) { return {list_.add(Op::integer_sub, a.value, b.value)}; }
  bool can_scale() const { return scales_; }
  R scale(R a, R n) { return {list_.add(Op::scale, a.value, n.value)}; }

  M equal(R a, R b) { return compare(Predicate::equal, a, b); }
  M not_equal(R a, R b) { return compare(Predicate::not_equal, a, b); }
  M less(R a, R b) { return compare(Predicate::less, a, b); }
  M less_equal(R a, R b) { return compare(Predicate::less_equal, a, b); }
  M mask_and(M a, M b) { return {list_.add(Op::mask_and, a.value, b.value)}; }
  M mask_or(M a, M b) { return {list_.add(Op::mask_or, a.value, b.value)}; }
  M mask_xor(M a, M b) { return {list_.add(Op::mask_xor, a.value, b.value)}; }
  M mask_not(M a) { return {list_.add(Op::mask_not, a.value)}; }
  R select(M m, R a, R b) {
    const VectorInstruction zero{Op::constant};
    if (list_.at(b.value) == zero) return keep(m, a);
    if (list_.at(a.value) == zero) return keep(mask_not(m), b);
    return {list_.add(Op::select, m.value, a.value, b.value)};
  }
  R keep(M m, R a) { return {list_.add(Op::keep, m.value, a.value)}; }
  R call_where(M m, T (*function)(T), R x, R y) {
    return {list_.add(Op::call_where, y.value, x.value, m.value, reinterpret_cast<std::uintptr_t>(function))};
  }
  R from_mask(M m) { return {list_.add(Op::from_mask, m.value)}; }

 private:
  M compare(Predicate predicate, R a, R b) {
    return {list_.add(Op::compare, a.value, b.value, nothing, static_cast<std::uint64_t>(predicate))};
  }
  InstructionList& list_;
  bool scales_;
};

}  // namespace xgrad::fused::machine
