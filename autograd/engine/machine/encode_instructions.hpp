#pragma once

// Allocated instructions as machine code: the body of a loop over the columns, for several vectors of columns at a
// time. Included by the generator only.

#include <stdexcept>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/machine/encode_calls.hpp"
#include "autograd/engine/programs/phase_kernel.hpp"
#include "autograd/engine/programs/reduction_facts.hpp"

namespace xgrad::fused::machine {

/// One iteration of a loop: `passes` times the instructions, each time for `copies` vectors in step.
struct Shape {
  int copies = 1, passes = 1;
  bool tail = false;   // whether only some lanes of the vectors are columns
  bool folds = false;  // whether it takes as many columns as float32 sums take at a time
  Allocation allocation;
  int scratch = 0;  // the first of the registers that no slot has
  int vectors() const { return copies * passes; }
};

class Body : public Calls {
 protected:
  Body(std::uint8_t* memory, std::size_t bytes, const VectorCode& code, const Target& target, const Aliases& aliases)
      : Calls(memory, bytes, code.item, target.bytes == 64),
        code_(code),
        aliases_(aliases),
        width_(target.lanes(code.item)),
        bytes_(target.bytes) {}

  // The layout of the stack frame.
  struct Frame {
    int spills = 0, parts = 0, size = 0;    // offsets from rsp
    int rows = 0;                           // the number of rows still to do
    std::map<std::uint16_t, int> pointers;  // by pointer without a register: its address in the row
    std::map<std::uint64_t, int> numbers;   // registers of the program in all lanes (AVX2)
    std::map<std::uint16_t, int> bytes;     // masks of the tail (AVX2), by the first of equal pointers
    std::vector<int> totals, folded;        // of reductions, where registers have no room; or -1
  };
  struct Totals {
    std::vector<int> registers;  // the lanes of a sum or product, or of the maximum or minimum so far
    std::vector<int> folded;     // sums in float32 that are added to the lanes next
    int nan = -1;                // lanes that met a NaN: a vector that is set there, or a mask register that is not
  };

  const VectorInstruction& at(Value v) const { return code_.instructions[static_cast<std::size_t>(v)]; }

  ReductionFacts facts_of(std::size_t r) const { return reduction_facts(code_.reductions[r].code); }
  /// y = a joined with b, lanes of reduction r.
  void join_doubles(std::size_t r, const Register& y, const Register& a, const Source& b) {
    facts_of(r).join == Join::product ? vmulpd(y, a, b) : vaddpd(y, a, b);
  }
  /// A number of the program's dtype.
  std::uint64_t bits(double x) const {
    return single() ? std::bit_cast<std::uint32_t>(static_cast<float>(x)) : std::bit_cast<std::uint64_t>(x);
  }

  /// Emits all passes.
  void body(const Shape& shape) {
    shape_ = &shape;
    for (pass_ = 0; pass_ < shape.passes; ++pass_)
      for (const AllocatedInstruction& placed : shape.allocation.code)
        for (copy_ = 0; copy_ < shape.copies; ++copy_) emit(placed);
  }

  Address from_pointer(std::uint64_t p, int scale, int offset) {
    const auto found = direct_.find(static_cast<std::uint16_t>(p));
    if (found != direct_.end()) return ptr[found->second + rsi * scale + offset];
    mov(rax, ptr[rsp + frame_.pointers.at(static_cast<std::uint16_t>(p))]);
    return ptr[rax + rsi * scale + offset];
  }
  /// The address of this row's number in a register of the program.
  auto register_(std::uint64_t r) { return r8 + static_cast<int>(r) * static_cast<int>(most_rows) * item_; }
  /// That number in all lanes, as an operand.
  Address number(std::uint64_t r) {
    if (wide_) return ptr_b[register_(r)];
    return ptr[rsp + frame_.numbers.at(r)];
  }
  void fill(const Register& y, Value v) {
    const VectorInstruction& from = at(v);
    if (from.op == Op::constant)
      wide_ ? broadcast_(y, first_of(from.immediate)) : move_(y, constant(from.immediate));
    else
      wide_ ? broadcast_(y, ptr[register_(from.immediate)]) : move_(y, number(from.immediate));
  }

