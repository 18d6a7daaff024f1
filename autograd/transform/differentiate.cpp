#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/core/no_memory.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/backward_pass.hpp"
#include "autograd/transform/derivation.hpp"
#include "autograd/transform/explain.hpp"
#include "autograd/transform/grad.hpp"
#include "autograd/transform/taken.hpp"

namespace xgrad {

namespace {

Tensor seed_of(const Tensor& output, const Tensor& cotangent, const Location& where) {
  if (!cotangent.defined()) {
    check<GraphError>(output.numel() == 1, where, "grad: the loss must have one element, got ", describe(output),
                      "; give a cotangent otherwise");
    return ones_like(Operand(output, where));
  }
  check<ShapeError>(cotangent.shape() == output.shape(), where, "grad: the cotangent is ", describe(cotangent),
                    ", the output ", describe(output));
  check<DTypeError>(cotangent.dtype() == output.dtype(), where, "grad: the cotangent is ", describe(cotangent),
                    ", the output ", describe(output));
  return cotangent;
}

void check_input(const Tensor& input, std::size_t number, const Location& where) {
  check<GraphError>(input.defined(), where, "grad: input ", number, " is an undefined Tensor");
  check<DTypeError>(is_floating(input.dtype()), where, "grad: input ", number, " is ", describe(input),
                    "; derivatives need a floating dtype");
  if (input.tracked() && !input.entry()->outdated) [[likely]]
    return;  // before any text is made
  check<GraphError>(
      !input.tracked(), where, "grad: input ", number, " (", label(input),
      ") was there before Parameters were assigned, and what was computed from it has let go of it since; "
      "ask before the step, or make it with track()");
  const Parameter parameter = Parameter::holder(input);
  check<GraphError>(!parameter.defined() || parameter.trainable(), where, "grad: input ", number, " (", label(input),
                    ") is a frozen Parameter; set_trainable(true) lets derivatives flow into it again");
  fail<GraphError>(where, "grad: input ", number, " (", describe(input),
                   ") is untracked; make it a Parameter, or use track() or grad(f)");
}

bool held_by(const Parameter& parameter, const Entry* entry) {
  return entry->input_count == 0 && Parameter::holder(Tensor::share(const_cast<Entry*>(entry))) == parameter;
}

// GraphError if the outputs do not depend on an input: after an assignment an older loss does not depend on the new
// value of a Parameter.
void check_used(const BackwardPass& pass, std::span<const Tensor> outputs, const Tensor& input, std::size_t number,
                const Location& where) {
  if (pass.reaches(number)) return;
  const Parameter parameter = Parameter::holder(input);
  for (const Entry* entry : pass.entries())
    check<GraphError>(!parameter.defined() || !(entry->released || held_by(parameter, entry)), where,
                      "grad: Parameter ", number, " (", label(input),
                      ") was assigned since the loss was recorded; record the loss again");
  fail<GraphError>(where, "grad: the loss does not depend on input ", number, " (", label(input), ")",
                   why_independent(outputs, input), "; allow_unused gives zeros");
}

}  // namespace

std::vector<Tensor> differentiate(std::span<const Tensor> outputs, std::span<const Tensor> cotangents,
                                  std::span<const Tensor> inputs, GradOptions options, const Location& where) try {
  check<ValueError>(outputs.size() == cotangents.size(), where, "grad: ", outputs.size(), " outputs, ",
                    cotangents.size(), " cotangents");
  // Derivatives flow through updates that are computed from these gradients.
  const bool differentiable = Tape::current().differentiable_updates && Tape::current().grad;
  const detail::TapeScope<bool, &Tape::grad> tracking(options.create_graph || differentiable);
  const detail::TapeScope<std::uint32_t, &Tape::segment> outside(0);
  const Undivided whole;
  const std::uint64_t begin = Tape::current().sequence;
  std::vector<Tensor> seeds;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    check<GraphError>(outputs[i].defined(), where, "grad: the loss is an undefined Tensor");
    check<DTypeError>(is_floating(outputs[i].dtype()), where, "grad: the loss is ", describe(outputs[i]),
                      "; derivatives need a floating dtype");
    seeds.push_back(seed_of(outputs[i], cotangents[i], where));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) check_input(inputs[i], i, where);
  BackwardPass pass(outputs, inputs);
  for (std::size_t i = 0; i < inputs.size() && !options.allow_unused; ++i)
    check_used(pass, outputs, inputs[i], i, where);
  for (std::size_t i = 0; i < outputs.size(); ++i) pass.seed(i, seeds[i]);
  pass.run();
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    results.push_back(pass.result(i));
    if (!results.back().defined()) results.back() = zeros_like(inputs[i]);
  }
  if (!pass.is_watched()) TakenDerivatives::current().add(begin, outputs, cotangents, inputs, results, where);
  return results;
} catch (const std::bad_alloc&) {
  no_memory("grad", where);
}

