// Functions forward and backward. They are compositions here; libtorch's side has its own kernels ("kernel") and the
// same compositions ("composition").

#include <set>

#include "benchmarks/xgrad/common.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

/// (x - mean) / sqrt(variance + 1e-5) * gamma + beta
Tensor normalised(const Inputs& in, std::int64_t axis) {
  const auto& [x, gamma, beta] = std::tie(in[0], in[1], in[2]);
  const Tensor centred = x - mean(x, axis, keep_dims);
  return centred * rsqrt(mean(square(centred), axis, keep_dims) + 1e-5) * gamma + beta;
}

struct Named {
  const char* name;
  Function f;
};

const std::vector<Named> elementwise = {
    {"softmax", [](const Inputs& in) { return softmax(in[0], 1); }},
    {"log_softmax", [](const Inputs& in) { return log_softmax(in[0], 1); }},
    {"sigmoid", [](const Inputs& in) { return sigmoid(in[0]); }},
    {"tanh", [](const Inputs& in) { return tanh(in[0]); }},
    {"silu", [](const Inputs& in) { return silu(in[0]); }},
    {"exp", [](const Inputs& in) { return exp(in[0]); }},
    {"gelu", [](const Inputs& in) { return gelu(in[0]); }},
    {"relu", [](const Inputs& in) { return relu(in[0]); }},
    {"sin", [](const Inputs& in) { return sin(in[0]); }},
    {"cos", [](const Inputs& in) { return cos(in[0]); }},
    {"atan", [](const Inputs& in) { return atan(in[0]); }},
};
const std::vector<Named> normalisations = {{"layer_norm", [](const Inputs& in) { return normalised(in, 1); }},
                                           {"batch_norm", [](const Inputs& in) { return normalised(in, 0); }}};

void add_extent(Cases& cases, const Extent& extent, const std::string& against) {
  const Shape shape{extent.rows, extent.columns};
  const std::string end = "/" + extent.name() + "/" + against;
  const auto add = [&](const char* name, Function f, auto inputs, std::size_t count, auto cotangent) {
    cases.add(name + end, [=] { return function(f, inputs(), count, cotangent()); });
  };
  const auto x = [shape] { return Inputs{uniform_tensor(shape, 1, -3, 3)}; };
  const auto g = [shape] { return uniform_tensor(shape, 2); };
  const auto scaled = [shape] {
    const Shape row{shape[1]};
    return Inputs{uniform_tensor(shape, 1, -3, 3), uniform_tensor(row, 3, 0.5, 1.5), uniform_tensor(row, 4)};
  };
  const auto one = [] { return tensor(1.0f); };
  // Primitives are the same with libtorch's kernel and as a composition.
  const std::set<std::string> primitives = {"relu", "exp", "tanh", "sin", "cos", "atan"};
  const bool composed = against == "composition";
  for (const auto& [name, f] : elementwise)
    if (!composed || !primitives.count(name)) add(name, f, x, 1, g);
  const auto positive = [shape] { return Inputs{uniform_tensor(shape, 1, 0.1f, 3)}; };
  if (!composed)
    add(
        "pow", [](const Inputs& in) { return pow(in[0], 2.5); }, positive, 1, g);
  for (const auto& [name, f] : normalisations) add(name, f, scaled, 3, g);
  add(
      "cross_entropy", [](const Inputs& in) { return nn::cross_entropy(in[0], in[1]); },
      [shape] {
        return Inputs{uniform_tensor(shape, 1, -3, 3), tensor(classes(shape[0], shape[1], 5))};
      },
      1, one);
  add(
      "mse", [](const Inputs& in) { return nn::mse_loss(in[0], in[1]); },
      [shape] {
        return Inputs{uniform_tensor(shape, 1, -3, 3), uniform_tensor(shape, 2)};
      },
      1, one);
}

}  // namespace

void add_functions(Cases& cases) {
  for (const char* against : {"kernel", "composition"})
    for (const Extent& extent : extents) add_extent(cases, extent, against);
}

}  // namespace benchmarks::xgrad_side
