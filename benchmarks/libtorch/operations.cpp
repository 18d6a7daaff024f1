#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

namespace {

using torch::Tensor;
using torch::autograd::grad;

Tensor attention(const Inputs& in) {
  const Tensor scores = torch::einsum("bhqd,bhkd->bhqk", {in[0], in[1]});
  return torch::einsum("bhqk,bhkd->bhqd", {torch::softmax(scores * 0.125, -1), in[2]});
}

Tensor positive_definite(const Tensor& x) {
  return torch::matmul(x, x.transpose(-1, -2)) / static_cast<double>(x.size(-1)) + torch::eye(x.size(-1));
}

void add_single(Cases& cases) {
  cases.add("einsum/attention/4x8x128x64", [] {
    const std::vector<std::int64_t> shape{4, 8, 128, 64};
    const Inputs inputs{uniform_tensor(shape, 1).requires_grad_(), uniform_tensor(shape, 2).requires_grad_(),
                        uniform_tensor(shape, 3).requires_grad_()};
    return function(attention, inputs, uniform_tensor(shape, 4));
  });
  const Function sorted = [](const Inputs& in) {
    return std::get<0>(torch::sort(in[0], c10::optional<bool>(true), 0, false));
  };
  cases.add("sort/1M", [sorted] { return function(sorted, {uniform_tensor({1'000'000}, 1)}, {}); });
  cases.add("sort/1M/backward", [sorted] {
    return function(sorted, {uniform_tensor({1'000'000}, 1).requires_grad_()}, uniform_tensor({1'000'000}, 2));
  });
  cases.add("topk/100_of_1M", [] {
    return function([](const Inputs& in) { return std::get<0>(torch::topk(in[0], 100)); },
                    {uniform_tensor({1'000'000}, 1)}, {});
  });
  cases.add("topk/10_of_1000/1000_rows", [] {
    return function([](const Inputs& in) { return std::get<0>(torch::topk(in[0], 10)); },
                    {uniform_tensor({1000, 1000}, 1)}, {});
  });
  const Function factor = [](const Inputs& in) { return torch::linalg_cholesky(in[0]); };
  cases.add("cholesky/16x256x256", [factor] {
    return function(factor, {positive_definite(uniform_tensor({16, 256, 256}, 1))}, {});
  });
  cases.add("cholesky/16x256x256/backward", [factor] {
    return function(factor, {positive_definite(uniform_tensor({16, 256, 256}, 1)).requires_grad_()},
                    uniform_tensor({16, 256, 256}, 2));
  });
}

void add_convolutions(Cases& cases) {
  cases.add("conv2d/3x3/32x64x28x28", [] {
    const Inputs inputs{uniform_tensor({32, 64, 28, 28}, 1).requires_grad_(),
                        uniform_tensor({64, 64, 3, 3}, 2).requires_grad_(), uniform_tensor({64}, 3).requires_grad_()};
    return function([](const Inputs& in) { return torch::conv2d(in[0], in[1], in[2], 1, 1); }, inputs,
                    uniform_tensor({32, 64, 28, 28}, 4));
  });
  cases.add("conv2d/5x5/32x16x28x28", [] {
    const Inputs inputs{uniform_tensor({32, 16, 28, 28}, 1).requires_grad_(),
                        uniform_tensor({32, 16, 5, 5}, 2).requires_grad_(), uniform_tensor({32}, 3).requires_grad_()};
    return function([](const Inputs& in) { return torch::conv2d(in[0], in[1], in[2], 1, 2); }, inputs,
                    uniform_tensor({32, 32, 28, 28}, 4));
  });
  cases.add("max_pool2d/2x2/32x64x28x28", [] {
    return function([](const Inputs& in) { return torch::max_pool2d(in[0], 2); },
                    {uniform_tensor({32, 64, 28, 28}, 1).requires_grad_()}, uniform_tensor({32, 64, 14, 14}, 2));
  });
}

struct LeNet {
  std::vector<Tensor> weights;
  LeNet() {
    const std::vector<std::vector<std::int64_t>> shapes{{6, 1, 5, 5}, {6},       {16, 6, 5, 5}, {16},     {120, 400},
                                                        {120},        {84, 120}, {84},          {10, 84}, {10}};
    int seed = 20;
    for (const auto& shape : shapes) weights.push_back(uniform_tensor(shape, seed++, -0.1f, 0.1f).requires_grad_());
  }
  Tensor operator()(const Tensor& images) const {
    Tensor x = torch::max_pool2d(torch::relu(torch::conv2d(images, weights[0], weights[1], 1, 2)), 2);
    x = torch::max_pool2d(torch::relu(torch::conv2d(x, weights[2], weights[3])), 2).flatten(1);
    x = torch::relu(torch::linear(x, weights[4], weights[5]));
    x = torch::relu(torch::linear(x, weights[6], weights[7]));
    return torch::linear(x, weights[8], weights[9]);
  }
};

Work lenet() {
  struct State {
    LeNet network;
    torch::optim::SGD optimizer{network.weights, torch::optim::SGDOptions(sgd_rate)};
    Tensor images = uniform_tensor({64, 1, 28, 28}, 1, 0, 1), labels = class_tensor(64, 10, 2);

    void run() {
      step(optimizer, [&] { return torch::nn::functional::cross_entropy(network(images), labels); });
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return numbers(state->network.weights); }};
}

struct Gradients {
  std::vector<Tensor> weights;
  Tensor images = uniform_tensor({64, 784}, 1, 0, 1), labels = class_tensor(64, 10, 2);
  std::vector<Tensor> results;

