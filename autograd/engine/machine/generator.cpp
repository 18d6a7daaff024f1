#include "autograd/engine/machine/generator.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <set>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/machine/encode_reductions.hpp"

namespace xgrad::fused::machine {

namespace {

constexpr std::size_t most_bytes = 192 * 1024;
constexpr int most_copies = 4;  // vectors that the loop's body takes in step

struct TooFewRegisters {};

/// Decides which values keep a register, and how many vectors of columns the loops take.
class Generator : private Reductions {
 public:
  Generator(std::uint8_t* memory, const VectorCode& code, const Aliases& aliases, const Target& target)
      : Reductions(memory, most_bytes, code, target, aliases), target_(target) {}

  std::size_t run() {
    look();
    choose();
    lay_out();
    begin();
    Xbyak::Label next;
    L(next);
    begin_row();
    loop(main_);
    if (main_.vectors() > rest_.vectors()) loop(rest_);
    tail();
    for (std::size_t r = 0; r < totals_.size(); ++r) finish(r);
    end_row(next);
    end();
    put_calls();
    put_constants();
    ready();
    return getSize();
  }

 private:
  // ---- choices

  void look() {
    for (const VectorInstruction& i : code_.instructions) {
      has_column_ |= i.op == Op::column;
      moves_masks_ |= i.op == Op::load_mask || i.op == Op::store_mask;
    }
    for (const Reduction& reduction : code_.reductions) {
      const ReductionFacts facts = reduction_facts(reduction.code);
      ++(facts.in_lanes ? sums_ : extremes_);
      folded_ += single() && facts.folds;
    }
    if (wide_ && extremes_ > 2) throw TooFewRegisters();
    group_ = sums_ ? 16 / width_ : 1;
  }

  int masks(int copies) const { return wide_ ? (7 - group_ - extremes_) / copies : 0; }

  void choose() {
    sums_in_memory_ = sums_ * parts() + folded_ * float_parts() > target_.registers / 2;
    folds_in_memory_ = folded_ * float_parts() > target_.registers / 4;
    try {
      choose_loops();
    } catch (const TooFewRegisters&) {
      if (sums_ == 0 || (sums_in_memory_ && folds_in_memory_)) throw;
      sums_in_memory_ = folds_in_memory_ = true;
      choose_loops();
    }
    // Lanes of folded sums are used seldom, so further copies get their registers.
    if (sums_ == 0 || folded_ < sums_ || sums_in_memory_ || copies_ == most_copies) return;
    sums_in_memory_ = true;
    choose_loops();
  }
  void choose_loops() {
    fixed_.assign(code_.instructions.size(), -1);
    kept_ = 0;
    for (const int copies : {most_copies, 2, 1}) {
      copies_ = copies;
      int free = target_.registers - own_registers();
      const int scratch = reserved(false);
      const int slots = slots_without_spills(free - scratch, copies);
      if (slots * copies > free - scratch && copies > 1) continue;
      const int needed = std::max(std::min(slots * copies, free - scratch) + scratch, 4 + reserved(true));
      if (copies > 1 || slots <= free - scratch) keep_invariants(free - needed);
      break;
    }
    main_ = shape(copies_, folded_ ? folded_columns * float_parts() : group_, false);
    rest_ = shape(1, group_, false);
    tail_ = shape(1, group_, true);
    main_.folds = folded_;
  }

  /// The number of registers that hold reductions and column numbers.
  int own_registers() const {
    const int largest = extremes_ * (std::min(copies_, 2) + (wide_ ? 0 : 1));
    const int sums = (sums_in_memory_ ? 0 : sums_ * parts()) + (folds_in_memory_ ? 0 : folded_ * float_parts());
    return sums + largest + has_column_;
  }
  int reserved(bool tail) const {
    if (tail) return sums_ || extremes_ ? 4 : 2;
    return sums_ || extremes_ || moves_masks_ ? 2 : 0;
  }
  /// The least number of slots that need no spills; more than `most / copies` if there is none.
  int slots_without_spills(int most, int copies) {
    int low = 2, high = most / copies + 1;
    while (low < high) {
      const int slots = (low + high) / 2;
      const Allocation tried = allocate(code_, target_, {fixed_, slots, masks(copies), true});
      if (tried.possible && tried.spills == 0)
        high = slots;
      else
        low = slots + 1;
    }
    return low;
  }
  void keep_invariants(int room) {
    const std::vector<int> weight = weights(code_);
    std::vector<std::size_t> order;
    for (std::size_t v = 0; v < weight.size(); ++v)
      if (weight[v] > 0) order.push_back(v);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return weight[a] > weight[b]; });
    for (const std::size_t v : order) {
      if (room-- <= 0) return;
      fixed_[v] = target_.registers - own_registers() - ++kept_;
    }
  }

  Shape shape(int copies, int vectors, bool tail) {
    Shape made;
    made.copies = copies;
    made.passes = std::max(1, vectors / copies);
    made.tail = tail;
    made.scratch = target_.registers - own_registers() - kept_ - reserved(tail);
    made.allocation = allocate(code_, target_, {fixed_, made.scratch / copies, masks(copies), !tail});
    if (!made.allocation.possible) throw TooFewRegisters();
    return made;
  }

