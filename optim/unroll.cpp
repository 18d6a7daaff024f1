#include "optim/unroll.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/transform/grad.hpp"

namespace xgrad::optim {

Unrolled unroll_all(const Problem& problem, const Transformation& rule, std::int64_t steps, const Location& where) {
  const CallScope scope("unroll", where);
  const EnableGrad tracking;
  check<ValueError>(!problem.initial.empty() && problem.loss, where, "unroll: the problem has no ",
                    problem.initial.empty() ? "initial parameters" : "loss");
  check<ValueError>(steps >= 0, where, "unroll: ", steps, " steps");
  Unrolled run;
  std::vector<Tensors> state;
  for (const Tensor& initial : problem.initial) {
    run.parameters.push_back(track(Operand(initial, where)));
    state.push_back(rule.init(run.parameters.back(), where));
  }
  for (std::int64_t step = 0; step < steps; ++step) {
    run.losses.push_back(problem.loss(run.parameters));
    const Tensors gradients = grad(run.losses.back(), run.parameters, {.create_graph = true}, where);
    Transformation::Result result = rule.update(gradients, state, run.parameters, step, where);
    for (std::size_t i = 0; i < run.parameters.size(); ++i) run.parameters[i] = run.parameters[i] + result.updates[i];
    state = std::move(result.state);
  }
  run.loss = problem.loss(run.parameters);
  return run;
}

Tensor unroll(const Problem& problem, const Transformation& rule, std::int64_t steps, const Location& where) {
  return unroll_all(problem, rule, steps, where).loss;
}

}  // namespace xgrad::optim
