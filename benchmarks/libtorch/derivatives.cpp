#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

namespace {

using torch::Tensor;
using torch::autograd::grad;

struct Layers {
  explicit Layers(const std::vector<std::int64_t>& sizes)
      : hidden(sizes[0], sizes[1]),
        output(sizes[1], sizes[2]),
        parameters{hidden->weight, hidden->bias, output->weight, output->bias} {
    assign_all(parameters, layers(sizes));
  }
  torch::nn::Linear hidden, output;
  std::vector<Tensor> parameters;
};

Work hessian_vector_product() {
  struct State {
    Layers network{{784, 128, 10}};
    Tensor images = uniform_tensor({64, 784}, 1, 0, 1), labels = class_tensor(64, 10, 2);
    std::vector<Tensor> vectors, products;

    void run() {
      const Tensor loss =
          torch::nn::functional::cross_entropy(network.output(torch::relu(network.hidden(images))), labels);
      const auto gradients = grad({loss}, network.parameters, {}, true, true);
      products = grad(gradients, network.parameters, vectors);
    }
  };
  const auto state = std::make_shared<State>();
  int seed = 10;
  for (const Tensor& parameter : state->network.parameters)
    state->vectors.push_back(uniform_tensor(parameter.sizes().vec(), seed++));
  return {[state] { state->run(); }, [state] { return numbers(state->products); }};
}

Work gradient_penalty() {
  struct State {
    Layers network{{784, 128, 1}};
    Tensor images = uniform_tensor({64, 784}, 1, 0, 1);
    std::vector<Tensor> weights{network.hidden->weight, network.hidden->bias, network.output->weight};
    std::vector<Tensor> gradients;

    void run() {
      const Tensor x = images.detach().requires_grad_();
      const Tensor score = network.output(torch::tanh(network.hidden(x))).sum();
      const Tensor slope = grad({score}, {x}, {}, true, true)[0];
      const Tensor penalty = torch::square(torch::sqrt(torch::square(slope).sum(1)) - 1).mean();
      gradients = grad({penalty}, weights);
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return numbers(state->gradients); }};
}

Tensor rosenbrock(const Tensor& x) {
  const Tensor head = x.slice(0, 0, -1), tail = x.slice(0, 1);
  return (100 * torch::square(tail - torch::square(head)) + torch::square(1 - head)).sum();
}

Tensor point() { return uniform_tensor({100}, 1, -1, 1).to(torch::kFloat64).requires_grad_(); }

Work rosenbrock_gradient() {
  struct State {
    Tensor x = point();
    std::vector<Tensor> results;

    void run() {
      const Tensor value = rosenbrock(x);
      results = {value, grad({value}, {x})[0]};
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return numbers(state->results); }};
}

Work rosenbrock_hessian() {
  struct State {
    Tensor x = point(), result;

    void run() {
      const Tensor gradient = grad({rosenbrock(x)}, {x}, {}, true, true)[0];
      std::vector<Tensor> rows;
      for (std::int64_t i = 0; i < x.numel(); ++i) rows.push_back(grad({gradient[i]}, {x}, {}, true)[0]);
      result = torch::stack(rows);
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return numbers({state->result}); }};
}

}  // namespace

void add_derivatives(Cases& cases) {
  cases.add("hvp/784-128-10/batch64", hessian_vector_product);
  cases.add("gradient_penalty/784-128-1/batch64", gradient_penalty);
  cases.add("rosenbrock100/gradient", rosenbrock_gradient);
  cases.add("rosenbrock100/hessian", rosenbrock_hessian);
}

}  // namespace benchmarks::libtorch_side
