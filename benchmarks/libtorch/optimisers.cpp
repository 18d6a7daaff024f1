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

}  // namespace

void add_optimisers(Cases& cases) {
  for (const Update& setup : updates()) cases.add(setup.name(), [setup] { return update(setup); });
}

}  // namespace benchmarks::libtorch_side
