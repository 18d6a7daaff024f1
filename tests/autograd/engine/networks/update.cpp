#include "tests/autograd/engine/networks/update.hpp"

#include <cmath>

namespace xgrad::networks {

namespace {

optim::Hyperparameter rate(Builder& build) {
  const double initial = build.pick({0.03, 0.01, 0.003});
  switch (build.below(6)) {
    case 0:
      build.used("cosine decay");
      return optim::cosine_decay(initial, 5);
    case 1:
      build.used("exponential decay");
      return optim::exponential_decay(initial, 0.9);
    case 2:
      build.used("linear warmup");
      return optim::linear_warmup(initial, 3, 0.001);
    case 3:
      build.used("step decay");
      return optim::step_decay(initial, 2, 0.5);
    case 4:
      build.used("rate in a Tensor");
      return tensor(initial, build.dtype());
    default:
      return initial;
  }
}

// A gradient that should be 0 is rounding, which a small epsilon makes a step of.
double epsilon(Builder& build, double usual) { return build.precise() ? 1e-2 : usual; }

optim::Transformation sgd(Builder& build) { return optim::sgd(rate(build)); }
optim::Transformation momentum(Builder& build) {
  return optim::sgd(rate(build), {.momentum = 0.9, .weight_decay = build.pick({0.0, 0.01})});
}
optim::Transformation nesterov(Builder& build) { return optim::sgd(rate(build), {.momentum = 0.8, .nesterov = true}); }
optim::Transformation adam(Builder& build) {
  return optim::adam(rate(build), {.eps = epsilon(build, 1e-8), .amsgrad = build.chance(20)});
}
optim::Transformation adamw(Builder& build) { return optim::adamw(rate(build), {.eps = epsilon(build, 1e-8)}); }
optim::Transformation adamax(Builder& build) { return optim::adamax(rate(build), {.eps = epsilon(build, 1e-8)}); }
optim::Transformation nadam(Builder& build) { return optim::nadam(rate(build), {.eps = epsilon(build, 1e-8)}); }
optim::Transformation radam(Builder& build) { return optim::radam(rate(build), {.eps = epsilon(build, 1e-8)}); }
optim::Transformation rmsprop(Builder& build) {
  return optim::rmsprop(rate(build), {.eps = epsilon(build, 1e-8),
                                      .eps_root = epsilon(build, 1e-6),
                                      .momentum = build.pick({0.0, 0.5}),
                                      .centered = build.chance(30)});
}
optim::Transformation adagrad(Builder& build) { return optim::adagrad(rate(build), {.eps = epsilon(build, 1e-10)}); }
optim::Transformation adadelta(Builder& build) { return optim::adadelta(rate(build), {.eps = epsilon(build, 1e-6)}); }
optim::Transformation clipped(Builder& build) {
  const double most = build.pick({0.1, 1.0});
  return optim::chain(optim::clip_by_global_norm(most), build.chance(50) ? adam(build) : momentum(build));
}
optim::Transformation clipped_values(Builder& build) {
  return optim::chain(optim::clip_by_value(0.05), optim::momentum(0.9), optim::descend(rate(build)));
}
optim::Transformation decayed(Builder& build) {
  return optim::chain(optim::weight_decay(0.05), optim::scale(0.5), optim::descend(rate(build)));
}

struct Rule {
  const char* name;
  optim::Transformation (*make)(Builder& build);
};
constexpr Rule rules[] = {{"sgd", sgd},
                          {"momentum", momentum},
                          {"nesterov", nesterov},
                          {"adam", adam},
                          {"adamw", adamw},
                          {"adamax", adamax},
                          {"nadam", nadam},
                          {"radam", radam},
                          {"rmsprop", rmsprop},
                          {"adagrad", adagrad},
                          {"adadelta", adadelta},
                          {"clipped", clipped},
                          {"clipped values", clipped_values},
                          {"weight decay in a chain", decayed}};

constexpr double by_hand_rate = 0.02;

// Each makes new values of the parameters, and behind those new states.
using ByHand = std::vector<Tensor> (*)(const std::vector<Parameter>& w, const std::vector<Tensor>& g,
                                       const std::vector<Tensor>& state, std::int64_t step);

std::vector<Tensor> plain_descent(const std::vector<Parameter>& w, const std::vector<Tensor>& g,
                                  const std::vector<Tensor>&, std::int64_t) {
  std::vector<Tensor> next;
  for (std::size_t i = 0; i < w.size(); ++i) next.push_back(w[i] - by_hand_rate * g[i]);
  return next;
}

std::vector<Tensor> momentum_by_hand(const std::vector<Parameter>& w, const std::vector<Tensor>& g,
                                     const std::vector<Tensor>& state, std::int64_t) {
  std::vector<Tensor> next, velocities;
  for (std::size_t i = 0; i < w.size(); ++i) {
    velocities.push_back(0.9 * state[i] + g[i]);
    next.push_back(w[i] - by_hand_rate * velocities[i]);
  }
  next.insert(next.end(), velocities.begin(), velocities.end());
  return next;
}

std::vector<Tensor> adam_by_hand(const std::vector<Parameter>& w, const std::vector<Tensor>& g,
                                 const std::vector<Tensor>& state, std::int64_t step) {
  std::vector<Tensor> next, states;
  const double first = 1 - std::pow(0.9, double(step + 1)), second = 1 - std::pow(0.99, double(step + 1));
  for (std::size_t i = 0; i < w.size(); ++i) {
    const Tensor m = 0.9 * state[2 * i] + 0.1 * g[i], v = 0.99 * state[2 * i + 1] + 0.01 * square(g[i]);
    next.push_back(w[i] - by_hand_rate * (m / first) / (sqrt(v / second + 1e-4) + 1e-2));
    states.push_back(m);
    states.push_back(v);
  }
  next.insert(next.end(), states.begin(), states.end());
  return next;
}

std::vector<Tensor> clipped_by_hand(const std::vector<Parameter>& w, const std::vector<Tensor>& g,
                                    const std::vector<Tensor>&, std::int64_t) {
  Tensor squares = sum(square(g[0]));
  for (std::size_t i = 1; i < g.size(); ++i) squares += sum(square(g[i]));
  const Tensor factor = minimum(0.5 / (sqrt(squares) + 1e-6), 1);
  std::vector<Tensor> next;
  for (std::size_t i = 0; i < w.size(); ++i) next.push_back(w[i] - by_hand_rate * (factor * g[i]));
  return next;
}

std::vector<Tensor> averaged_by_hand(const std::vector<Parameter>& w, const std::vector<Tensor>& g,
                                     const std::vector<Tensor>& state, std::int64_t) {
  std::vector<Tensor> next;
  for (std::size_t i = 0; i < w.size(); ++i) next.push_back(w[i] - by_hand_rate * g[i]);
  for (std::size_t i = 0; i < w.size(); ++i) next.push_back(0.9 * state[i] + (1 - 0.9) * next[i]);
  return next;
}

std::vector<Tensor> unit_by_hand(const std::vector<Parameter>& w, const std::vector<Tensor>& g,
                                 const std::vector<Tensor>&, std::int64_t) {
  std::vector<Tensor> next;
  for (std::size_t i = 0; i < w.size(); ++i)
    next.push_back(w[i] * 0.999 - by_hand_rate * (g[i] / sqrt(mean(square(g[i])) + 1e-2)));
  return next;
}

struct Hand {
  const char* name;
  ByHand record;
  std::size_t slots;
};
// The last assigns one parameter after the other.
constexpr Hand hands[] = {{"descent by hand", plain_descent, 0},      {"momentum by hand", momentum_by_hand, 1},
                          {"adam by hand", adam_by_hand, 2},          {"clipping by hand", clipped_by_hand, 0},
                          {"averaging by hand", averaged_by_hand, 1}, {"unit steps by hand", unit_by_hand, 0},
                          {"one after the other", plain_descent, 0}};
constexpr std::size_t one_after_the_other = std::size(hands) - 1;

}  // namespace

std::vector<std::string> update_names() {
  std::vector<std::string> names;
  for (const Rule& rule : rules) names.emplace_back(rule.name);
  for (const Hand& hand : hands) names.emplace_back(hand.name);
  return names;
}

Update::Update(Builder& build) : parameters_(build.parameters()) {
  build.part("update");
  if (build.chance(40) || build.recipe().plain_update) {
    if (!build.recipe().plain_update) by_hand_ = build.below(std::size(hands));
    text_ = hands[by_hand_].name;
    for (const Parameter& parameter : parameters_)
      for (std::size_t slot = 0; slot < hands[by_hand_].slots; ++slot) {
        state_.push_back(zeros(parameter.shape(), build.dtype()));
        evaluate(state_.back());
      }
  } else {
    const Rule& rule = rules[build.below(std::size(rules))];
    text_ = rule.name;
    optimizer_ = std::make_unique<optim::Optimizer>(parameters_, rule.make(build));
  }
  build.used(text_);
}

std::vector<Tensor> Update::record(const std::vector<Tensor>& gradients) {
  if (optimizer_) return {};
  const NoGrad untracked;
  return hands[by_hand_].record(parameters_, gradients, state_, steps_);
}

void Update::take(std::vector<Tensor> gradients, std::vector<Tensor> next) {
  ++steps_;
  if (optimizer_) return optimizer_->step(gradients);
  if (by_hand_ == one_after_the_other) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].assign(next[i]);
    return;
  }
  evaluate(next);
  assign(parameters_, std::span(next).first(parameters_.size()));
  state_.assign(next.begin() + static_cast<std::ptrdiff_t>(parameters_.size()), next.end());
}

Named Update::state() const {
  Named named;
  if (optimizer_)
    for (const NamedTensor& slot : optimizer_->state())
      if (slot.name != "rule" && slot.name != "parameters")  // texts are no numbers
        named.emplace_back(slot.name, slot.value);
  for (std::size_t i = 0; i < state_.size(); ++i) named.emplace_back("state" + std::to_string(i), state_[i]);
  return named;
}

}  // namespace xgrad::networks