  // ---- the frame and the registers that stay

  int room(int bytes) {
    const int at = frame_.size;
    frame_.size += (bytes + 63) / 64 * 64;
    return at;
  }

  void lay_out() {
    int spills = 0;
    for (const Shape* s : {&main_, &rest_, &tail_}) spills = std::max(spills, s->allocation.spills * s->copies);
    frame_.spills = room(spills * bytes_);
    lay_out_totals();
    lay_out_operands();
    if (!wide_) frame_.parts = room(group_ * bytes_);
    lay_out_pointers();
    frame_.rows = room(8);
  }
  /// Gives the last vector registers to column numbers and reductions, and the last mask registers to reductions.
  void lay_out_totals() {
    int next = target_.registers, mask = 7 - group_;
    if (has_column_) counter_ = --next;
    for (const Reduction& reduction : code_.reductions) {
      const ReductionFacts facts = reduction_facts(reduction.code);
      const bool memory = facts.in_lanes && sums_in_memory_, folds = folded_ && facts.folds;
      Totals totals;
      frame_.totals.push_back(memory ? room(128) : -1);
      for (int i = memory ? 0 : facts.in_lanes ? parts() : std::min(copies_, 2); i > 0; --i)
        totals.registers.push_back(--next);
      frame_.folded.push_back(folds && folds_in_memory_ ? room(64) : -1);
      for (int i = folds && !folds_in_memory_ ? float_parts() : 0; i > 0; --i) totals.folded.push_back(--next);
      if (!facts.in_lanes) totals.nan = wide_ ? mask-- : --next;
      totals_.push_back(totals);
    }
  }
  /// Lays out what instructions need in the frame, and counts how often they use each pointer.
  void lay_out_operands() {
    for (const VectorInstruction& i : code_.instructions) {
      const auto p = static_cast<std::uint16_t>(i.immediate);
      if (i.op == Op::call_where && call_frame_ < 0) call_frame_ = room(call_bytes());
      if (i.op == Op::load || i.op == Op::store || i.op == Op::load_mask || i.op == Op::store_mask) ++pointers_[p];
      if (wide_) continue;
      if (i.op == Op::number) frame_.numbers.try_emplace(i.immediate, room(bytes_));
      if (i.op != Op::load_mask && i.op != Op::store_mask) continue;
      frame_.bytes.try_emplace(aliases_[p], room(64));
      ++pointers_[aliases_[p]];
    }
  }
  /// Gives registers to the pointers that are used most, and places in the frame to the others.
  void lay_out_pointers() {
    const Xbyak::Reg64 registers[] = {r10, r11, rbx, r12, r13, r14, r15};
    std::vector<std::pair<int, std::uint16_t>> by_use;
    for (const auto& [p, uses] : pointers_) by_use.emplace_back(-uses, p);
    std::sort(by_use.begin(), by_use.end());
    for (std::size_t i = 0; i < by_use.size(); ++i)
      if (i < std::size(registers))
        direct_.emplace(by_use[i].second, registers[i]);
      else
        frame_.pointers.emplace(by_use[i].second, room(8));
  }

  static int offset(std::size_t bytes) { return static_cast<int>(bytes); }

  // rdi: strides; rsi: the column; rdx: the number of columns; r8: registers of the program; rax, rcx, r9: temporaries.
  void begin() {
    for (const auto& r : {rbp, rbx, r12, r13, r14, r15}) push(r);
    mov(rbp, rsp);
    sub(rsp, frame_.size + 64);
    Xbyak::CodeGenerator::and_(rsp, -64);
    mov(rdx, ptr[rdi + offset(offsetof(PhaseArguments, columns))]);
    mov(r8, ptr[rdi + offset(offsetof(PhaseArguments, registers))]);
    mov(rax, ptr[rdi + offset(offsetof(PhaseArguments, rows))]);
    mov(ptr[rsp + frame_.rows], rax);
    mov(rcx, ptr[rdi + offset(offsetof(PhaseArguments, pointers))]);
    mov(rdi, ptr[rdi + offset(offsetof(PhaseArguments, strides))]);
    for (const auto& [p, r] : direct_) mov(r, ptr[rcx + 8 * p]);
    for (const auto& [p, at] : frame_.pointers) {
      mov(rax, ptr[rcx + 8 * p]);
      mov(ptr[rsp + at], rax);
    }
    keep(Op::constant);
  }
  void keep(Op op) {
    for (std::size_t v = 0; v < fixed_.size(); ++v)
      if (fixed_[v] >= 0 && code_.instructions[v].op == op) fill(vector(fixed_[v]), static_cast<Value>(v));
  }
  void begin_row() {
    Xbyak::CodeGenerator::xor_(esi, esi);
    for (const auto& [r, at] : frame_.numbers) {
      broadcast_(vector(0), ptr[register_(r)]);
      move_(ptr[rsp + at], vector(0));
    }
    keep(Op::number);
    if (has_column_) move_(vector(counter_), lane_numbers());
    for (std::size_t r = 0; r < totals_.size(); ++r) start(r, main_.scratch - 1);
  }
  void end_row(Xbyak::Label& next) {
    Xbyak::Label out;
    Xbyak::CodeGenerator::dec(qword[rsp + frame_.rows]);
    jz(out, T_NEAR);
    for (const auto& [p, r] : direct_) add(r, ptr[rdi + 8 * p]);
    for (const auto& [p, at] : frame_.pointers) {
      mov(rax, ptr[rdi + 8 * p]);
      add(ptr[rsp + at], rax);
    }
    if (!planted("machine code reads the numbers of the first row for all")) add(r8, item_);
    jmp(next, T_NEAR);
    L(out);
  }

