#pragma once

// What each elementwise instruction computes: the function of its name in engine/math.

#include "autograd/engine/math/power.hpp"
#include "autograd/engine/math/trigonometry.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// Meaning<code>::of(emitter, a, b, c) is the result, numbers or masks as the instruction's form says; it uses as many
/// operands as the code has. Sources, reductions and sinks have no Meaning.
template <Code code>
struct Meaning;

#define XGRAD_MEANING(name, ...)                                                               \
  template <>                                                                                  \
  struct Meaning<Code::name> {                                                                 \
    template <class E, class A, class B, class C>                                              \
    XGRAD_FORCE_INLINE static auto of(E& e, A a, [[maybe_unused]] B b, [[maybe_unused]] C c) { \
      return math::name(e, __VA_ARGS__);                                                       \
    }                                                                                          \
  };
#define XGRAD_OF_ONE(name, form, cost) XGRAD_MEANING(name, a)
#define XGRAD_OF_TWO(name, form, cost) XGRAD_MEANING(name, a, b)
#define XGRAD_OF_THREE(name, form, cost) XGRAD_MEANING(name, a, b, c)
XGRAD_OF_ONE(copy, copy, moderate)
XGRAD_UNARY_INSTRUCTIONS(XGRAD_OF_ONE)
XGRAD_BINARY_INSTRUCTIONS(XGRAD_OF_TWO)
XGRAD_TERNARY_INSTRUCTIONS(XGRAD_OF_THREE)
XGRAD_RELATIONS(XGRAD_OF_TWO)
XGRAD_CONNECTIVES(XGRAD_OF_TWO)
XGRAD_OF_ONE(logical_not, negation, cheap)
XGRAD_OF_ONE(cast, conversion, cheap)
XGRAD_OF_THREE(where, selection, cheap)
#undef XGRAD_OF_THREE
#undef XGRAD_OF_TWO
#undef XGRAD_OF_ONE
#undef XGRAD_MEANING

}  // namespace xgrad::fused
