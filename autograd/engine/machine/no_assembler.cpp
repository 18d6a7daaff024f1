// Stands in for the room in builds without an assembler: all programs are interpreted.

#include "autograd/engine/machine/compile_phase.hpp"

namespace xgrad::fused {

std::unique_ptr<PhaseKernel> compile(const Program&, std::size_t, const Aliases&, InstructionSet,
                                     std::shared_ptr<const PhaseKernel>) {
  return nullptr;
}
bool has_machine_code() { return false; }

}  // namespace xgrad::fused
