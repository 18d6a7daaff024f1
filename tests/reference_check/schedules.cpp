// Section sched: tables of learning rates.

#include <algorithm>
#include <map>

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "optim/schedules.hpp"
#include "tests/reference_check/check.hpp"
#include "tests/reference_check/formula.hpp"

namespace xgrad::reference {

namespace {

/// A milestone may be given several times: it counts as often.
optim::Schedule multi_step(double base, std::vector<std::int64_t> milestones, double factor) {
  std::sort(milestones.begin(), milestones.end());
  optim::Schedule schedule = optim::constant(base);
  while (!milestones.empty()) {
    std::vector<std::int64_t> once, again;
    for (const std::int64_t milestone : milestones)
      (once.empty() || once.back() != milestone ? once : again).push_back(milestone);
    schedule = optim::multi_step_decay(schedule, once, factor);
    milestones = again;
  }
  return schedule;
}

double value_at(const std::string& formula, std::int64_t step) {
  const Tensor t = full({}, static_cast<double>(step), float64);
  return evaluate_formula(formula, {{"t", t}, {"epoch", t}, {"step", t}}).item();
}

optim::Schedule one_cycle(const Record& args) {
  if (args.text("anneal_strategy", "cos") != "cos" || args.flag("three_phase", false))
    throw FormatError("OneCycleLR is known with two cosine phases only");
  const std::int64_t steps =
      args.has("total_steps") ? args.integer("total_steps") : args.integer("epochs") * args.integer("steps_per_epoch");
  return optim::one_cycle(args.number("max_lr"), steps,
                          {.warmup = args.number("pct_start", 0.3),
                           .divisor = args.number("div_factor", 25),
                           .final_divisor = args.number("final_div_factor", 1e4)});
}

optim::Schedule cosine(const std::string& name, double base, const Record& args) {
  const double end = args.number("eta_min", 0);
  if (name == "CosineAnnealingLR")
    return optim::cosine_decay(base, args.integer("T_max"), {.end = end, .rises_again = true});
  return optim::cosine_restarts(base, args.integer("T_0"), {.growth = args.integer("T_mult", 1), .end = end});
}

optim::Schedule schedule(const std::string& name, double base, const Record& args) {
  if (name == "StepLR") return optim::step_decay(base, args.integer("step_size"), args.number("gamma", 0.1));
  if (name == "MultiStepLR") return multi_step(base, args.integers("milestones"), args.number("gamma", 0.1));
  if (name == "ExponentialLR") return optim::exponential_decay(base, args.number("gamma"));
  if (name == "CosineAnnealingLR" || name == "CosineAnnealingWarmRestarts") return cosine(name, base, args);
  if (name == "LinearLR")
    return optim::linear(base, {.start_factor = args.number("start_factor", 1.0 / 3),
                                .end_factor = args.number("end_factor", 1),
                                .steps = args.integer("total_iters", 5)});
  if (name == "ConstantLR")
    return optim::join({optim::constant(base * args.number("factor", 1.0 / 3)), optim::constant(base)},
                       {args.integer("total_iters", 5)});
  if (name == "PolynomialLR")
    return optim::polynomial_decay(base, args.integer("total_iters", 5), {.power = args.number("power", 1)});
  if (name == "OneCycleLR") return one_cycle(args);
  if (name == "LambdaLR")
    return optim::scaled(base, [formula = args.text("formula")](std::int64_t step) { return value_at(formula, step); });
  if (name == "MultiplicativeLR")
    return optim::scaled(base, [formula = args.text("formula")](std::int64_t step) {
      double factor = 1;
      for (std::int64_t t = 1; t <= step; ++t) factor *= value_at(formula, t);
      return factor;
    });
  throw FormatError("unknown schedule " + name);
}

}  // namespace

Findings check_schedule(const Corpus& corpus, const Record& record) {
  const Tensor expected = corpus.tensor(record, "lr");
  const optim::Schedule rate = schedule(record.text("op"), record.number("base_lr"), record.record("args"));
  std::vector<double> rates;
  for (std::int64_t step = 0; step < expected.size(0); ++step) rates.push_back(rate(step).item());
  Findings findings;
  findings.compare("lr", tensor(rates, float64), expected, tolerance_of(record));
  return findings;
}

}  // namespace xgrad::reference
