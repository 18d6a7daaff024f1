// Section optim and family clip.

#include "tests/reference_check/optimisers.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/transform/grad.hpp"
#include "nn/activations.hpp"
#include "nn/losses.hpp"
#include "optim/optim.hpp"
#include "tests/reference_check/call.hpp"
#include "tests/reference_check/check.hpp"

namespace xgrad::reference {

namespace {

using Named = std::map<std::string, Tensor>;

struct Betas {
  double first = 0.9;
  double second = 0.999;
  explicit Betas(const Record& args) {
    if (!args.has("betas")) return;
    const std::vector<double> betas = args.numbers("betas");
    if (betas.size() != 2) throw FormatError("args.betas must be two numbers");
    first = betas[0], second = betas[1];
  }
};

/// The library wants a positive one; beside any ordinary number this is 0.
double epsilon(const Record& args, double fallback) {
  return std::max(args.number("eps", fallback), std::numeric_limits<double>::min());
}

optim::Transformation rmsprop_rule(const Record& args) {
  return optim::rmsprop(args.number("lr", 1e-2), {.decay = args.number("alpha", 0.99),
                                                  .eps = epsilon(args, 1e-8),
                                                  .momentum = args.number("momentum", 0),
                                                  .weight_decay = args.number("weight_decay", 0),
                                                  .centered = args.flag("centered", false)});
}

optim::Transformation sgd_rule(const Record& args) {
  return optim::sgd(args.number("lr"), {.momentum = args.number("momentum", 0),
                                        .dampening = args.number("dampening", 0),
                                        .weight_decay = args.number("weight_decay", 0),
                                        .nesterov = args.flag("nesterov", false)});
}

optim::Transformation adagrad_rule(const Record& args) {
  return optim::adagrad(args.number("lr", 1e-2), {.lr_decay = args.number("lr_decay", 0),
                                                  .eps = epsilon(args, 1e-10),
                                                  .initial_accumulator = args.number("initial_accumulator_value", 0),
                                                  .weight_decay = args.number("weight_decay", 0)});
}

/// An optimiser with betas, whose options begin alike.
template <class Options>
Options moments(const Record& args, double weight_decay = 0) {
  const Betas betas(args);
  Options options;
  options.beta1 = betas.first;
  options.beta2 = betas.second;
  options.eps = epsilon(args, 1e-8);
  options.weight_decay = args.number("weight_decay", weight_decay);
  if constexpr (requires { options.amsgrad; }) options.amsgrad = args.flag("amsgrad", false);
  if constexpr (requires { options.momentum_decay; }) options.momentum_decay = args.number("momentum_decay", 4e-3);
  return options;
}

/// The loss of a problem at these parameters.
Tensor loss_of(const std::string& problem, const Named& data, const Named& p) {
  if (problem == "quadratic") {
    const Tensor& x = p.at("x");
    return 0.5 * dot(x, matmul(data.at("A"), x)) - dot(data.at("b"), x);
  }
  if (problem == "mlp") {
    const Tensor hidden = tanh(matmul(data.at("X"), transpose(p.at("W1"))) + p.at("b1"));
    return nn::mse_loss(matmul(hidden, transpose(p.at("W2"))) + p.at("b2"), data.at("Y"));
  }
  if (problem == "rosenbrock") {
    const Tensor& x = p.at("x");
    const Tensor head = slice(x, 0, {}, -1), tail = slice(x, 0, 1, {});
    return sum(100 * square(tail - square(head)) + square(1 - head));
  }
  throw FormatError("the problem " + problem + " is unknown");
}

/// The reference: what each parameter was and which gradient it got at each step.
struct Trajectory {
  std::vector<std::string> names;
  Tensors params, grads;
  std::int64_t steps = 0;

  Trajectory(const Corpus& corpus, const Record& record) {
    for (const Record& param : record.records("params")) {
      names.push_back(param.text("name"));
      params.push_back(corpus.tensor(param, "params"));
      grads.push_back(corpus.tensor(param, "grads"));
      steps = grads.back().size(0);
      if (params.back().size(0) != steps + 1) throw FormatError("params must have one entry more than grads");
    }
  }
  std::vector<Parameter> start() const {
    std::vector<Parameter> parameters;
    for (const Tensor& values : params) parameters.emplace_back(select(values, 0, 0));
    return parameters;
  }
};

/// What the parameters were along the way, to be compared at the end.
class Path {
 public:
  explicit Path(const std::vector<Parameter>& parameters) : parameters_(parameters), values_(parameters.size()) {
    add();
  }
  void add() {
    for (std::size_t i = 0; i < parameters_.size(); ++i) values_[i].push_back(parameters_[i].value());
  }
  void compare(const std::string& loop, const Trajectory& expected, Tolerance tolerance, Findings& findings) const {
    for (std::size_t i = 0; i < values_.size(); ++i)
      findings.compare(loop + " " + expected.names[i], stack(values_[i]), expected.params[i], tolerance);
  }

