// Steps of the optimisers alone.

#include "benchmarks/xgrad/common.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

Work update(const Update& setup) {
  struct State {
    Parameter parameter;
    Tensor gradient;
    optim::Optimizer optimizer;
  };
  const Parameter parameter(uniform_tensor({setup.parameters}, 1));
  const auto state = std::make_shared<State>(
      State{parameter, uniform_tensor({setup.parameters}, 2, -0.01f, 0.01f), {{parameter}, rule(setup.optimiser)}});
  return {[state] { state->optimizer.step({state->gradient}); },
          [state] { return numbers(std::vector{state->parameter}); }};
}

}  // namespace

void add_optimisers(Cases& cases) {
  for (const Update& setup : updates()) cases.add(setup.name(), [setup] { return update(setup); });
}

}  // namespace benchmarks::xgrad_side
