#include "autograd/engine/programs/in_place.hpp"

#include <algorithm>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/programs/step_semantics.hpp"

namespace xgrad::fused {

std::vector<Overwrite> overwrites(const Program& program) {
  constexpr std::int64_t never = -1;
  // For each pointer the number of the step that first stores to it, and of the last one that reads it.
  std::vector<std::int64_t> stored(program.pointers.size(), never), read(program.pointers.size(), never);
  std::int64_t time = 0;
  for (const Phase& phase : program.phases)
    for (const Step& step : phase.steps) {
      for (int k = 0; k < arity(step.code); ++k)
        if (step.in[k].kind == Ref::Kind::pointer) read[step.in[k].index] = time;
      if (step.code == Code::store &&
          (stored[step.out] == never || planted("what is stored twice counts from its last store")))
        stored[step.out] = time;
      ++time;
    }
  const auto numbers = [&](std::size_t p) {
    const Pointer& pointer = program.pointers[p];
    return pointer.shape == Pointer::Shape::full && !pointer.mask && !pointer.accumulator &&
           (!pointer.placed || planted("a result lies over what is read at other places"));
  };
  std::vector<Overwrite> pairs;
  for (std::size_t r = 0; r < program.pointers.size(); ++r)
    for (std::size_t w = 0; w < program.pointers.size(); ++w) {
      const bool input = numbers(r) && read[r] != never && stored[r] == never;
      const bool output = numbers(w) && stored[w] != never;
      if (input && output && read[r] <= stored[w] + (planted("a result lies over what the next steps read") ? 2 : 0))
        pairs.push_back({static_cast<std::uint16_t>(r), static_cast<std::uint16_t>(w)});
    }
  // Outputs that are stored early can overwrite the fewest inputs, so they choose first.
  std::stable_sort(pairs.begin(), pairs.end(),
                   [&](const Overwrite& a, const Overwrite& b) { return stored[a.written] < stored[b.written]; });
  return pairs;
}

}  // namespace xgrad::fused
