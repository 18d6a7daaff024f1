#include "autograd/engine/programs/verify_program.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "autograd/core/thread_object.hpp"
#include "autograd/engine/programs/step_semantics.hpp"

namespace xgrad::fused {

namespace {

using Shape = Pointer::Shape;
using Source = Load::Source;

enum class Kind : std::uint8_t { none, number, mask, reducing };  // reducing: a number, but only after the phase

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
// The interpreter numbers places with 15 bits.
constexpr std::size_t most_places = 0x8000;

/// Whether operand k of a code is a number or a mask.
Kind operand_kind(Code code, int k) { return takes_mask(code, k) ? Kind::mask : Kind::number; }
Kind result_kind(Code code) { return gives_mask(code) ? Kind::mask : Kind::number; }

class ProgramVerifier {
 public:
  void run(const Program& program) {
    program_ = &program;
    registers_.assign(program.registers, Kind::none);
    stored_.assign(program.pointers.size(), never);
    input_.assign(program.pointers.size(), 0);
    integers_.assign(program.row_operands, 0);
    rows_.assign(program.row_operands, 0);
    columns_.assign(program.registers, 0);
    sizes();
    for (std::size_t p = 0; p < program_->pointers.size(); ++p) pointer(p);
    for (const Load& each : program_->loads) load(each);
    row_steps(program_->before);
    for (phase_ = 0; phase_ < program_->phases.size(); ++phase_) phase(program_->phases[phase_]);
    for (const RowStore& store : program_->row_stores) row_store(store);
    for (const ElementStore& store : program_->element_stores) element_store(store);
  }

 private:
  void sizes() const {
    if (!is_floating(program_->dtype)) violated("program: numbers are float32 or float64");
    std::size_t steps = 0;
    for (const Phase& each : program_->phases) steps = std::max(steps, each.steps.size());
    const std::size_t places =
        program_->pointers.size() + 3u * program_->registers + program_->row_operands + steps + 16;
    if (places >= most_places) violated("program: there are more places than the interpreter counts");
  }

  void pointer(std::size_t p) const {
    const Pointer& at = program_->pointers[p];
    if (at.accumulator && (at.shape != Shape::vector || at.mask))
      bad_pointer(p, "an accumulator is a vector of numbers");
    if (at.shape == Shape::scratch && at.mask) bad_pointer(p, "scratch holds numbers");
    if (at.placed && (at.shape == Shape::scratch || at.mask || at.accumulator))
      bad_pointer(p, "what lies at places of its own are numbers that are read");
  }

  void load(const Load& at) {
    Kind kind = Kind::number;
    if (at.source == Source::argument) {
      if (at.index >= program_->arguments) violated("load: there is no such argument");
    } else if (at.source == Source::element) {
      kind = element_load(at);
    } else {
      if (at.index >= program_->row_operands) violated("load: there is no such row operand");
      const bool whole = at.source == Source::integers;
      if ((whole ? rows_ : integers_)[at.index]) bad_row(at.index, "it is loaded as integers and as numbers");
      (whole ? integers_ : rows_)[at.index] = 1;
    }
    if (at.placed && at.source != Source::rows) violated("load: only numbers of rows lie at places of their own");
    define(at.register_, kind);
    columns_[at.register_] = at.source == Source::integers;
  }
  Kind element_load(const Load& at) {
    if (at.index >= program_->pointers.size()) violated("load: there is no such pointer");
    const Pointer& from = program_->pointers[at.index];
    if (from.accumulator || from.shape == Shape::scratch) bad_pointer(at.index, "an element is loaded from no input");
    column_number(at.column);
    input_[at.index] = 1;
    return from.mask ? Kind::mask : Kind::number;
  }
  void column_number(std::uint16_t r) const {
    if (r >= program_->registers || !columns_[r])
      violated("register", r, "it is no column number loaded from integers");
  }

