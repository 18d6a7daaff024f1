#pragma once

// draws/: the loops that draw numbers from a stream, in lanes.
//   in:  where the stream stands, the distribution, memory.
//   out: the memory filled with the same bits on every instruction set.

#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/kernels/draw_loops.hpp"

namespace xgrad::fused {

/// The loops of kernels/draw_loops.hpp for one instruction set.
struct DrawFunctions {
  template <class Numbers, class T>
  using Loop = void (*)(RandomState from, const Numbers& numbers, T* y, std::size_t size);
  Loop<kernels::UniformNumbers<float>, float> uniform_single;
  Loop<kernels::UniformNumbers<double>, double> uniform;
  Loop<kernels::NormalNumbers, float> normal_single;
  Loop<kernels::NormalNumbers, double> normal;
  Loop<kernels::WholeNumbers, std::int64_t> whole;
};

// Null where the build does not have the instruction set.
const DrawFunctions* generic_draws();
const DrawFunctions* avx2_draws();
const DrawFunctions* avx512_draws();

/// Those of a set that has() says is there.
const DrawFunctions& draw_functions(InstructionSet set);

/// Whether the functions draw what philox() and the generic set do: where a set is used first, in some microseconds.
bool draws_right(const DrawFunctions& functions);
/// The set, or the next smaller one that is there and right, which is said on stderr. Error where there is none.
InstructionSet right_set(InstructionSet set, bool (*right)(InstructionSet));

}  // namespace xgrad::fused