  // The number of the present vector of the tail; each has a mask of its own.
  int tail_part() const { return planted("all vectors of a tail are masked like the first") ? 0 : pass_; }
  Mask part() const { return Mask(7 - tail_part()); }
  Address part_of_frame() { return ptr[rsp + frame_.parts + tail_part() * bytes_]; }

  const VectorCode& code_;
  const Aliases& aliases_;
  const int width_, bytes_;
  Frame frame_;
  std::vector<Totals> totals_;
  std::map<std::uint16_t, Xbyak::Reg64> direct_;  // pointers that have a register
  int counter_ = -1;                              // the vector of column numbers
  const Shape* shape_ = nullptr;
  int pass_ = 0, copy_ = 0;

 private:
  int index() const { return pass_ * shape_->copies + copy_; }
  Register scratch(int i) const { return vector(shape_->scratch + i); }
  Register slot(int s) const { return vector(s * shape_->copies + copy_); }
  Mask mask_slot(int s) const { return Mask(1 + s * shape_->copies + copy_); }
  int mask_register(const Operand& o) const { return wide_ ? mask_slot(o.index).getIdx() : slot(o.index).getIdx(); }
  Register in_register(const Operand& o) const {
    return o.kind == Operand::Kind::fixed ? vector(o.index) : slot(o.index);
  }
  Address in_memory(Value v) {
    const VectorInstruction& from = at(v);
    if (from.op == Op::constant) return constant(from.immediate);
    if (from.op == Op::number) return number(from.immediate);
    return from_pointer(from.immediate, item_, index() * bytes_);
  }
  template <class Use>
  void with(const Operand& o, Use&& use) {
    if (o.kind == Operand::Kind::memory)
      use(in_memory(o.index));
    else
      use(in_register(o));
  }
  Address kept(int place) const { return ptr[rsp + frame_.spills + (place * shape_->copies + copy_) * bytes_]; }
  bool is_mask_register(Value v) const { return wide_ && gives_mask(at(v).op); }

  void emit(const AllocatedInstruction& placed) {
    const bool mask = is_mask_register(placed.value);
    switch (placed.action) {
      case AllocatedInstruction::Action::fill:
        return fill(slot(placed.out), placed.value);
      case AllocatedInstruction::Action::copy:
        return move_(slot(placed.out), in_register(placed.in[0]));
      case AllocatedInstruction::Action::spill:
        return mask ? kmovw(kept(placed.out), mask_slot(placed.in[0].index))
                    : move_(kept(placed.out), slot(placed.in[0].index));
      case AllocatedInstruction::Action::reload:
        return mask ? kmovw(mask_slot(placed.out), kept(placed.in[0].index))
                    : move_(slot(placed.out), kept(placed.in[0].index));
      default:
        return compute(placed);
    }
  }

  void compute(const AllocatedInstruction& p) {
    const VectorInstruction& i = at(p.value);
    if (i.op == Op::store) return store(i, in_register(p.in[0]));
    if (i.op == Op::reduce) return reduce(i, p);
    if (i.op == Op::store_mask) return store_mask(i, p);
    if (i.op == Op::load_mask) return load_mask(i, p);
    if (i.op >= Op::compare && i.op <= Op::from_mask) return with_masks(i, p);
    const Register y = slot(p.out);
    if (i.op == Op::load) return load(i, y);
    if (i.op == Op::column) return column(y);
    if (i.op >= Op::fma && i.op <= Op::fnma) return multiply_add(i.op, y, p);
    if (i.op == Op::call_where)
      return call_where(y, in_register(p.in[0]), in_register(p.in[1]), mask_register(p.in[2]), i.immediate);
    if (i.op == Op::sqrt) return with(p.in[0], [&](const auto& x) { sqrt_(y, x); });
    if (i.op == Op::round) return with(p.in[0], [&](const auto& x) { round_(y, x, static_cast<int>(i.immediate)); });
    const Register a = in_register(p.in[0]);
    if (i.op == Op::shift_left || i.op == Op::shift_right)
      return shift_(y, a, static_cast<int>(i.immediate), i.op == Op::shift_left);
    if (i.op == Op::bit_clear) return clear_bits(y, in_register(p.in[1]), a);
    with(p.in[1], [&](const auto& b) { two(i.op, y, a, b); });
  }