 private:
  const std::vector<Parameter>& parameters_;
  std::vector<Tensors> values_;
};

/// Feeds the recorded gradients.
void check_open_loop(const Trajectory& expected, const Record& record, Findings& findings) {
  std::vector<Parameter> parameters = expected.start();
  optim::Optimizer optimizer(parameters, optimiser(record.text("op"), record.record("args")));
  Path path(parameters);
  for (std::int64_t step = 0; step < expected.steps; ++step) {
    Tensors gradients;
    for (const Tensor& grads : expected.grads) gradients.push_back(select(grads, 0, step));
    optimizer.step(gradients);
    path.add();
  }
  path.compare("open loop", expected, tolerance_of(record), findings);
}

/// Differentiates the problem.
void check_closed_loop(const Corpus& corpus, const Trajectory& expected, const Record& record, Findings& findings) {
  const Tolerance tolerance = tolerance_of(record);
  const std::string name = record.text("problem");
  const Record problem = corpus.problem(name), init = problem.record("init");
  Named data;
  for (const std::string& key : problem.record("data").keys())
    data[key] = corpus.tensor(problem.record("data").record(key));
  std::vector<Parameter> parameters;
  for (const std::string& key : expected.names) parameters.emplace_back(corpus.tensor(init.record(key)));
  optim::Optimizer optimizer(parameters, optimiser(record.text("op"), record.record("args")));
  Path path(parameters);
  Tensors losses;
  std::vector<Tensors> gradients(parameters.size());
  for (std::int64_t step = 0; step < expected.steps; ++step) {
    Named values;
    for (std::size_t i = 0; i < parameters.size(); ++i) values[expected.names[i]] = parameters[i];
    losses.push_back(loss_of(name, data, values));
    const Tensors now = grad(losses.back(), parameters);
    for (std::size_t i = 0; i < now.size(); ++i) gradients[i].push_back(now[i]);
    optimizer.step(now);
    path.add();
  }
  path.compare("closed loop", expected, tolerance, findings);
  for (std::size_t i = 0; i < gradients.size(); ++i)
    findings.compare("gradient of " + expected.names[i], stack(gradients[i]), expected.grads[i], tolerance);
  if (record.has("loss")) findings.compare("loss", stack(losses), corpus.tensor(record, "loss"), tolerance);
}

}  // namespace

optim::Transformation optimiser(const std::string& name, const Record& args) {
  optim::Transformation (*const ascend)(optim::Transformation) = [](optim::Transformation rule) {
    return optim::chain(optim::scale(-1), std::move(rule));
  };
  const auto rule = [&]() -> optim::Transformation {
    if (name == "SGD") return sgd_rule(args);
    if (name == "RMSprop") return rmsprop_rule(args);
    if (name == "Adagrad") return adagrad_rule(args);
    if (name == "Adadelta")
      return optim::adadelta(
          args.number("lr", 1),
          {.rho = args.number("rho", 0.9), .eps = epsilon(args, 1e-6), .weight_decay = args.number("weight_decay", 0)});
    if (name == "Adam") return optim::adam(args.number("lr", 1e-3), moments<optim::AdamOptions>(args));
    if (name == "AdamW") return optim::adamw(args.number("lr", 1e-3), moments<optim::AdamWOptions>(args, 1e-2));
    if (name == "Adamax") return optim::adamax(args.number("lr", 2e-3), moments<optim::AdamaxOptions>(args));
    if (name == "NAdam") return optim::nadam(args.number("lr", 2e-3), moments<optim::NAdamOptions>(args));
    if (name == "RAdam") return optim::radam(args.number("lr", 1e-3), moments<optim::RAdamOptions>(args));
    throw FormatError("unknown optimiser " + name);
  }();
  return args.flag("maximize", false) ? ascend(rule) : rule;
}

Findings check_optimiser(const Corpus& corpus, const Record& record) {
  Findings findings;
  const Trajectory expected(corpus, record);
  check_open_loop(expected, record, findings);
  check_closed_loop(corpus, expected, record, findings);
  return findings;
}

void add_clipping(Rules& rules) {
  rules["clip_grad_norm"] = [](const Call& call) {
    const optim::Clipped clipped =
        optim::clip_gradients(call.list("grads"), call.args.number("max_norm"), call.args.number("norm_type", 2));
    Tensors results = clipped.gradients;
    results.push_back(clipped.norm);
    return results;
  };
}

}  // namespace xgrad::reference
