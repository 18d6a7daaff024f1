// Derivatives of derivatives.

#include "benchmarks/xgrad/common.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

struct Layers {
  explicit Layers(const std::vector<std::int64_t>& sizes)
      : hidden(sizes[0], sizes[1]),
        output(sizes[1], sizes[2]),
        parameters{hidden.weight, hidden.bias, output.weight, output.bias} {
    assign_all(parameters, layers(sizes));
  }
  nn::Linear hidden, output;
  std::vector<Parameter> parameters;
};

/// The Hessian of the loss of 784-128-10 times a vector.
Work hessian_vector_product() {
  struct State {
    Layers network{{784, 128, 10}};
    Tensor images = uniform_tensor({64, 784}, 1, 0, 1), labels = tensor(classes(64, 10, 2));
    std::vector<Tensor> vectors, products;

    void run() {
      const Tensor loss = nn::cross_entropy(network.output(relu(network.hidden(images))), labels);
      const std::vector<Tensor> gradients = grad(loss, network.parameters, {.create_graph = true});
      const std::vector<Tensor> parameters(network.parameters.begin(), network.parameters.end());
      products = differentiate(gradients, vectors, parameters);
      evaluate(products);
    }
  };
  const auto state = std::make_shared<State>();
  int seed = 10;
  for (const Parameter& parameter : state->network.parameters)
    state->vectors.push_back(uniform_tensor(parameter.shape(), seed++));
  return {[state] { state->run(); }, [state] { return numbers(state->products); }};
}

/// The gradient of mean((|d f/d x| - 1)^2) by the parameters of f = 784-128-1 with tanh.
Work gradient_penalty() {
  struct State {
    Layers network{{784, 128, 1}};
    Tensor images = uniform_tensor({64, 784}, 1, 0, 1);
    std::vector<Parameter> weights{network.hidden.weight, network.hidden.bias, network.output.weight};
    std::vector<Tensor> gradients;

    void run() {
      const Tensor x = track(images);
      const Tensor score = sum(network.output(tanh(network.hidden(x))));
      const Tensor slope = grad(score, x, {.create_graph = true});
      const Tensor penalty = mean(square(sqrt(sum(square(slope), 1)) - 1.0f));
      gradients = grad(penalty, weights);
      evaluate(gradients);
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return numbers(state->gradients); }};
}

Tensor rosenbrock(const Tensor& x) {
  const Tensor head = slice(x, 0, 0, -1), tail = slice(x, 0, 1, {});
  return sum(100.0 * square(tail - square(head)) + square(1.0 - head));
}

Tensor point() {
  const std::vector<float> values = uniform(100, 1, -1, 1);
  return tensor(std::vector<double>(values.begin(), values.end()), float64);
}

Work rosenbrock_gradient() {
  struct State {
    Tensor x = point();
    std::vector<Tensor> results;

    void run() {
      const auto [value, gradient] = value_and_grad(rosenbrock)(x);
      results = {value, gradient};
      evaluate(results);
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return numbers(state->results); }};
}

Work rosenbrock_hessian() {
  struct State {
    Tensor x = point(), result;

    void run() {
      result = hessian(rosenbrock)(x);
      evaluate(result);
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return numbers({state->result}); }};
}

}  // namespace

void add_derivatives(Cases& cases) {
  cases.add("hvp/784-128-10/batch64", hessian_vector_product);
  cases.add("gradient_penalty/784-128-1/batch64", gradient_penalty);
  cases.add("rosenbrock100/gradient", rosenbrock_gradient, 1e-10);
  cases.add("rosenbrock100/hessian", rosenbrock_hessian, 1e-10);
}

}  // namespace benchmarks::xgrad_side