  void two(Op op, const Register& y, const Register& a, const Source& b) {
    // clang-format off
    switch (op) {
      case Op::add: return add_(y, a, b);
      case Op::sub: return sub_(y, a, b);
      case Op::mul: return mul_(y, a, b);
      case Op::div: return div_(y, a, b);
      case Op::min: return min_(y, a, b);
      case Op::max: return max_(y, a, b);
      case Op::bit_and: return and_bits(y, a, b);
      case Op::bit_or: return or_bits(y, a, b);
      case Op::bit_xor: return xor_bits(y, a, b);
      case Op::integer_add: return integer_add_(y, a, b);
      case Op::integer_sub: return integer_sub_(y, a, b);
      case Op::scale: return scale_(y, a, b);
      default: throw std::logic_error("machine code: not an instruction of two numbers");
    }
    // clang-format on
  }

  void multiply_add(Op op, const Register& y, const AllocatedInstruction& p) {
    Operand a = p.in[0], b = p.in[1];
    const Operand &c = p.in[2], own{Operand::Kind::slot, p.out};
    if (c == own) {
      if (a.kind == Operand::Kind::memory) std::swap(a, b);
      return with(b, [&](const auto& x) { fma_(op, 231, y, in_register(a), x); });
    }
    if (a != own && !planted("a multiply-add takes its result for the other factor")) std::swap(a, b);
    if (b.kind == Operand::Kind::memory) return fma_(op, 132, y, in_register(c), in_memory(b.index));
    with(c, [&](const auto& x) { fma_(op, 213, y, in_register(b), x); });
  }

  void with_masks(const VectorInstruction& i, const AllocatedInstruction& p) {
    if (i.op == Op::compare) {
      const auto how = static_cast<std::uint8_t>(i.immediate);
      const Register a = in_register(p.in[0]);
      return with(p.in[1], [&](const auto& b) {
        wide_ ? compare_(mask_slot(p.out), a, b, how) : compare_(slot(p.out), a, b, how);
      });
    }
    if (!wide_) return with_vector_masks(i, p);
    const Mask m = mask_slot(p.in[0].index);
    if (i.op <= Op::mask_not) {
      const Mask y = mask_slot(p.out), n = mask_slot(i.op == Op::mask_not ? p.in[0].index : p.in[1].index);
      if (i.op == Op::mask_and) kandw(y, m, n);
      if (i.op == Op::mask_or) korw(y, m, n);
      if (i.op == Op::mask_xor) kxorw(y, m, n);
      if (i.op == Op::mask_not) knotw(y, m);
      return;
    }
    const Register y = slot(p.out);
    if (i.op == Op::from_mask) return single() ? vpmovm2d(y, m) : vpmovm2q(y, m);
    if (i.op == Op::select) {
      const Register b = in_register(p.in[2]);
      return with(p.in[1], [&](const auto& a) { blend_mask_(y | m, b, a); });
    }
    if (p.in[1].kind != Operand::Kind::memory) return move_(y | m | T_z, in_register(p.in[1]));
    if (is_invariant(at(p.in[1].index).op)) return fill(y | m | T_z, p.in[1].index);
    move_(y | m | T_z, in_memory(p.in[1].index));
  }