  Gradients() {
    const auto values = layers({784, 128, 10});
    const std::vector<std::vector<std::int64_t>> shapes{{128, 784}, {128}, {10, 128}, {10}};
    for (std::size_t i = 0; i < 4; ++i) weights.push_back(tensor(values[i], shapes[i]).requires_grad_());
  }
  void whole() {
    const Tensor hidden = torch::relu(torch::linear(images, weights[0], weights[1]));
    const Tensor logits = torch::linear(hidden, weights[2], weights[3]);
    results = grad({torch::nn::functional::cross_entropy(logits, labels)}, weights);
  }
  // There is no vmap: by hand, of the sum of the losses, the cotangents of each layer's result times its input.
  void of_each() {
    const Tensor before = torch::linear(images, weights[0], weights[1]), hidden = torch::relu(before);
    const Tensor logits = torch::linear(hidden, weights[2], weights[3]);
    const Tensor loss = torch::nn::functional::cross_entropy(
        logits, labels, torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kSum));
    const auto g = grad({loss}, {before, logits});
    results = {g[0].unsqueeze(2) * images.unsqueeze(1), g[0], g[1].unsqueeze(2) * hidden.detach().unsqueeze(1), g[1]};
  }
  void clipped() {
    of_each();
    Tensor squares = torch::zeros({64});
    for (const Tensor& g : results) squares = squares + g.flatten(1).square().sum(1);
    const Tensor factor = torch::clamp_max(torch::rsqrt(squares), 1) / 64;
    for (Tensor& g : results) {
      const auto shape = g.sizes().slice(1).vec();
      g = torch::matmul(factor, g.flatten(1)).reshape(shape);
    }
  }
};

template <void (Gradients::*Run)()>
Work gradients() {
  const auto state = std::make_shared<Gradients>();
  return {[state] { (*state.*Run)(); }, [state] { return numbers(state->results); }};
}

Work dense_hessian() {
  struct State {
    Tensor a = uniform_tensor({100, 100}, 1).to(torch::kFloat64);
    Tensor x = uniform_tensor({100}, 2).to(torch::kFloat64).requires_grad_(), result;

    void run() {
      const Tensor gradient = grad({torch::logsumexp(torch::matmul(a, x), 0)}, {x}, {}, true, true)[0];
      std::vector<Tensor> rows;
      for (std::int64_t i = 0; i < x.numel(); ++i) rows.push_back(grad({gradient[i]}, {x}, {}, true)[0]);
      result = torch::stack(rows);
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->run(); }, [state] { return numbers({state->result}); }};
}

}  // namespace

void add_operations(Cases& cases) {
  add_single(cases);
  add_convolutions(cases);
  cases.add("lenet5/batch64", lenet);
  cases.add("gradient/784-128-10/batch64", gradients<&Gradients::whole>);
  cases.add("gradient_of_each/784-128-10/batch64", gradients<&Gradients::of_each>);
  cases.add("gradient_clipped_each/784-128-10/batch64", gradients<&Gradients::clipped>);
  cases.add("hessian/logsumexp/100", dense_hessian);
}

}  // namespace benchmarks::libtorch_side
