// Products by equations, order, factorisations, convolutions and pooling; a convolutional network; derivatives of each
// example.

#include "benchmarks/xgrad/common.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

Tensor attention(const Inputs& in) {
  const Tensor scores = einsum("bhqd,bhkd->bhqk", in[0], in[1]);
  return einsum("bhqk,bhkd->bhqd", softmax(scores * 0.125f, -1), in[2]);
}

// x x^T / n + 1 of each matrix
Tensor positive_definite(const Tensor& x) {
  return matmul(x, transpose(x)) / static_cast<float>(x.size(-1)) + eye(x.size(-1));
}

void add_single(Cases& cases) {
  cases.add("einsum/attention/4x8x128x64", [] {
    const Shape shape{4, 8, 128, 64};
    const Inputs inputs{uniform_tensor(shape, 1), uniform_tensor(shape, 2), uniform_tensor(shape, 3)};
    return function(attention, inputs, 3, uniform_tensor(shape, 4));
  });
  cases.add("sort/1M", [] {
    return function([](const Inputs& in) { return sort(in[0]).values; }, {uniform_tensor({1'000'000}, 1)}, 0, {});
  });
  cases.add("sort/1M/backward", [] {
    return function([](const Inputs& in) { return sort(in[0]).values; }, {uniform_tensor({1'000'000}, 1)}, 1,
                    uniform_tensor({1'000'000}, 2));
  });
  cases.add("topk/100_of_1M", [] {
    return function([](const Inputs& in) { return topk(in[0], 100).values; }, {uniform_tensor({1'000'000}, 1)}, 0, {});
  });
  cases.add("topk/10_of_1000/1000_rows", [] {
    return function([](const Inputs& in) { return topk(in[0], 10).values; }, {uniform_tensor({1000, 1000}, 1)}, 0, {});
  });
  cases.add("cholesky/16x256x256", [] {
    const Tensor x = positive_definite(uniform_tensor({16, 256, 256}, 1));
    evaluate(x);
    return function([](const Inputs& in) { return cholesky(in[0]); }, {x}, 0, {});
  });
  cases.add("cholesky/16x256x256/backward", [] {
    const Tensor x = positive_definite(uniform_tensor({16, 256, 256}, 1));
    evaluate(x);
    return function([](const Inputs& in) { return cholesky(in[0]); }, {x}, 1, uniform_tensor({16, 256, 256}, 2));
  });
}

void add_convolutions(Cases& cases) {
  cases.add("conv2d/3x3/32x64x28x28", [] {
    const Inputs inputs{uniform_tensor({32, 64, 28, 28}, 1), uniform_tensor({64, 64, 3, 3}, 2),
                        uniform_tensor({64}, 3)};
    return function([](const Inputs& in) { return conv2d(in[0], in[1], in[2], {.padding = 1}); }, inputs, 3,
                    uniform_tensor({32, 64, 28, 28}, 4));
  });
  cases.add("conv2d/5x5/32x16x28x28", [] {
    const Inputs inputs{uniform_tensor({32, 16, 28, 28}, 1), uniform_tensor({32, 16, 5, 5}, 2),
                        uniform_tensor({32}, 3)};
    return function([](const Inputs& in) { return conv2d(in[0], in[1], in[2], {.padding = 2}); }, inputs, 3,
                    uniform_tensor({32, 32, 28, 28}, 4));
  });
  cases.add("max_pool2d/2x2/32x64x28x28", [] {
    return function([](const Inputs& in) { return max_pool2d(in[0], 2); }, {uniform_tensor({32, 64, 28, 28}, 1)}, 1,
                    uniform_tensor({32, 64, 14, 14}, 2));
  });
}

/// LeNet-5, with ReLU and maxima.
struct LeNet {
  std::vector<Parameter> weights;
  LeNet() {
    const std::vector<Shape> shapes{{6, 1, 5, 5}, {6},       {16, 6, 5, 5}, {16},     {120, 400},
                                    {120},        {84, 120}, {84},          {10, 84}, {10}};
    int seed = 20;
    for (const Shape& shape : shapes) weights.emplace_back(uniform_tensor(shape, seed++, -0.1f, 0.1f));
  }
  Tensor operator()(const Tensor& images) const {
    Tensor x = max_pool2d(relu(conv2d(images, weights[0], weights[1], {.padding = 2})), 2);
    x = flatten(max_pool2d(relu(conv2d(x, weights[2], weights[3])), 2), 1);
    const auto linear = [&](const Tensor& input, std::size_t i) {
      return matmul(input, transpose(Tensor(weights[i]))) + weights[i + 1];
    };
    return linear(relu(linear(relu(linear(x, 4)), 6)), 8);
  }
};

Work lenet() {
  struct State {
    LeNet network;
    optim::Optimizer optimizer{network.weights, optim::sgd(sgd_rate)};
    Tensor images = uniform_tensor({64, 1, 28, 28}, 1, 0, 1), labels = tensor(classes(64, 10, 2));
    double loss = 0;

    void step() {
      const Tensor cross_entropy = nn::cross_entropy(network(images), labels);
      optimizer.step(grad(cross_entropy, network.weights));
      loss = cross_entropy.item();
    }
  };
  const auto state = std::make_shared<State>();
  return {[state] { state->step(); }, [state] { return numbers(state->network.weights); }};
}

/// The gradients of the loss of 784-128-10, or of that of each example.
struct Gradients {
  std::vector<Tensor> weights;
  Tensor images = uniform_tensor({64, 784}, 1, 0, 1), labels = tensor(classes(64, 10, 2));
  std::vector<Tensor> results;

  Gradients() {
    const auto values = layers({784, 128, 10});
    weights = {tensor(values[0], {128, 784}), tensor(values[1], {128}), tensor(values[2], {10, 128}),
               tensor(values[3], {10})};
  }
  static Tensor loss(const std::vector<Tensor>& w, const Tensor& x, const Tensor& classes) {
    const Tensor hidden = relu(matmul(x, transpose(w[0])) + w[1]);
    return nn::cross_entropy(matmul(hidden, transpose(w[2])) + w[3], classes);
  }
  void whole() {
    results = grad(loss, argnums<0>)(weights, images, labels);
    evaluate(results);
  }
  void of_each() {
    results = vmap(grad(loss, argnums<0>), {unmapped, 0, 0})(weights, images, labels);
    evaluate(results);
  }
  // Each scaled to a norm of 1 at most, then the mean.
  void clipped() {
    results = vmap(grad(loss, argnums<0>), {unmapped, 0, 0})(weights, images, labels);
    Tensor squares = zeros({64});
    for (const Tensor& g : results) squares = squares + sum(square(flatten(g, 1)), 1);
    const Tensor factor = minimum(1, rsqrt(squares)) / 64;
    for (Tensor& g : results) g = reshape(matmul(factor, flatten(g, 1)), Shape(g.shape().data() + 1, g.ndim() - 1));
    evaluate(results);
  }
};

template <void (Gradients::*Run)()>
Work gradients() {
  const auto state = std::make_shared<Gradients>();
  return {[state] { (*state.*Run)(); }, [state] { return numbers(state->results); }};
}

/// Of log(sum(exp(a x))) at 100 variables.
Work dense_hessian() {
  struct State {
    Tensor a = cast(uniform_tensor({100, 100}, 1), float64), x = cast(uniform_tensor({100}, 2), float64), result;

    void run() {
      result = hessian([&](const Tensor& t) { return logsumexp(matmul(a, t)); })(x);
      evaluate(result);
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
  cases.add("hessian/logsumexp/100", dense_hessian, 1e-10);
}

}  // namespace benchmarks::xgrad_side
