#pragma once

// The facts about instructions, all from the table in instruction.hpp. Whether a zero cotangent stays zero is a fact
// about the derivative rule, and stands with it in Lowering::keeps_zero.

#include "autograd/core/instruction.hpp"

namespace xgrad {

/// What an instruction takes and gives. A mask has all bits of an element set, or none; in the tape it is a bool.
enum class Form : std::uint8_t {
  none,
  source,      // nothing -> number
  copy,        // number or mask -> the same
  unary,       // number -> number
  binary,      // two numbers -> number
  ternary,     // three numbers -> number
  relation,    // two numbers -> mask
  connective,  // two masks -> mask
  negation,    // mask -> mask
  conversion,  // mask -> number
  selection,   // mask, number, number -> number
  reduction,   // the numbers of a row -> one number
  sink         // number or mask -> memory
};

enum class Cost : std::uint8_t {
  cheap,     // computed again rather than read from memory
  moderate,  // kept, but so short that a loop does several vectors at a time
  costly     // a polynomial or more: one vector at a time fills the processor
};

struct InstructionFacts {
  const char* name;
  Form form;
  Cost cost;
};

inline constexpr InstructionFacts instruction_facts[] = {{"none", Form::none, Cost::moderate},
#define XGRAD_FACTS(name, form, cost) {#name, Form::form, Cost::cost},
                                                         XGRAD_INSTRUCTIONS(XGRAD_FACTS)
#undef XGRAD_FACTS
};
inline constexpr int instruction_count = static_cast<int>(sizeof instruction_facts / sizeof instruction_facts[0]);

constexpr const char* name_of(Instruction f) { return instruction_facts[static_cast<int>(f)].name; }
constexpr Form form_of(Instruction f) { return instruction_facts[static_cast<int>(f)].form; }
constexpr Cost cost_of(Instruction f) { return instruction_facts[static_cast<int>(f)].cost; }

/// The number of operands.
constexpr int arity(Instruction f) {
  switch (form_of(f)) {
    case Form::none:
    case Form::source:
      return 0;
    case Form::binary:
    case Form::relation:
    case Form::connective:
      return 2;
    case Form::ternary:
    case Form::selection:
      return 3;
    default:
      return 1;
  }
}
/// Whether operand k is a mask. (That of copies and sinks may be either.)
constexpr bool takes_mask(Instruction f, int k) {
  const Form form = form_of(f);
  return form == Form::connective || form == Form::negation || form == Form::conversion ||
         (form == Form::selection && k == 0);
}
constexpr bool gives_mask(Instruction f) {
  const Form form = form_of(f);
  return form == Form::relation || form == Form::connective || form == Form::negation;
}
/// Whether it computes each element of its result from those of its operands.
constexpr bool is_elementwise(Instruction f) { return form_of(f) >= Form::unary && form_of(f) <= Form::selection; }
constexpr bool is_reduction(Instruction f) { return form_of(f) == Form::reduction; }
/// Whether it has no element as a result.
constexpr bool is_sink(Instruction f) { return form_of(f) >= Form::reduction; }

}  // namespace xgrad
