// Section train: a multi-layer perceptron, `mlp_20_16_16_5_relu_xent`, trained with a fixed order of rows.

#include <map>

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/transform/grad.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/reference_check/call.hpp"
#include "tests/reference_check/check.hpp"
#include "tests/reference_check/optimisers.hpp"

namespace xgrad::reference {

namespace {

using Activation = Tensor (*)(const Operand&);
using Loss = Tensor (*)(const Tensor& output, const Tensor& target);

Activation activation(const std::string& name) {
  static const std::map<std::string, Activation> known{{"relu", relu},
                                                       {"tanh", tanh},
                                                       {"sigmoid", sigmoid},
                                                       {"silu", silu},
                                                       {"gelu", [](const Operand& x) { return gelu(x); }},
                                                       {"elu", [](const Operand& x) { return elu(x); }},
                                                       {"softplus", [](const Operand& x) { return softplus(x); }},
                                                       {"leaky_relu", [](const Operand& x) { return leaky_relu(x); }}};
  const auto found = known.find(name);
  if (found == known.end()) throw FormatError("unknown activation " + name);
  return found->second;
}

Loss loss(const std::string& name) {
  static const std::map<std::string, Loss> known{
      {"xent", [](const Tensor& output, const Tensor& target) { return nn::cross_entropy(output, target); }},
      {"mse", [](const Tensor& output, const Tensor& target) { return nn::mse_loss(output, target); }},
      {"l1", [](const Tensor& output, const Tensor& target) { return nn::l1_loss(output, target); }},
      {"bce", [](const Tensor& output, const Tensor& target) {
         return nn::binary_cross_entropy_with_logits(output, target);
       }}};
  const auto found = known.find(name);
  if (found == known.end()) throw FormatError("unknown loss " + name);
  return found->second;
}

/// What stands after the sizes in `mlp_20_16_16_5_relu_xent`.
std::pair<std::string, std::string> names_in(const std::string& operation) {
  const std::size_t sizes_end = operation.find_last_of("0123456789"), last = operation.rfind('_');
  if (!operation.starts_with("mlp_") || sizes_end == std::string::npos || last < sizes_end + 2 ||
      operation[sizes_end + 1] != '_')
    throw FormatError("unknown network " + operation);
  return {operation.substr(sizes_end + 2, last - sizes_end - 2), operation.substr(last + 1)};
}

/// Linear layers with the given weights and an activation between them.
struct Network : nn::Module {
  std::vector<nn::Linear> layers;
  Activation between;

  Network(const Corpus& corpus, const std::vector<Record>& params, Activation activation) : between(activation) {
    for (const Record& param : params) {
      const Tensor value = corpus.tensor(param, "init");
      if (value.ndim() == 2) {
        const bool bias = &param != &params.back() && (&param + 1)->integers("shape").size() == 1;
        layers.emplace_back(value.size(1), value.size(0), nn::LinearOptions{.bias = bias, .dtype = float64});
        layers.back().weight.assign(value);
      } else {
        if (layers.empty() || !layers.back().bias.defined())
          throw FormatError("params: a bias comes before its weight");
        layers.back().bias.assign(value);
      }
    }
  }
  Tensor operator()(Tensor x) const {
    for (std::size_t i = 0; i < layers.size(); ++i) x = layers[i](i == 0 ? x : between(x));
    return x;
  }
  void visit(nn::Visitor& visitor) override { visitor("layers", layers); }
};

Tensor rows_of(std::int64_t step, std::int64_t batch, std::int64_t count) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < batch; ++i) rows.push_back((step * batch + i) % count);
  return tensor(rows);
}

}  // namespace

Findings check_training(const Corpus& corpus, const Record& record) {
  const auto [activation_name, loss_name] = names_in(record.text("op"));
  const Loss loss_function = loss(loss_name);
  const std::vector<Record> params = record.records("params");
  Network network(corpus, params, activation(activation_name));
  const std::vector<Parameter> parameters = network.parameters();
  if (parameters.size() != params.size()) throw FormatError("params do not make a network");
  const Record args = record.record("args"), data = record.record("data");
  const Tensor x = corpus.tensor(data.record("X")), targets = corpus.tensor(data.record("T"));
  optim::Optimizer optimizer(parameters, optimiser("SGD", args));
  Findings findings;
  const Tolerance tolerance = tolerance_of(record);
  Tensors losses;
  for (std::int64_t step = 0; step < args.integer("steps"); ++step) {
    const Tensor rows = rows_of(step, args.integer("batch"), x.size(0));
    losses.push_back(loss_function(network(take(x, rows)), take(targets, rows)));
    const Tensors gradients = grad(losses.back(), parameters);
    for (std::size_t i = 0; step == 0 && i < params.size(); ++i)
      findings.compare("first gradient of " + params[i].text("name"), gradients[i],
                       corpus.tensor(params[i], "first_grad"), tolerance);
    optimizer.step(gradients);
  }
  findings.compare("loss", stack(losses), corpus.tensor(record, "loss"), tolerance);
  for (std::size_t i = 0; i < params.size(); ++i)
    findings.compare("final " + params[i].text("name"), parameters[i].value(), corpus.tensor(params[i], "final"),
                     tolerance);
  const Tensor output = network(x);
  findings.compare("final_output", output, corpus.tensor(record, "final_output"), tolerance);
  if (record.has("final_loss_all"))
    findings.compare("final_loss_all", loss_function(output, targets).item(), record.number("final_loss_all"),
                     tolerance);
  return findings;
}

}  // namespace xgrad::reference
