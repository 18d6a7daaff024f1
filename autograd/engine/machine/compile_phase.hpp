#pragma once

// machine/: a phase of a program as machine code.
//   in:  a phase, and which of its arrays are the same.
//   out: a kernel that runs it on any rows, or nothing where there is no machine code for it.
//
// This is the second tier, for AVX2 and AVX-512, in builds with an assembler.

#include <memory>

#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/programs/phase_kernel.hpp"

namespace xgrad::fused {

/// Compiles one phase. Null where registers do not suffice, where there is no machine code for the instruction set, or
/// where the system refuses executable memory, with one line on stderr. A phase that numbers its columns needs a kernel
/// for rows with more columns than a float has whole numbers.
std::unique_ptr<PhaseKernel> compile(const Program& program, std::size_t phase, const Aliases& aliases,
                                     InstructionSet set = instruction_set(),
                                     std::shared_ptr<const PhaseKernel> beyond = nullptr);

/// Whether this build can make machine code.
bool has_machine_code();

}  // namespace xgrad::fused
