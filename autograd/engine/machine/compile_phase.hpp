#pragma once

// machine/: a phase of a program as machine code.
//   in:  a phase, and which of its arrays are the same.
//   out: what runs it on any rows, or nothing where that cannot be.
//
// The second tier: phases as machine code, for AVX2 and AVX-512, where the build has an assembler.

#include <memory>

#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/programs/phase_kernel.hpp"

namespace xgrad::fused {

/// The kernel for one phase; null where registers do not suffice, where there is no machine code for the instruction
/// set, or where the system refuses executable memory, which is said once on stderr. A phase that counts its columns
/// needs a kernel for rows beyond what a float counts in ones.
std::unique_ptr<PhaseKernel> compile(const Program& program, std::size_t phase, const Aliases& aliases,
                                     InstructionSet set = instruction_set(),
                                     std::shared_ptr<const PhaseKernel> beyond = nullptr);

/// Whether this build has machine code at all.
bool has_machine_code();

}  // namespace xgrad::fused