  void with_vector_masks(const VectorInstruction& i, const AllocatedInstruction& p) {
    const Register y = slot(p.out), m = slot(p.in[0].index);
    if (i.op == Op::mask_not) return xor_bits(y, m, constant(~std::uint64_t{0}));
    if (i.op == Op::from_mask) return move_(y, m);
    if (i.op == Op::mask_and) return and_bits(y, m, slot(p.in[1].index));
    if (i.op == Op::mask_or) return or_bits(y, m, slot(p.in[1].index));
    if (i.op == Op::mask_xor) return xor_bits(y, m, slot(p.in[1].index));
    if (i.op == Op::keep) return with(p.in[1], [&](const auto& a) { and_bits(y, m, a); });
    const Register b = in_register(p.in[2]);
    with(p.in[1], [&](const auto& a) { blend_vector_(y, b, a, m); });
  }

  void column(const Register& y) {
    const int first = index() * width_;
    if (!first) return move_(y, vector(counter_));
    add_(y, vector(counter_), constant(bits(first)));
  }

  void load(const VectorInstruction& i, const Register& y) {
    const Address from = from_pointer(i.immediate, item_, index() * bytes_);
    if (!shape_->tail) return move_(y, from);
    if (wide_) return move_(y | part() | T_z, from);
    move_(y, part_of_frame());
    part_(y, y, from);
  }
  void store(const VectorInstruction& i, const Register& x) {
    const Address to = from_pointer(i.immediate, item_, index() * bytes_);
    if (!shape_->tail) return move_(to, x);
    if (wide_) return move_(to | part(), x);
    move_(scratch(0), part_of_frame());
    part_(to, scratch(0), x);
  }

  /// The address of a mask's bytes. AVX2 has no masked moves of bytes, so its tail works on a copy in the frame.
  Address mask_bytes(std::uint64_t p) {
    const int offset = index() * width_;
    if (wide_ || !shape_->tail) return from_pointer(p, 1, offset);
    return ptr[rsp + frame_.bytes.at(aliases_[p]) + offset];
  }
  void load_mask(const VectorInstruction& i, const AllocatedInstruction& p) {
    const Address from = mask_bytes(i.immediate);
    if (wide_) {
      const Register t = quarter(shape_->scratch);
      if (shape_->tail)
        vmovdqu8(t | part() | T_z, from);
      else
        single() ? vmovdqu8(t, from) : vmovq(t, from);
      return vptestmb(mask_slot(p.out), t, t);
    }
    const Register y = slot(p.out);
    single() ? vpmovzxbd(y, from) : vpmovzxbq(y, from);
    single() ? vpcmpgtd(y, y, constant(0)) : vpcmpgtq(y, y, constant(0));
  }
  void store_mask(const VectorInstruction& i, const AllocatedInstruction& p) {
    const Register t = quarter(shape_->scratch);
    const Address to = mask_bytes(i.immediate);
    if (wide_) {
      vpmovm2b(t, mask_slot(p.in[0].index));
      vpabsb(t, t);
      if (shape_->tail) return vmovdqu8(to | part(), t);
      return single() ? vmovdqu8(to, t) : vmovq(to, t);
    }
    const Register m = slot(p.in[0].index), low = quarter(m.getIdx());
    vextractf128(t, Xbyak::Ymm(m.getIdx()), 1);
    vpackssdw(t, low, t);
    if (!single()) vpackssdw(t, t, t);
    vpacksswb(t, t, t);
    vpabsb(t, t);
    single() ? vmovq(to, t) : vmovd(to, t);
  }

  // ---- reductions

  /// Returns x; in a tail, a copy of x in scratch register t whose lanes beyond the last column have the neutral
  /// element of the reduction.
  Register padded(const Register& x, int t, const ReductionFacts& facts) {
    if (!shape_->tail || planted("lanes beyond the tail are added")) return x;
    const std::uint64_t start = bits(facts.start);
    const Register y = scratch(t);
    if (wide_) {
      broadcast_(y, first_of(start));
      move_(y | part(), x);
    } else {
      move_(y, part_of_frame());
      move_(scratch(t + 1), constant(start));
      blend_vector_(y, scratch(t + 1), x, y);
    }
    return y;
  }