  // ---- loops

  void loop(const Shape& shape) {
    const int step = shape.vectors() * width_;
    Xbyak::Label top, out;
    lea(rax, ptr[rsi + step]);
    cmp(rax, rdx);
    jg(out, T_NEAR);
    align(32);
    L(top);
    body(shape);
    advance(step);
    lea(rax, ptr[rsi + step]);
    cmp(rax, rdx);
    jle(top, T_NEAR);
    L(out);
  }
  void advance(int step) {
    add(rsi, step);
    if (has_column_ && !planted("machine code counts the columns of its first vectors only"))
      add_(vector(counter_), vector(counter_), constant(bits(step)));
  }

  void tail() {
    Xbyak::Label out;
    cmp(rsi, rdx);
    jge(out, T_NEAR);
    mov(rcx, rdx);
    sub(rcx, rsi);
    if (wide_) {
      mov(eax, planted("the tail of AVX-512 has one lane too many") ? 2 : 1);
      shl(eax, cl);
      dec(eax);
      for (int g = 0; g < group_; ++g) {
        if (single()) {
          kmovw(Mask(7), eax);
        } else {
          movzx(ecx, al);
          kmovw(Mask(7 - g), ecx);
          shr(eax, 8);
        }
      }
    } else {
      neg(rcx);
      lea(rax, ptr[rip + part_table()]);
      for (int g = 0; g < group_; ++g) {
        vmovups(vector(0), ptr[rax + rcx * item_ +
                               (planted("the tail of AVX2 has one lane too many") ? 15 : 16) * item_ + g * bytes_]);
        vmovups(ptr[rsp + frame_.parts + g * bytes_], vector(0));
      }
      for (const auto& [p, at] : frame_.bytes) copy_bytes(p, at, true);
    }
    body(tail_);
    if (!wide_)
      for (const auto& [p, at] : frame_.bytes) copy_bytes(p, at, planted("masks of a tail are not written back"));
    L(out);
  }

  /// Copies mask bytes of the tail into the frame, or back if any were stored.
  void copy_bytes(std::uint16_t p, int at, bool in) {
    const bool stored =
        std::any_of(code_.instructions.begin(), code_.instructions.end(), [&](const VectorInstruction& i) {
          return i.op == Op::store_mask && aliases_[static_cast<std::size_t>(i.immediate)] == p;
        });
    if (!in && !stored) return;
    Xbyak::Label next;
    const auto found = direct_.find(p);
    found != direct_.end() ? mov(r9, found->second) : mov(r9, ptr[rsp + frame_.pointers.at(p)]);
    add(r9, rsi);
    mov(rcx, rdx);
    sub(rcx, rsi);
    L(next);
    if (in) {
      mov(al, ptr[r9 + rcx - 1]);
      mov(ptr[rsp + rcx + (at - 1)], al);
    } else {
      mov(al, ptr[rsp + rcx + (at - 1)]);
      mov(ptr[r9 + rcx - 1], al);
    }
    dec(rcx);
    jnz(next);
  }

  void end() {
    vzeroupper();
    mov(rsp, rbp);
    for (const auto& r : {r15, r14, r13, r12, rbx, rbp}) pop(r);
    ret();
  }

  const Target& target_;
  bool has_column_ = false, moves_masks_ = false, sums_in_memory_ = false, folds_in_memory_ = false;
  int sums_ = 0, extremes_ = 0;
  int folded_ = 0;  // sums that take several columns of a lane in float32 first
  int group_ = 1;   // vectors that make up the 16 lanes of a sum
  int copies_ = 1;  // in the main loop
  int kept_ = 0;    // registers of invariants
  std::vector<int> fixed_;
  std::map<std::uint16_t, int> pointers_;  // by pointer: how often it is used
  Shape main_, rest_, tail_;
};

}  // namespace

std::vector<std::uint8_t> generate(const VectorCode& code, const Aliases& aliases, bool wide) {
  const Target target = wide ? Target{64, 32, true} : Target{32, 16, false};
  const auto bytes = std::make_unique_for_overwrite<std::uint8_t[]>(most_bytes);
  try {
    const std::size_t size = Generator(bytes.get(), code, aliases, target).run();
    return {bytes.get(), bytes.get() + size};
  } catch (const TooFewRegisters&) {
    return {};
  } catch (const Xbyak::Error&) {
    return {};  // Xbyak ran out of room for code
  }
}

}  // namespace xgrad::fused::machine
