// Section program: small programs, in the formulas of their `doc`.

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <limits>

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/transform/functional.hpp"
#include "autograd/transform/grad.hpp"
#include "nn/losses.hpp"
#include "optim/optim.hpp"
#include "tests/reference_check/derivatives.hpp"
#include "tests/reference_check/formula.hpp"

namespace xgrad::reference {

namespace {

/// Named values, the first of which is differentiated.
using Results = std::vector<std::pair<std::string, Tensor>>;
using Program = Results (*)(const Call& call, const std::string& operation);

/// The number at the end of `fan_out_30`.
std::int64_t count_in(const std::string& operation) {
  const std::string digits = operation.substr(operation.rfind('_') + 1);
  if (digits.empty() || digits.size() > 9 ||
      !std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c); }))
    throw FormatError(operation + " does not end in a number");
  return std::stoll(digits);
}

Results recurrent_network(const Call& call, const std::string& operation) {
  const Tensor &x = call["x"], &targets = call["t"];
  if (x.size(0) != count_in(operation)) throw FormatError("x does not have " + operation + " steps");
  Tensor h = call["h0"], loss = zeros({}, float64);
  for (std::int64_t step = 0; step < x.size(0); ++step) {
    h = tanh(matmul(select(x, 0, step), transpose(call["Wx"])) + matmul(h, transpose(call["Wh"])) + call["bh"]);
    loss += nn::cross_entropy(matmul(h, transpose(call["Wy"])) + call["by"], select(targets, 0, step));
  }
  return {{"loss", loss}, {"h", h}};
}

/// A hyperparameter under one of its names: an input that is differentiated, else an argument, else the default.
optim::Hyperparameter hyperparameter(const Call& call, std::initializer_list<const char*> names, double fallback) {
  for (const char* name : names) {
    if (call.has(name)) return call[name];
    if (call.args.has(name)) return call.args.number(name);
  }
  return fallback;
}

/// The rule of `hyper_adam_5`.
optim::Transformation rule_in(const Call& call, const std::string& operation) {
  const auto given = [&](std::initializer_list<const char*> names, double fallback) {
    return hyperparameter(call, names, fallback);
  };
  const std::string prefix = "hyper_";
  const std::string name = operation.substr(prefix.size(), operation.rfind('_') - prefix.size());
  const optim::Hyperparameter rate = given({"lr"}, 0.1), decay = given({"weight_decay", "wd"}, 0);
  const optim::Hyperparameter beta1 = given({"beta1"}, 0.9), beta2 = given({"beta2"}, 0.999);
  optim::Hyperparameter eps = given({"eps"}, name == "adagrad" ? 1e-10 : 1e-8);
  if (eps.is_number(0)) eps = std::numeric_limits<double>::min();  // the library wants a positive one
  if (name == "sgd" || name == "momentum" || name == "nesterov")
    return optim::sgd(rate, {.momentum = given({"momentum", "mu"}, name == "sgd" ? 0 : 0.9),
                             .weight_decay = decay,
                             .nesterov = name == "nesterov"});
  if (name == "adam") return optim::adam(rate, {.beta1 = beta1, .beta2 = beta2, .eps = eps, .weight_decay = decay});
  if (name == "adamw") return optim::adamw(rate, {.beta1 = beta1, .beta2 = beta2, .eps = eps, .weight_decay = decay});
  if (name == "adagrad") return optim::adagrad(rate, {.eps = eps, .weight_decay = decay});
  if (name == "rmsprop")
    return optim::rmsprop(rate, {.decay = given({"alpha", "rho"}, 0.99),
                                 .eps = eps,
                                 .momentum = given({"momentum", "mu"}, 0),
                                 .weight_decay = decay});
  throw FormatError("unknown rule " + name);
}

Results hypergradient(const Call& call, const std::string& operation) {
  const std::vector<std::string> names{"W1", "b1", "W2", "b2"};
  optim::Problem problem;
  for (const std::string& name : names) problem.initial.push_back(call[name]);
  const auto error = [](const Tensors& w, const Tensor& x, const Tensor& y) {
    return nn::mse_loss(matmul(tanh(matmul(x, transpose(w[0])) + w[1]), transpose(w[2])) + w[3], y);
  };
  problem.loss = [&](const Tensors& w) { return error(w, call["X"], call["Y"]); };
  const std::int64_t steps = call.args.has("steps") ? call.args.integer("steps") : count_in(operation);
  const optim::Unrolled run = optim::unroll_all(problem, rule_in(call, operation), steps);
  Results results{{"loss", error(run.parameters, call["Xv"], call["Yv"])}, {"inner_loss", stack(run.losses)}};
  for (std::size_t i = 0; i < names.size(); ++i) results.emplace_back("final_" + names[i], run.parameters[i]);
  return results;
}

Results rosenbrock(const Call& call, const std::string&) {
  const auto loss = [](const Tensor& x) {
    const Tensor head = slice(x, 0, {}, -1), tail = slice(x, 0, 1, {});
    return sum(100 * square(tail - square(head)) + square(1 - head));
  };
  return {{"loss", loss(call["x"])}, {"hessian", hessian(loss)(call["x"])}};
}

Results fan_out(const Call& call, const std::string& operation) {
  const Tensor& x = call["x"];
  Tensor y = x, s = zeros_like(x);
  for (std::int64_t k = 1; k <= count_in(operation); ++k) {
    y = sin(1.1 * y + x / k);
    s += y * x + y;
  }
  return {{"loss", sum(s)}};
}

Results nth_derivative(const Call& call, const std::string&) {
  const Tensor x = track(call["x"]);
  Results results{{"d0", evaluate_formula(call.args.text("f"), {{"x", x}})}};
  constexpr int orders = 8;
  for (int order = 1; order <= orders; ++order)
    results.emplace_back("d" + std::to_string(order),
                         grad(sum(results.back().second), x, {.create_graph = true, .allow_unused = true}));
  return results;
}

const std::pair<const char*, Program> programs[] = {{"rnn_", recurrent_network},
                                                    {"hyper_", hypergradient},
                                                    {"rosenbrock_hessian", rosenbrock},
                                                    {"fan_out_", fan_out},
                                                    {"nth_derivative", nth_derivative}};

Program find_program(const std::string& operation) {
  for (const auto& [prefix, program] : programs)
    if (operation.starts_with(prefix)) return program;
  return nullptr;
}

}  // namespace

bool is_program(const std::string& operation) { return find_program(operation) != nullptr; }

Findings check_program(const Corpus& corpus, const Record& record) {
  Findings findings;
  const std::string operation = record.text("op");
  const Program program = find_program(operation);
  if (!program) {
    findings.note("unknown program " + operation);
    return findings;
  }
  const Inputs inputs(corpus, record);
  const Results results = program(inputs.call, operation);
  for (const Record& output : record.records("outputs")) {
    const std::string name = output.text("name");
    const auto found = std::find_if(results.begin(), results.end(), [&](const auto& r) { return r.first == name; });
    if (found == results.end())
      findings.note("unknown output " + name);
    else
      findings.compare("output " + name, found->second, corpus.tensor(output), tolerance_of(record));
  }
  const Tensor& loss = results.front().second;
  if (!inputs.differentiated.empty()) check_derivatives(corpus, record, {{loss}, {Tensor()}}, inputs, findings);
  return findings;
}

}  // namespace xgrad::reference
