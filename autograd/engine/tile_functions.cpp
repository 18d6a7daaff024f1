#include "autograd/engine/tile_functions.hpp"

#include <cstdlib>
#include <string>

#include "autograd/core/fail.hpp"

namespace xgrad::fused {

namespace {

bool processor_has([[maybe_unused]] InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

InstructionSet choose() {
  const InstructionSet sets[] = {InstructionSet::avx512, InstructionSet::avx2, InstructionSet::generic};
  const char* names[] = {"avx512", "avx2", "generic"};
  const char* wanted = std::getenv("XGRAD_INSTRUCTION_SET");
  for (int i = 0; i < 3; ++i)
    if (has(sets[i]) && (!wanted || !*wanted || std::string(wanted) == names[i])) return sets[i];
  fail<ValueError>(Location::current(), "XGRAD_INSTRUCTION_SET: this processor has no \"", wanted,
                   "\"; there are generic, avx2 and avx512");
}

}  // namespace

bool has(InstructionSet set) {
  if (set == InstructionSet::generic) return true;
  return (set == InstructionSet::avx2 ? avx2_functions(float32) : avx512_functions(float32)) && processor_has(set);
}

InstructionSet instruction_set() {
  static const InstructionSet chosen = choose();
  return chosen;
}

const TileFunctions& tile_functions(InstructionSet set, DType dtype) {
  switch (set) {
    case InstructionSet::avx2:
      return *avx2_functions(dtype);
    case InstructionSet::avx512:
      return *avx512_functions(dtype);
    default:
      return *generic_functions(dtype);
  }
}

}  // namespace xgrad::fused
