#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

namespace {

Work update(const Update& setup) {
  struct State {
    torch::Tensor parameter;
    std::unique_ptr<torch::optim::Optimizer> optimizer;
  };
  const torch::Tensor parameter = uniform_tensor({setup.parameters}, 1).requires_grad_();
  parameter.mutable_grad() = uniform_tensor({setup.parameters}, 2, -0.01f, 0.01f);
  const auto state = std::make_shared<State>(State{parameter, optimiser(setup.optimiser, {parameter})});
  return {[state] { state->optimizer->step(); }, [state] { return numbers({state->parameter}); }};
}

Work clipped_update() {
  struct State {
    std::vector<torch::Tensor> parameters;
    std::unique_ptr<torch::optim::Optimizer> optimizer;
  };
  const auto state = std::make_shared<State>();
  for (int i = 0; i < 2 * small_parameters; ++i) {
    const std::vector<std::int64_t> shape =
        i % 2 == 0 ? std::vector<std::int64_t>{32, 32} : std::vector<std::int64_t>{32};
    state->parameters.push_back(uniform_tensor(shape, 1000 + i).requires_grad_());
    state->parameters.back().mutable_grad() = uniform_tensor(shape, 2000 + i, -0.1f, 0.1f);
  }
  state->optimizer =
      std::make_unique<torch::optim::AdamW>(state->parameters, torch::optim::AdamWOptions(adaptive_rate));
  return {[state] {
            torch::nn::utils::clip_grad_norm_(state->parameters, clipping_norm);
            state->optimizer->step();
          },
          [state] { return numbers(state->parameters); }};
}

}  // namespace

void add_optimisers(Cases& cases) {
  for (const Update& setup : updates()) cases.add(setup.name(), [setup] { return update(setup); });
  cases.add("optimiser/adamw_clipped/200_small", clipped_update);
}

}  // namespace benchmarks::libtorch_side