  void define(std::uint16_t r, Kind kind) {
    if (r >= program_->registers) violated("register", r, "there is no such register");
    if (registers_[r] != Kind::none) violated("register", r, "it is defined twice");
    registers_[r] = kind;
  }
  void read_register(std::uint16_t r, Kind kind) const {
    if (r >= program_->registers) violated("register", r, "there is no such register");
    if (registers_[r] == Kind::none) violated("register", r, "it is read before it is defined");
    if (registers_[r] == Kind::reducing) violated("register", r, "it is read in the phase that reduces into it");
    if (registers_[r] != kind) violated("register", r, "a mask is taken for a number, or a number for a mask");
  }

  void row_steps(const std::vector<RowStep>& steps) {
    for (const RowStep& step : steps) {
      if (step.code == Code::none) violated("row step: it has no code");
      if (is_sink(step.code) || step.code == Code::column) violated("row step: its code needs columns");
      for (int k = 0; k < arity(step.code); ++k) read_register(step.in[k], operand_kind(step.code, k));
      define(step.out, result_kind(step.code));
    }
  }

  void phase(const Phase& at) {
    values_.assign(at.steps.size(), Kind::none);
    reductions_.clear();
    for (std::size_t i = 0; i < at.steps.size(); ++i) step(at.steps[i], i);
    for (const std::uint16_t r : reductions_) registers_[r] = Kind::number;
    row_steps(at.after);
  }

  void step(const Step& at, std::size_t i) {
    if (at.code == Code::none) violated("step: it has no code");
    const int operands = arity(at.code);
    for (int k = 0; k < 3; ++k) {
      if ((at.in[k].kind == Ref::Kind::none) == (k < operands)) violated("step: it has not the operands of its code");
      if (k < operands && at.code != Code::store) operand(at.in[k], i, operand_kind(at.code, k));
    }
    if (is_reduction(at.code)) {
      define(at.out, Kind::reducing);
      reductions_.push_back(at.out);
    } else if (at.code == Code::accumulate) {
      if (at.out >= program_->pointers.size()) violated("step: there is no such pointer");
      if (!program_->pointers[at.out].accumulator) bad_pointer(at.out, "a sum over rows is not cleared before");
      if (stored_[at.out] != never && stored_[at.out] != phase_)
        bad_pointer(at.out, "two phases add to a sum over rows");
      stored_[at.out] = phase_;
    } else if (at.code == Code::store) {
      if (at.out >= program_->pointers.size()) violated("step: there is no such pointer");
      operand(at.in[0], i, program_->pointers[at.out].mask ? Kind::mask : Kind::number);
      store(at.out);
    } else {
      values_[i] = result_kind(at.code);
    }
  }

  void operand(const Ref& ref, std::size_t i, Kind kind) {
    if (ref.kind == Ref::Kind::register_) return read_register(ref.index, kind);
    if (ref.kind == Ref::Kind::pointer) return read_pointer(ref.index, kind);
    if (ref.index >= i || values_[ref.index] == Kind::none) violated("step: it reads no value of an earlier step");
    if (values_[ref.index] != kind) violated("step: a mask is taken for a number, or a number for a mask");
  }
  void read_pointer(std::uint16_t p, Kind kind) {
    if (p >= program_->pointers.size()) violated("step: there is no such pointer");
    const Pointer& at = program_->pointers[p];
    if ((at.mask ? Kind::mask : Kind::number) != kind) bad_pointer(p, "a mask is taken for a number, or the other way");
    if (at.accumulator) bad_pointer(p, "a sum over rows is read");
    if (stored_[p] == phase_) bad_pointer(p, "it is read after it was stored in the same phase");
    if (stored_[p] != never) return;
    if (at.shape == Shape::scratch) bad_pointer(p, "scratch is read before a phase has stored to it");
    input_[p] = 1;
  }
  void store(std::uint16_t p) {
    const Pointer& at = program_->pointers[p];
    if (at.shape == Shape::vector) bad_pointer(p, "what is the same for all rows is stored");
    if (input_[p]) bad_pointer(p, "an input is stored");
    if (at.placed) bad_pointer(p, "what lies at places of its own is stored");
    if (stored_[p] == phase_) bad_pointer(p, "it is stored twice in a phase");
    stored_[p] = phase_;
  }

