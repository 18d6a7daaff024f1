#include "autograd/engine/cpu/instruction_set.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "autograd/core/fail.hpp"
#include "autograd/core/mutex.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/self_check.hpp"
#include "autograd/engine/engine.hpp"

namespace xgrad {

namespace fused {

namespace {

Pretence pretended;

std::string those_there() {
  std::string list;
  for (const InstructionSet set : instruction_sets)
    if (has(set)) list += (list.empty() ? "" : ", ") + std::string(name(set));
  return list;
}

/// The instruction set of this name. ValueError for an unknown name, or if it is not available here.
InstructionSet named(const std::string& wanted, const char* who, const Location& where) {
  for (const InstructionSet set : instruction_sets) {
    if (wanted != name(set)) continue;
    check<ValueError>(in_build(set), where, who, ": ", wanted, " is not in this build; there are: ", those_there());
    check<ValueError>(has(set), where, who, ": this processor has no ", wanted, "; there are: ", those_there());
    return set;
  }
  fail<ValueError>(where, who, ": there is no instruction set '", wanted, "'; there are: ", those_there());
}

/// The widest available set that is not wider than `most`.
InstructionSet widest(InstructionSet most) {
  for (const InstructionSet set : instruction_sets)
    if (set <= most && has(set)) return set;
  return InstructionSet::generic;
}

/// The set if its operations are right, else the next smaller one that is.
InstructionSet checked(InstructionSet set) {
  while (const auto wrong = self_check(set)) {
    const char* operation = operands(*wrong).name;
    check<Error>(set != InstructionSet::generic, Location::current(), "self-check: ", operation,
                 " computes wrong numbers on this processor, and there is no other instruction set");
    const InstructionSet next = widest(static_cast<InstructionSet>(static_cast<int>(set) - 1));
    std::fprintf(stderr, "xgrad: %s of %s computes wrong numbers on this processor; it is left for %s\n", operation,
                 name(set), name(next));
    set = next;
  }
  return set;
}

constexpr int none = -1;
std::atomic<int> chosen{none};
Mutex choosing;

void choose(InstructionSet set) { chosen.store(static_cast<int>(set), std::memory_order_release); }

}  // namespace

const char* name(InstructionSet set) {
  constexpr const char* names[] = {"generic", "avx2", "avx512"};
  return names[static_cast<int>(set)];
}

bool in_build(InstructionSet set) {
  if (set == InstructionSet::generic) return true;
  return (set == InstructionSet::avx2 ? avx2_lanes(float32) : avx512_lanes(float32)) != nullptr;
}

bool in_processor(InstructionSet set) {
  if (set == InstructionSet::generic) return true;
  if (pretended.lacking == set) return false;
#if defined(__x86_64__)
  if (set == InstructionSet::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

bool has(InstructionSet set) { return in_build(set) && in_processor(set); }

InstructionSet instruction_set() {
  const int set = chosen.load(std::memory_order_acquire);
  if (set != none) [[likely]]
    return static_cast<InstructionSet>(set);
  const std::lock_guard lock(choosing);
  if (chosen == none) {
    const char* wanted = std::getenv("XGRAD_ISA");
    choose(checked(wanted && *wanted && !planted("XGRAD_ISA is overlooked")
                       ? named(wanted, "XGRAD_ISA", Location::current())
                       : widest(InstructionSet::avx512)));
  }
  return static_cast<InstructionSet>(chosen.load());
}

void pretend(const Pretence& pretence) {
  const std::lock_guard lock(choosing);
  pretended = pretence;
  chosen = none;
}
const Pretence& pretence() { return pretended; }

}  // namespace fused

void set_instruction_set(const std::string& name, const Location& where) {
  const fused::InstructionSet set = fused::named(name, "set_instruction_set", where);
  const std::lock_guard lock(fused::choosing);
  const auto wrong = fused::planted("a set is chosen without a check") ? std::nullopt : fused::self_check(set);
  check<ValueError>(!wrong, where, "set_instruction_set: ", wrong ? fused::operands(*wrong).name : "", " of ", name,
                    " computes wrong numbers on this processor");
  fused::choose(set);
}

}  // namespace xgrad
