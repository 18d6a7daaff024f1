#pragma once

// The instruction sets that are available, and the one that the engine uses.

#include <cstdint>
#include <optional>

namespace xgrad::fused {

enum class InstructionSet : std::uint8_t { generic, avx2, avx512 };

/// The widest first.
inline constexpr InstructionSet instruction_sets[] = {InstructionSet::avx512, InstructionSet::avx2,
                                                      InstructionSet::generic};
const char* name(InstructionSet set);

/// Whether this build has it; whether this processor has it; whether both have.
bool in_build(InstructionSet set);
bool in_processor(InstructionSet set);
bool has(InstructionSet set);

/// The set that the environment variable XGRAD_ISA or set_instruction_set() chooses, else the widest available one. Its
/// operations are checked at first use (see self_check.hpp); where one is wrong, the next smaller set is taken, with a
/// line on stderr. ValueError where XGRAD_ISA names an unknown or unavailable set.
InstructionSet instruction_set();

enum class LaneOperation : std::uint8_t;

/// A processor that tests pretend to have.
struct Pretence {
  std::optional<InstructionSet> lacking;  // not in this processor
  std::optional<InstructionSet> wrong;    // whose `operation` has a wrong result in its last lane
  LaneOperation operation{};
};
/// Pretends this from now on. The next use of an instruction set is checked like the first.
void pretend(const Pretence& pretence);
const Pretence& pretence();

}  // namespace xgrad::fused