std::vector<Tensor> grad(const Tensor& loss, const std::vector<Tensor>& xs, GradOptions options,
                         const Location& where) try {
  const Tensor none;
  const std::uint64_t begin = Tape::current().sequence;
  std::vector<Tensor> gradients = differentiate({&loss, 1}, {&none, 1}, xs, options, where);
  if (detail::notes_derivations()) detail::note_derivation(loss, xs, gradients, begin, where);
  evaluate_with_next(loss);
  return gradients;
} catch (const std::bad_alloc&) {
  no_memory("grad", where);
}

namespace {

// The Parameters whose present values the loss depends on.
std::vector<Parameter> parameters_of(const Tensor& loss, const Location& where) {
  check<GraphError>(loss.defined(), where, "backward: the loss is an undefined Tensor");
  Numbering numbers;
  std::vector<Parameter> parameters;
  Parameter assigned;
  bool released = false;
  std::uint64_t first = ~std::uint64_t{0};
  for (Entry* entry : reachable({&loss, 1}, numbers, [](const Entry& e) { return e.tracked; })) {
    if (entry->input_count > 0) continue;
    released = released || entry->released;
    const Parameter parameter = Parameter::holder(Tensor::share(entry));
    if (!parameter.defined()) continue;
    if (parameter.value().entry() == entry)
      parameters.push_back(parameter);
    else if (entry->sequence < first)
      first = entry->sequence, assigned = parameter;
  }
  if (!parameters.empty()) return parameters;
  check<GraphError>(!assigned.defined(), where, "backward: Parameter ", describe(assigned),
                    " was assigned since the loss was recorded; record the loss again");
  check<GraphError>(!released, where, "backward: the Parameters were assigned since the loss (", describe(loss),
                    ") was recorded; record it again");
  fail<GraphError>(where, "backward: the loss (", describe(loss), ") depends on no Parameter", why_untracked(loss));
}

}  // namespace

void backward(const Tensor& loss, const Tensor& cotangent, const Location& where) try {
  std::vector<Parameter> parameters = parameters_of(loss, where);
  const std::vector<Tensor> leaves(parameters.begin(), parameters.end());
  const std::uint64_t begin = Tape::current().sequence;
  const std::vector<Tensor> gradients = differentiate({&loss, 1}, {&cotangent, 1}, leaves, {}, where);
  const bool noted = detail::notes_derivations();
  if (noted) detail::note_derivation(loss, {}, gradients, begin, where);
  std::vector<Tensor> totals;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Tensor& before = parameters[i].gradient();
    totals.push_back(before.defined() ? add(Operand(before, where), gradients[i]) : gradients[i]);
    if (!before.defined()) continue;
    TakenDerivatives::current().add_sum(before, totals[i]);
    TakenDerivatives::current().add_sum(gradients[i], totals[i]);
    if (!noted) continue;
    detail::note_sum(before, totals[i]);
    detail::note_sum(gradients[i], totals[i]);
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) parameters[i].set_gradient(totals[i]);  // cannot fail
  evaluate_with_next(loss);
} catch (const std::bad_alloc&) {
  no_memory("backward", where);
}

}  // namespace xgrad
