#include "autograd/engine/machine/vector_code.hpp"

#include <algorithm>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/programs/step_semantics.hpp"

namespace xgrad::fused::machine {

namespace {

bool in_any_order(Op op) {
  return op == Op::add || op == Op::mul || op == Op::integer_add || (op >= Op::bit_and && op <= Op::bit_xor) ||
         (op >= Op::fma && op <= Op::fnma);
}

/// The predicate of (b, a) for that of (a, b).
Predicate mirrored(Predicate predicate) {
  switch (predicate) {
    case Predicate::less:
      return Predicate::greater;
    case Predicate::less_equal:
      return Predicate::greater_equal;
    case Predicate::not_less:
      return Predicate::not_greater;
    case Predicate::not_less_equal:
      return Predicate::not_greater_equal;
    case Predicate::greater:
      return Predicate::less;
    case Predicate::greater_equal:
      return Predicate::less_equal;
    case Predicate::not_greater:
      return Predicate::not_less;
    case Predicate::not_greater_equal:
      return Predicate::not_less_equal;
    default:
      return predicate;
  }
}

/// The negation of a predicate, for NaN, too.
Predicate complement(Predicate predicate) {
  // less and not_less, less_equal and not_less_equal, ... differ in one bit.
  return static_cast<Predicate>(static_cast<std::uint8_t>(predicate) ^
                                (planted("what is not less is greater or equal, NaN or not") ? 0x0c : 0x04));
}
static_assert((static_cast<int>(Predicate::greater) ^ 4) == static_cast<int>(Predicate::not_greater));
static_assert((static_cast<int>(Predicate::greater_equal) ^ 4) == static_cast<int>(Predicate::not_greater_equal));

}  // namespace

Value InstructionList::add(Op op, Value a, Value b, Value c, std::uint64_t immediate) {
  const auto invariant = [&](Value v) { return is_invariant(at(v).op); };
  if (op == Op::mask_not && at(a).op == Op::mask_not) return at(a).in[0];
  if (op == Op::mask_not && at(a).op == Op::compare) {
    const VectorInstruction of = at(a);
    return add(Op::compare, of.in[0], of.in[1], nothing,
               static_cast<std::uint64_t>(complement(static_cast<Predicate>(of.immediate))));
  }
  // An invariant goes second, because the second operand can come from memory.
  if ((in_any_order(op) || op == Op::compare) && invariant(a) && !invariant(b)) {
    std::swap(a, b);
    if (op == Op::compare && !planted("a comparison keeps its predicate when its operands are swapped"))
      immediate = static_cast<std::uint64_t>(mirrored(static_cast<Predicate>(immediate)));
  }
  const VectorInstruction instruction{op, {a, b, c}, immediate};
  const auto [found, fresh] = known_.try_emplace(instruction, static_cast<Value>(code_.size()));
  if (fresh) code_.push_back(instruction);
  return found->second;
}

void InstructionList::put(Op op, Value a, Value b, std::uint64_t immediate) {
  code_.push_back({op, {a, b, nothing}, immediate});
}

Value InstructionList::fetch(Op op, std::uint64_t pointer) {
  code_.push_back({op, {nothing, nothing, nothing}, pointer});
  return static_cast<Value>(code_.size() - 1);
}

std::vector<VectorInstruction> InstructionList::without_dead() const {
  std::vector<char> wanted(code_.size());
  for (std::size_t i = code_.size(); i-- > 0;) {
    if (is_sink(code_[i].op)) wanted[i] = 1;
    if (!wanted[i]) continue;
    for (const Value in : code_[i].in)
      if (in != nothing) wanted[static_cast<std::size_t>(in)] = 1;
  }
  std::vector<Value> moved(code_.size(), nothing);
  std::vector<VectorInstruction> kept;
  for (std::size_t i = 0; i < code_.size(); ++i) {
    if (!wanted[i]) continue;
    VectorInstruction instruction = code_[i];
    for (Value& in : instruction.in)
      if (in != nothing) in = moved[static_cast<std::size_t>(in)];
    moved[i] = static_cast<Value>(kept.size());
    kept.push_back(instruction);
  }
  return kept;
}

namespace {

template <class T>
class Translation {
 public:
  using E = Emitter<T>;
  using R = typename E::R;
  using M = typename E::M;

  Translation(const Program& program, const Phase& phase, const Aliases& aliases, bool processor_scales)
      : program_(program),
        phase_(phase),
        aliases_(aliases),
        e_(list_, processor_scales),
        values_(phase.steps.size(), nothing),
        there_(program.pointers.size(), nothing) {}

