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

/// Many small parameters, their gradients clipped together.
Work clipped_update() {
  struct State {
    std::vector<Parameter> parameters;
    std::vector<Tensor> gradients;
    std::unique_ptr<optim::Optimizer> optimizer;
  };
  const auto state = std::make_shared<State>();
  for (int i = 0; i < 2 * small_parameters; ++i) {
    const Shape shape = i % 2 == 0 ? Shape{32, 32} : Shape{32};
    state->parameters.emplace_back(uniform_tensor(shape, 1000 + i));
    state->gradients.push_back(uniform_tensor(shape, 2000 + i, -0.1f, 0.1f));
  }
  state->optimizer = std::make_unique<optim::Optimizer>(
      state->parameters, optim::chain(optim::clip_by_global_norm(clipping_norm), optim::adamw(adaptive_rate)));
  return {[state] { state->optimizer->step(state->gradients); }, [state] { return numbers(state->parameters); }};
}

}  // namespace

void add_optimisers(Cases& cases) {
  for (const Update& setup : updates()) cases.add(setup.name(), [setup] { return update(setup); });
  cases.add("optimiser/adamw_clipped/200_small", clipped_update);
}

}  // namespace benchmarks::xgrad_side
