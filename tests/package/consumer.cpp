#include "xgrad.hpp"

#include <cmath>
#include <cstdio>
#include <string>

using namespace xgrad;

namespace {

/// A primitive and a module of somebody else's: their types are known on both sides of the library's boundary.
struct Cube : Operation<Cube> {
  static constexpr auto id = "cube";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return 3 * g * square(inputs[0]);
  }
  void run(std::span<const View> inputs, const View& output, const Location&) const override {
    for (std::int64_t i = 0; i < output.numel(); ++i) output.as<double>()[i] = std::pow(inputs[0].as<double>()[i], 3);
  }
};
struct Network : nn::Module {
  nn::Linear hidden{3, 4}, output{4, 2};
  Tensor operator()(const Tensor& x) const { return output(relu(hidden(x))); }
  void visit(nn::Visitor& visitor) override {
    visitor("hidden", hidden);
    visitor("output", output);
  }
};

template <class Expected>
bool is_thrown(auto&& mistake) {
  try {
    mistake();
  } catch (const Expected& error) {
    return std::string(error.what()).find("consumer.cpp") != std::string::npos;
  }
  return false;
}

bool derivatives_flow() {
  const Parameter x{tensor(2.0, float64)};
  const Tensor cube = record(Location::current(), Cube{}, x.value());
  return std::abs(grad(x * x * x, x).item() - 12) < 1e-12 && std::abs(grad(cube, x).item() - 12) < 1e-12 &&
         check_gradient([](const Tensor& t) { return exp(t); }, {tensor({0.5, 1.0}, float64)});
}

bool errors_cross() {
  return is_thrown<ShapeError>([] {
           matmul(ones({2, 3}), ones({4, 5}));
         }) &&
         is_thrown<Error>([] { reshape(ones({6}), {4}); }) && is_thrown<ValueError>([] { set_engine("steam"); });
}

bool a_network_trains() {
  Network network;
  const Tensor target = zeros({4}, int64);
  optim::Optimizer optimizer(network.parameters(), optim::chain(optim::clip_by_global_norm(1), optim::sgd(0.5)));
  float first = 0, last = 0;
  for (int step = 0; step < 20; ++step)
    for (const auto& [inputs, labels] : data::batches({ones({4, 3}), target}, {.size = 4})) {
      const Tensor loss = nn::cross_entropy(network(inputs), labels);
      (step == 0 ? first : last) = static_cast<float>(loss.item());
      optimizer.step(grad(loss, network.parameters()));
    }
  std::printf("%s\n", report::progress_line({"training", 1, 1}, 60).c_str());
  return last < first;
}

}  // namespace

/// Uses every room of the library once.
int main() {
  if (!derivatives_flow()) return 1;
  if (!errors_cross()) return 2;
  if (!a_network_trains()) return 3;
  return about().version.empty() ? 4 : 0;
}