  void row_store(const RowStore& at) {
    read_register(at.register_, Kind::number);
    if (at.index >= program_->row_operands) violated("row store: there is no such row operand");
    if (integers_[at.index] || rows_[at.index]) bad_row(at.index, "it is stored, and loaded or stored");
    rows_[at.index] = 1;
  }
  void element_store(const ElementStore& at) {
    read_register(at.register_, Kind::number);
    column_number(at.column);
    if (at.pointer >= program_->pointers.size()) violated("element store: there is no such pointer");
    const Pointer& to = program_->pointers[at.pointer];
    if (to.shape != Shape::full || to.mask || to.placed)
      bad_pointer(at.pointer, "an element is stored to no matrix of numbers");
    if (stored_[at.pointer] == never) bad_pointer(at.pointer, "an element is stored, but not its row");
  }

  [[noreturn]] static void bad_pointer(std::size_t p, const char* rule) {
    violated("pointer", static_cast<std::int64_t>(p), rule);
  }
  [[noreturn]] static void bad_row(std::size_t index, const char* rule) {
    violated("row operand", static_cast<std::int64_t>(index), rule);
  }

  const Program* program_ = nullptr;
  std::size_t phase_ = 0;
  std::vector<Kind> registers_;
  std::vector<std::size_t> stored_;    // by pointer: the last phase that stored to it
  std::vector<char> input_;            // by pointer: whether it was read before anything stored to it
  std::vector<char> integers_, rows_;  // by row operand: loaded as integers; loaded as numbers, or stored
  std::vector<char> columns_;          // by register: whether it was loaded from integers
  std::vector<Kind> values_;           // of the present phase
  std::vector<std::uint16_t> reductions_;
};

/// For each pointer of a program the number of the last step that reads it, and of the first one that stores to it.
class Times {
 public:
  void find(const Program& program) {
    read_.assign(program.pointers.size(), 0);
    stored_.assign(program.pointers.size(), never);
    std::size_t time = 0;
    for (const Phase& phase : program.phases)
      for (const Step& step : phase.steps) {
        ++time;
        for (const Ref& in : step.in)
          if (in.kind == Ref::Kind::pointer) read_[in.index] = time;
        if (step.code == Code::store) stored_[step.out] = std::min(stored_[step.out], time);
      }
  }
  std::size_t last_read(std::uint16_t p) const { return read_[p]; }
  std::size_t first_store(std::uint16_t p) const { return stored_[p]; }

 private:
  std::vector<std::size_t> read_, stored_;
};

bool is_full_of_numbers(const Pointer& pointer) {
  return pointer.shape == Shape::full && !pointer.mask && !pointer.accumulator && !pointer.placed;
}

}  // namespace

const Program& verified(const Program& program) {
  static constinit thread_local ThreadObject<ProgramVerifier> verifier;  // keeps its memory for the next program
  if (verification() != Verification::never) verifier->run(program);
  return program;
}

void verify_sharing(const Program& program, std::span<const Overwrite> pairs) {
  if (pairs.empty()) return;
  static constinit thread_local ThreadObject<Times> times;  // keeps its memory
  times->find(program);
  for (const auto& [read, written] : pairs) {
    const auto count = program.pointers.size();
    if (read >= count || written >= count) violated("sharing: there is no such pointer");
    if (!is_full_of_numbers(program.pointers[read]) || !is_full_of_numbers(program.pointers[written]))
      violated("pointer", written, "it shares memory, but is no matrix of numbers, or what it shares it with is none");
    if (times->first_store(read) != never) violated("pointer", read, "it shares memory as an input, but is stored");
    if (times->first_store(written) == never) violated("pointer", written, "it shares memory, but is no output");
    if (times->last_read(read) > times->first_store(written))
      violated("pointer", read, "it is read after what shares its memory was stored");
  }
}

}  // namespace xgrad::fused