  void reduce(const VectorInstruction& i, const AllocatedInstruction& p) {
    const auto r = static_cast<std::size_t>(i.immediate);
    const ReductionFacts facts = facts_of(r);
    if (!facts.in_lanes) return take_extreme(totals_[r], facts, in_register(p.in[0]));
    if (shape_->folds && facts.folds) return fold(r, p);
    const Register a = padded(in_register(p.in[0]), 0, facts);
    if (!single()) return total(r, index() % (16 / width_), a);
    const int parts = 16 / width_, first = index() % parts * 2;
    // The operand may be in scratch registers 0 and 1.
    const int t = shape_->tail ? 2 : 0;
    for (int h = 0; h < 2; ++h) {
      to_double(t, a, h);
      total(r, first + h, scratch(t));
    }
  }
  void fold(std::size_t r, const AllocatedInstruction& p) {
    const int parts = 16 / width_, part = index() % parts, turn = index() / parts;
    const bool kept = frame_.folded[r] < 0;
    const auto place = [&](int k) { return ptr[rsp + frame_.folded[r] + k * bytes_]; };
    const Register a = in_register(p.in[0]);
    const Register sum = kept ? vector(totals_[r].folded[static_cast<std::size_t>(part)]) : scratch(1);
    if (!kept && turn > 0) move_(sum, place(part));
    turn == 0 && !planted("sums of four columns go on from the last ones") ? move_(sum, a) : add_(sum, sum, a);
    if (!kept) move_(place(part), sum);
    if (turn + 1 < folded_columns || part + 1 < parts) return;
    // Joins the second half of the lanes to the first: the second vector, or the upper half of the only one.
    if (wide_) {
      vextractf64x4(Xbyak::Ymm(shape_->scratch), Xbyak::Zmm(sum.getIdx()), 1);
      vaddps(half(sum.getIdx()), half(sum.getIdx()), half(shape_->scratch));
    } else {
      kept ? add_(sum, sum, vector(totals_[r].folded[0])) : add_(sum, sum, place(0));
    }
    for (int h = 0; h < parts; ++h) {
      to_double(0, sum, h);
      total(r, h, scratch(0));
    }
  }
  /// Converts half of the floats of x to doubles, in scratch register t.
  void to_double(int t, const Register& x, int upper) {
    Register from = half(x.getIdx());
    if (upper) {
      from = half(shape_->scratch + t);
      wide_ ? vextractf64x4(from, Xbyak::Zmm(x.getIdx()), 1) : vextractf128(from, Xbyak::Ymm(x.getIdx()), 1);
    }
    vcvtps2pd(scratch(t), from);
  }
  /// Joins a to the k-th vector of the lanes.
  void total(std::size_t r, int k, const Register& a) {
    if (frame_.totals[r] < 0) {
      const Register y = vector(totals_[r].registers[static_cast<std::size_t>(k)]);
      return join_doubles(r, y, y, a);
    }
    const Address lanes = ptr[rsp + frame_.totals[r] + k * bytes_];
    const Register t = scratch(shape_->tail ? 2 : 0);
    join_doubles(r, t, a, lanes);
    vmovupd(lanes, t);
  }
  void take_extreme(const Totals& totals, const ReductionFacts& facts, const Register& element) {
    const Register x = padded(element, 0, facts);
    const Register y = vector(totals.registers[static_cast<std::size_t>(copy_) % totals.registers.size()]);
    facts.join == Join::larger ? max_(y, y, x) : min_(y, y, x);
    if (wide_) {
      if (planted("the largest of a row is no NaN on AVX-512")) return;
      const Mask ordered(totals.nan);
      return compare_(ordered | ordered, x, x, std::uint8_t{7});
    }
    if (planted("the largest of a row is no NaN on AVX2")) return;
    const Register t = scratch(1), seen = vector(totals.nan);
    compare_(t, x, x, std::uint8_t{3});
    or_bits(seen, seen, t);
  }
};

}  // namespace xgrad::fused::machine