  std::optional<VectorCode> run() {
    if (overlaps()) return {};
    for (std::size_t i = 0; i < phase_.steps.size(); ++i)
      if (!step(i)) return {};
    return VectorCode{sizeof(T), list_.without_dead(), std::move(reductions_)};
  }

 private:
  /// Whether any pointers to bytes and to numbers share memory, so that a column overlaps other columns.
  bool overlaps() const {
    for (std::size_t p = 0; p < aliases_.size(); ++p)
      if (program_.pointers[p].mask != program_.pointers[aliases_[p]].mask) return true;
    return false;
  }

  /// The value at a pointer: the one that was stored there, else a load.
  Value fetch(std::uint16_t p) {
    Value& value = there_[planted("what was loaded is known by its pointer alone") ? p : aliases_[p]];
    if (value == nothing) value = list_.fetch(program_.pointers[p].mask ? Op::load_mask : Op::load, p);
    return value;
  }
  bool is_mask(Value value) const { return gives_mask(list_.at(value).op); }

  Value any(const Ref& ref) {
    if (ref.kind == Ref::Kind::value) return values_[ref.index];
    if (ref.kind == Ref::Kind::pointer) return fetch(ref.index);
    return list_.add(Op::number, nothing, nothing, nothing, ref.index);
  }
  R number(const Ref& ref) {
    if (ref.kind == Ref::Kind::none) return {};
    const Value value = any(ref);
    return is_mask(value) ? e_.from_mask({value}) : R{value};
  }

  void store(Value value, std::uint16_t p) {
    list_.put(program_.pointers[p].mask ? Op::store_mask : Op::store, value, nothing, p);
    if (!planted("what was loaded is there after a store")) there_[aliases_[p]] = value;
  }

  bool step(std::size_t i) {
    const Step& s = phase_.steps[i];
    if (is_reduction(s.code)) {
      list_.put(Op::reduce, number(s.in[0]).value, nothing, reductions_.size());
      reductions_.push_back({s.code, s.out});
      return true;
    }
    switch (s.code) {
      case Code::column:
        values_[i] = list_.add(Op::column);
        return true;
      case Code::accumulate:
        store(e_.add({fetch(s.out)}, number(s.in[0])).value, s.out);
        return true;
      case Code::store:
        return store_step(s);
      default:
        break;
    }
    constexpr auto all = []<int... code>(std::integer_sequence<int, code...>) {
      return std::array{&Translation::evaluate<static_cast<Code>(code)>...};
    }
    (std::make_integer_sequence<int, instruction_count>());
    values_[i] = (this->*all[static_cast<std::size_t>(s.code)])(s);
    return values_[i] != nothing;
  }

  bool store_step(const Step& s) {
    const Value value = any(s.in[0]);
    if (!program_.pointers[s.out].mask) {
      store(is_mask(value) ? e_.from_mask({value}).value : value, s.out);
      return true;
    }
    if (!is_mask(value)) return false;
    store(value, s.out);
    return true;
  }

  /// The result of an elementwise step; `nothing` if a number stands where the step needs a mask.
  template <Code code>
  Value evaluate(const Step& s) {
    constexpr Form form = form_of(code);
    if constexpr (form == Form::connective || form == Form::negation || form == Form::conversion) {
      const Value m = any(s.in[0]);
      if (!is_mask(m)) return nothing;
      const Value n = form == Form::connective ? any(s.in[1]) : m;
      if (!is_mask(n)) return nothing;
      return Meaning<code>::of(e_, M{m}, M{n}, M{n}).value;
    } else if constexpr (form == Form::selection) {
      const Value m = any(s.in[0]);
      return is_mask(m) ? Meaning<code>::of(e_, M{m}, number(s.in[1]), number(s.in[2])).value : nothing;
    } else if constexpr (form == Form::copy || is_elementwise(code)) {
      return Meaning<code>::of(e_, number(s.in[0]), number(s.in[1]), number(s.in[2])).value;
    } else {
      return nothing;
    }
  }

  const Program& program_;
  const Phase& phase_;
  const Aliases& aliases_;
  InstructionList list_;
  E e_;
  std::vector<Value> values_;  // of each step
  std::vector<Value> there_;   // by the first of equal pointers: the value that is known to be there
  std::vector<Reduction> reductions_;
};

}  // namespace

std::optional<VectorCode> emit(const Program& program, const Phase& phase, const Aliases& aliases,
                               bool processor_scales) {
  if (program.dtype == float32) return Translation<float>(program, phase, aliases, processor_scales).run();
  return Translation<double>(program, phase, aliases, processor_scales).run();
}

}  // namespace xgrad::fused::machine
