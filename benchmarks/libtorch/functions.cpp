// Functions forward and backward, by libtorch's own kernels and as the compositions that xgrad's side is made of.

#include <cmath>

#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

namespace {

using torch::Tensor;
Tensor normalised(const Inputs& in, std::int64_t axis) {
  const Tensor centred = in[0] - in[0].mean(axis, true);
  return centred * torch::rsqrt(torch::square(centred).mean(axis, true) + 1e-5) * in[1] + in[2];
}

Tensor log_of_softmax(const Tensor& x) {
  const Tensor shifted = x - x.amax(1, true).detach();
  return shifted - shifted.exp().sum(1, true).log();
}

Tensor sigmoid_of(const Tensor& x) { return 1 / (1 + torch::exp(-x)); }

/// The function by libtorch's kernel, and as a composition.
struct Named {
  const char* name;
  Function kernel, composition;
};

const std::vector<Named> of_one = {
    {"softmax", [](const Inputs& in) { return torch::softmax(in[0], 1); },
     [](const Inputs& in) {
       const Tensor e = torch::exp(in[0] - in[0].amax(1, true).detach());
       return e / e.sum(1, true);
     }},
    {"log_softmax", [](const Inputs& in) { return torch::log_softmax(in[0], 1); },
     [](const Inputs& in) { return log_of_softmax(in[0]); }},
    {"sigmoid", [](const Inputs& in) { return torch::sigmoid(in[0]); },
     [](const Inputs& in) { return sigmoid_of(in[0]); }},
    {"tanh", [](const Inputs& in) { return torch::tanh(in[0]); }, nullptr},
    {"silu", [](const Inputs& in) { return torch::silu(in[0]); },
     [](const Inputs& in) { return in[0] * sigmoid_of(in[0]); }},
    {"exp", [](const Inputs& in) { return torch::exp(in[0]); }, nullptr},
    {"gelu", [](const Inputs& in) { return torch::gelu(in[0]); },
     [](const Inputs& in) { return 0.5 * in[0] * (1 + torch::erf(in[0] * std::sqrt(0.5))); }},
    {"relu", [](const Inputs& in) { return torch::relu(in[0]); }, nullptr},
    {"sin", [](const Inputs& in) { return torch::sin(in[0]); }, nullptr},
    {"cos", [](const Inputs& in) { return torch::cos(in[0]); }, nullptr},
    {"atan", [](const Inputs& in) { return torch::atan(in[0]); }, nullptr},
};
const Named power = {"pow", [](const Inputs& in) { return torch::pow(in[0], 2.5); }, nullptr};
const std::vector<Named> normalisations = {
    {"layer_norm", [](const Inputs& in) { return torch::layer_norm(in[0], {in[0].size(1)}, in[1], in[2], 1e-5); },
     [](const Inputs& in) { return normalised(in, 1); }},
    {"batch_norm",
     [](const Inputs& in) { return torch::batch_norm(in[0], in[1], in[2], {}, {}, true, 0.1, 1e-5, false); },
     [](const Inputs& in) { return normalised(in, 0); }}};
const Named cross_entropy = {
    "cross_entropy", [](const Inputs& in) { return torch::nn::functional::cross_entropy(in[0], in[1]); },
    [](const Inputs& in) { return -log_of_softmax(in[0]).gather(1, in[1].unsqueeze(1)).mean(); }};
const Named mse = {"mse", [](const Inputs& in) { return torch::mse_loss(in[0], in[1]); },
                   [](const Inputs& in) {
                     const Tensor error = in[0] - in[1];
                     return (error * error).mean();
                   }};

void add_extent(Cases& cases, const Extent& extent, const std::string& against) {
  const std::vector<std::int64_t> shape{extent.rows, extent.columns};
  const auto add = [&](const Named& named, auto inputs, auto cotangent) {
    const Function f = against == "kernel" ? named.kernel : named.composition;
    if (f != nullptr)
      cases.add(std::string(named.name) + "/" + extent.name() + "/" + against,
                [=] { return function(f, inputs(), cotangent()); });
  };
  const auto scores = [shape] { return uniform_tensor(shape, 1, -3, 3).requires_grad_(); };
  const auto g = [shape] { return uniform_tensor(shape, 2); };
  const auto one = [] { return torch::tensor(1.0f); };
  for (const Named& named : of_one)
    add(
        named, [scores] { return Inputs{scores()}; }, g);
  add(
      power, [shape] { return Inputs{uniform_tensor(shape, 1, 0.1, 3).requires_grad_()}; }, g);
  const auto scaled = [shape, scores] {
    return Inputs{scores(), uniform_tensor({shape[1]}, 3, 0.5, 1.5).requires_grad_(),
                  uniform_tensor({shape[1]}, 4).requires_grad_()};
  };
  for (const Named& named : normalisations) add(named, scaled, g);
  add(
      cross_entropy,
      [shape, scores] {
        return Inputs{scores(), class_tensor(shape[0], shape[1], 5)};
      },
      one);
  add(
      mse,
      [shape, scores] {
        return Inputs{scores(), uniform_tensor(shape, 2)};
      },
      one);
}

}  // namespace

void add_functions(Cases& cases) {
  for (const char* against : {"kernel", "composition"})
    for (const Extent& extent : extents) add_extent(cases, extent, against);
}

}  // namespace benchmarks::libtorch_side
