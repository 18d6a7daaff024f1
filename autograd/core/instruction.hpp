#pragma once

#include <cstdint>

namespace xgrad {

// The table of instructions: name, form, cost. What else an instruction is follows from its row: instruction_facts.hpp
// says what forms and costs mean; the engine emits the function of this name in engine/math, and the reference kernel
// of a function of numbers calls the one of this name in kernels/scalar.hpp or, where there is none, in <cmath>.
// clang-format off
#define XGRAD_PROGRAM_SOURCES(row) /* in row programs only */                     \
  row(column, source, moderate) /* the number of the column */                    \
  row(copy, copy, moderate)
#define XGRAD_UNARY_INSTRUCTIONS(row)                                             \
  row(neg, unary, cheap)                                                          \
  row(exp, unary, costly)                                                         \
  row(log, unary, costly)                                                         \
  row(log2, unary, costly)                                                        \
  row(log1p, unary, costly)                                                       \
  row(expm1, unary, costly)                                                       \
  row(sqrt, unary, moderate)                                                      \
  row(sin, unary, costly)                                                         \
  row(cos, unary, costly)                                                         \
  row(tan, unary, costly)                                                         \
  row(sinh, unary, costly)                                                        \
  row(cosh, unary, costly)                                                        \
  row(tanh, unary, costly)                                                        \
  row(asin, unary, costly)                                                        \
  row(acos, unary, costly)                                                        \
  row(atan, unary, costly)                                                        \
  row(gaussian, unary, costly) /* exp(-x^2) */                                    \
  row(erfc, unary, costly)                                                        \
  row(erf, unary, costly)                                                         \
  row(abs, unary, cheap)                                                          \
  row(sign, unary, cheap)                                                         \
  row(floor, unary, moderate)                                                     \
  row(ceil, unary, moderate)                                                      \
  row(round, unary, moderate) /* halves to even */                                \
  row(trunc, unary, moderate) /* towards 0 */
#define XGRAD_BINARY_INSTRUCTIONS(row)                                            \
  row(add, binary, cheap)                                                         \
  row(sub, binary, cheap)                                                         \
  row(mul, binary, cheap)                                                         \
  row(div, binary, moderate)                                                      \
  row(pow, binary, costly)                                                        \
  row(maximum, binary, cheap)                                                     \
  row(minimum, binary, cheap)                                                     \
  row(atan2, binary, costly)
#define XGRAD_TERNARY_INSTRUCTIONS(row)                                           \
  row(fma, ternary, moderate) /* a * b + c, rounded once */
#define XGRAD_RELATIONS(row)                                                      \
  row(equal, relation, cheap)                                                     \
  row(not_equal, relation, cheap)                                                 \
  row(less, relation, cheap)                                                      \
  row(less_equal, relation, cheap)                                                \
  row(greater, relation, cheap)                                                   \
  row(greater_equal, relation, cheap)
#define XGRAD_CONNECTIVES(row)                                                    \
  row(logical_and, connective, cheap)                                             \
  row(logical_or, connective, cheap)                                              \
  row(logical_xor, connective, cheap)
#define XGRAD_MASK_INSTRUCTIONS(row)                                              \
  row(logical_not, negation, cheap)                                               \
  row(cast, conversion, cheap) /* of a mask to numbers; other casts are opaque */ \
  row(where, selection, cheap)
#define XGRAD_REDUCTIONS(row)                                                     \
  row(sum, reduction, moderate)                                                   \
  row(prod, reduction, moderate)                                                  \
  row(max, reduction, moderate)                                                   \
  row(min, reduction, moderate)
#define XGRAD_PROGRAM_SINKS(row) /* in row programs only; the last rows */        \
  row(store, sink, moderate)                                                      \
  row(accumulate, sink, moderate) /* adds to an element for each column */
#define XGRAD_INSTRUCTIONS(row)                                                   \
  XGRAD_PROGRAM_SOURCES(row)                                                      \
  XGRAD_UNARY_INSTRUCTIONS(row)                                                   \
  XGRAD_BINARY_INSTRUCTIONS(row)                                                  \
  XGRAD_TERNARY_INSTRUCTIONS(row)                                                 \
  XGRAD_RELATIONS(row)                                                            \
  XGRAD_CONNECTIVES(row)                                                          \
  XGRAD_MASK_INSTRUCTIONS(row)                                                    \
  XGRAD_REDUCTIONS(row)                                                           \
  XGRAD_PROGRAM_SINKS(row)
// clang-format on

/// What a primitive does to each element, or how it reduces them. Row programs consist of instructions.
enum class Instruction : std::uint8_t {
  none,  // the engine has no instruction; the primitive's reference kernel runs
#define XGRAD_NAME(name, form, cost) name,
  XGRAD_INSTRUCTIONS(XGRAD_NAME)
#undef XGRAD_NAME
};

}  // namespace xgrad
