#include "autograd/engine/machine/compile_phase.hpp"

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "autograd/engine/machine/code_arena.hpp"
#include "autograd/engine/machine/generator.hpp"
#include "autograd/engine/programs/program_analysis.hpp"

namespace xgrad::fused {

bool has_machine_code() { return true; }

namespace {

using Function = void (*)(const PhaseArguments*);

class MachineKernel final : public PhaseKernel {
 public:
  /// `beyond` runs rows that have more columns than machine code can number; null if it does not number them.
  MachineKernel(std::unique_ptr<machine::Routine> code, std::shared_ptr<const PhaseKernel> beyond)
      : code_(std::move(code)), run_(reinterpret_cast<Function>(code_->entry())), beyond_(std::move(beyond)) {}

  std::size_t workspace() const override { return beyond_ ? beyond_->workspace() : 0; }
  void run(const PhaseArguments& arguments) const override {
    if (beyond_ && arguments.columns > most_counted) return beyond_->run(arguments);
    run_(&arguments);
  }

 private:
  static constexpr std::int64_t most_counted = 1 << 24;  // what a float counts in ones
  std::unique_ptr<machine::Routine> code_;
  Function run_;
  std::shared_ptr<const PhaseKernel> beyond_;
};

void tell_refusal() {
  static std::atomic<bool> told{false};
  if (!told.exchange(true))
    std::fputs("xgrad: the system refuses executable memory; programs stay interpreted\n", stderr);
}

}  // namespace

std::unique_ptr<PhaseKernel> compile(const Program& program, std::size_t phase, const Aliases& aliases,
                                     InstructionSet set, std::shared_ptr<const PhaseKernel> beyond) {
  if (set == InstructionSet::generic) return nullptr;
  const bool wide = set == InstructionSet::avx512;
  const auto code = machine::emit(program, program.phases[phase], aliases, wide);
  if (!code) return nullptr;
  if (counts_columns(program.phases[phase]) && !beyond)
    throw std::logic_error("a phase that counts its columns has no kernel for the longest rows");
  const auto bytes = machine::generate(*code, aliases, wide);
  if (bytes.empty()) return nullptr;
  auto routine = machine::Arena::common().add(bytes);
  if (!routine) {
    tell_refusal();
    return nullptr;
  }
  return std::make_unique<MachineKernel>(std::move(routine), std::move(beyond));
}

}  // namespace xgrad::fused
