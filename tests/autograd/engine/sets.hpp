#pragma once

// The instruction sets that tests go through.

#include <string>
#include <vector>

#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/machine/compile_phase.hpp"
#include "tests/skip.hpp"

namespace xgrad::fused::testing {

/// Those that are there, the smallest first.
inline std::vector<InstructionSet> sets() {
  std::vector<InstructionSet> found;
  for (const InstructionSet set : {InstructionSet::generic, InstructionSet::avx2, InstructionSet::avx512})
    if (has(set)) found.push_back(set);
  return found;
}

/// Whether it is there; skips the test if not.
inline bool can_run(InstructionSet set) {
  if (has(set)) return true;
  skip(std::string(in_build(set) ? "this processor" : "this build") + " has no " + name(set));
  return false;
}
/// Whether there is machine code for it; skips the test if not.
inline bool can_compile(InstructionSet set) {
  if (!has_machine_code()) return skip("this build has no machine code"), false;
  return can_run(set);
}

}  // namespace xgrad::fused::testing
