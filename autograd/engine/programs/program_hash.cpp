#include "autograd/engine/programs/program_hash.hpp"

#include "autograd/core/mixing.hpp"
#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused {

namespace {

class Hash {
 public:
  explicit Hash(const Program& program) {
    add(static_cast<std::uint64_t>(program.dtype), program.registers, program.row_operands, program.arguments);
    add_all(program.before);
    for (const Phase& phase : program.phases) {
      add_all(phase.steps);
      add_all(phase.after);
    }
    if (planted("programs are told by the hash of their steps")) return;
    add_all(program.pointers);
    add_all(program.loads);
    add_all(program.row_stores);
    add_all(program.element_stores);
  }
  std::uint64_t value() const { return scattered(value_); }

 private:
  void add(std::uint64_t word) { value_ = mixed(value_, word); }
  // Each takes 16 bits.
  void add(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d = 0) {
    add(a | b << 16 | c << 32 | d << 48);
  }
  template <class List>
  void add_all(const List& list) {
    add(list.size());
    for (const auto& each : list) add(each);
  }

  static std::uint64_t word(const Ref& ref) { return static_cast<std::uint64_t>(ref.kind) << 16 | ref.index; }
  void add(const Step& step) {
    add(static_cast<std::uint64_t>(step.code) | std::uint64_t{step.out} << 8 | word(step.in[0]) << 24);
    add(word(step.in[1]) | word(step.in[2]) << 24);
  }
  void add(const RowStep& step) {
    add(static_cast<std::uint64_t>(step.code));
    add(step.out, step.in[0], step.in[1], step.in[2]);
  }
  void add(const Pointer& pointer) {
    add(static_cast<std::uint64_t>(pointer.shape), pointer.mask, pointer.accumulator, pointer.placed);
  }
  void add(const Load& load) {
    add(static_cast<std::uint64_t>(load.source) << 1 | std::uint64_t{load.placed}, load.index, load.register_,
        load.column);
  }
  void add(const RowStore& store) { add(store.register_, store.index, 0); }
  void add(const ElementStore& store) { add(store.register_, store.pointer, store.column); }

  std::uint64_t value_ = 0;
};

}  // namespace

std::uint64_t hash_of(const Program& program) { return Hash(program).value(); }

}  // namespace xgrad::fused
