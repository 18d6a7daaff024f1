#include <algorithm>
#include <map>

#include "autograd/core/fail.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/engine/walk.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/transform/grad.hpp"
#include "autograd/transform/mutation.hpp"
#include "autograd/transform/replay.hpp"

namespace xgrad {

namespace {

// A cotangent on its way back. Where `where` chose the other branch it is exactly zero, and stays so through
// elementwise rules even if their factors are NaN or infinite there: `mask` remembers where it may be non-zero, and
// `blurred` that a factor was multiplied in since. Operations that move elements or add them up move the mask, too; it
// ends where elements are mixed with factors, as in a matrix product.
struct Cotangent {
  Tensor value;
  Tensor mask;
  bool blurred = false;

  bool zero() const { return !value.defined(); }
  // Zero again where the mask says so.
  void clear() {
    if (mask.defined() && blurred) value = where(mask, value, 0);
    blurred = false;
  }
  void settle() {
    clear();
    mask = Tensor();
  }
  void add(Cotangent other) {
    if (other.zero()) return;
    if (zero()) {
      *this = std::move(other);
      return;
    }
    clear();
    other.clear();
    value = value + other.value;
    if (!mask.defined() || !other.mask.defined())
      mask = Tensor();
    else if (mask.entry() != other.mask.entry())
      mask = logical_or(mask, other.mask);
  }
};

void check_cotangent(const Entry& entry, std::size_t input, const Tensor& cotangent) {
  const Tensor& to = entry.inputs[input];
  check<ShapeError>(cotangent.shape() == to.shape(), entry.where, entry.primitive->name(), ": the vjp for input ",
                    input, " gives ", describe(cotangent), " for ", describe(to));
  check<DTypeError>(cotangent.dtype() == to.dtype(), entry.where, entry.primitive->name(), ": the vjp for input ",
                    input, " gives ", describe(cotangent), " for ", describe(to));
}

// The walk back from the outputs over the tracked entries that lie between them and the inputs.
class Walk {
 public:
  Walk(std::span<const Tensor> outputs, std::span<const Tensor> inputs)
      : entries_(reachable(outputs, numbers_, [](const Entry& entry) { return entry.tracked; })),
        cotangents_(entries_.size()),
        active_(entries_.size()),
        wanted_(entries_.size()) {
    for (const Tensor& input : inputs)
      if (const std::uint32_t number = numbers_.find(input.entry()); number != EntryMap::absent)
        wanted_[number] = active_[number] = true;
    for (std::size_t i = 0; i < entries_.size(); ++i)
      for (const Tensor& input : entries_[i]->input_span()) active_[i] = active_[i] || is_active(input);
  }

  bool reaches(const Tensor& input) const { return numbers_.find(input.entry()) != EntryMap::absent; }
  const std::vector<Entry*>& entries() const { return entries_; }

  void seed(const Tensor& output, const Tensor& cotangent) {
    if (is_active(output)) cotangents_[numbers_.find(output.entry())].add({cotangent, {}, false});
  }

  void run() {
    for (std::size_t i = entries_.size(); i-- > 0;) {
      if (!active_[i] || cotangents_[i].zero()) continue;
      pull_back(i);
      if (!Tape::current().grad) entries_[i]->differentiated = true;
      if (!wanted_[i]) cotangents_[i] = {};
    }
  }

  Tensor result(const Tensor& input) {
    const std::uint32_t number = numbers_.find(input.entry());
    if (number == EntryMap::absent || cotangents_[number].zero()) return zeros_like(input);
    cotangents_[number].settle();
    return cotangents_[number].value;
  }

 private:
  bool is_active(const Tensor& tensor) const {
    const std::uint32_t number = numbers_.find(tensor.entry());
    return number != EntryMap::absent && active_[number];
  }

  void pull_back(std::size_t i) {
    const Entry& entry = *entries_[i];
    const Lowering lowering = entry.primitive->lower();
    const bool elementwise = lowering.kind == Lowering::Kind::elementwise;
    const CallScope scope(entry.call ? entry.call : entry.primitive->name(), entry.where);
    if (!elementwise) lowering.moves ? cotangents_[i].clear() : cotangents_[i].settle();
    const Tensor output = replay_.output(*entries_[i]);
    std::vector<Tensor> again;
    const std::span<const Tensor> values = replay_.inputs(entry, again);
    for (std::uint32_t k = 0; k < entry.input_count; ++k) {
      if (!is_active(entry.inputs[k])) continue;
      Cotangent& at = cotangents_[i];
      const bool blurs = elementwise && !lowering.keeps_zero;
      Cotangent to{entry.primitive->pullback(k, at.value, values, output), at.mask, at.blurred || blurs};
      if (to.zero()) continue;
      if (!elementwise) to.mask = move_mask(at.mask, entry, k, values, output);
      to.value = detail::mutate_cotangent(entry, k, std::move(to.value));
      check_cotangent(entry, k, to.value);
      if (elementwise && lowering.instruction == Instruction::where) narrow(to, values[0], k == 1);
      cotangents_[numbers_.find(entry.inputs[k].entry())].add(std::move(to));
    }
  }

  // The cotangent of an input may be non-zero where some non-zero cotangent is moved to.
  static Tensor move_mask(const Tensor& mask, const Entry& entry, std::size_t input, std::span<const Tensor> values,
                          const Tensor& output) {
    const bool leaf = entry.inputs[input].entry()->input_count == 0;  // no rule will blur it any more
    if (!mask.defined() || leaf) return {};
    return entry.primitive->pullback(input, cast(mask, output.dtype()), values, output) != 0;
  }

  // The cotangent of a branch of `where` is zero outside the branch.
  static void narrow(Cotangent& cotangent, const Tensor& condition, bool chosen) {
    const Tensor mask = chosen ? condition : logical_not(condition);
    cotangent.mask = cotangent.mask.defined() ? logical_and(cotangent.mask, mask) : mask;
  }

  EntryMap numbers_;
  std::vector<Entry*> entries_;
  std::vector<Cotangent> cotangents_;
  std::vector<char> active_, wanted_;
  Replay replay_;
};

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
  check<GraphError>(input.tracked(), where, "grad: input ", number, " (", describe(input),
                    ") is untracked; make it a Parameter, or use track() or grad(f)");
}

// A Parameter that was assigned has a new value, which an older loss does not depend on.
void check_used(const Walk& walk, const Tensor& input, std::size_t number, const Location& where) {
  if (walk.reaches(input)) return;
  const Parameter parameter = Parameter::holder(input);
  for (const Entry* entry : walk.entries())
    check<GraphError>(!parameter.defined() || entry->input_count > 0 ||
                          !(Parameter::holder(Tensor::share(const_cast<Entry*>(entry))) == parameter),
                      where, "grad: Parameter ", number, " (", describe(input),
                      ") was assigned since the loss was recorded; record the loss again");
  fail<GraphError>(where, "grad: the loss does not depend on input ", number, " (", describe(input),
                   "); allow_unused gives zeros");
}

}  // namespace

std::vector<Tensor> differentiate(std::span<const Tensor> outputs, std::span<const Tensor> cotangents,
                                  std::span<const Tensor> inputs, GradOptions options, const Location& where) {
  check<ValueError>(outputs.size() == cotangents.size(), where, "grad: ", outputs.size(), " outputs, ",
                    cotangents.size(), " cotangents");
  const detail::TapeScope<bool, &Tape::grad> tracking(options.create_graph);
  const detail::TapeScope<std::uint32_t, &Tape::segment> outside(0);
  std::vector<Tensor> seeds;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    check<GraphError>(outputs[i].defined(), where, "grad: the loss is an undefined Tensor");
    check<DTypeError>(is_floating(outputs[i].dtype()), where, "grad: the loss is ", describe(outputs[i]),
                      "; derivatives need a floating dtype");
    seeds.push_back(seed_of(outputs[i], cotangents[i], where));
  }
  Walk walk(outputs, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check_input(inputs[i], i, where);
    if (!options.allow_unused) check_used(walk, inputs[i], i, where);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    walk.seed(outputs[i], seeds[i]);
  }
  walk.run();
  std::vector<Tensor> results;
  for (const Tensor& input : inputs) results.push_back(walk.result(input));
  return results;
}

std::vector<Tensor> grad(const Tensor& loss, const std::vector<Tensor>& xs, GradOptions options,
                         const Location& where) {
  const Tensor none;
  std::vector<Tensor> gradients = differentiate({&loss, 1}, {&none, 1}, xs, options, where);
  accompany(loss);
  return gradients;
}

void backward(const Tensor& loss, const Tensor& cotangent, const Location& where) {
  check<GraphError>(loss.defined(), where, "backward: the loss is an undefined Tensor");
  check<GraphError>(loss.tracked(), where, "backward: the loss (", describe(loss), ") depends on no Parameter");
  EntryMap numbers;
  std::vector<Tensor> leaves;
  std::vector<Parameter> parameters;
  for (Entry* entry : reachable({&loss, 1}, numbers, [](const Entry& e) { return e.tracked; })) {
    if (entry->input_count > 0) continue;
    const Tensor leaf = Tensor::share(entry);
    const Parameter parameter = Parameter::holder(leaf);
    if (!parameter.defined() || parameter.value().entry() != entry) continue;
    leaves.push_back(leaf);
    parameters.push_back(parameter);
  }
  check<GraphError>(!leaves.empty(), where, "backward: the loss (", describe(loss),
                    ") depends on no Parameter as it is now");
  const std::vector<Tensor> gradients = differentiate({&loss, 1}, {&cotangent, 1}, leaves, {}, where);
  std::vector<Tensor> totals;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Tensor& before = parameters[i].gradient();
    totals.push_back(before.defined() ? add(Operand(before, where), gradients[i]) : gradients[i]);
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) parameters[i].set_gradient(totals[i]);  // nothing fails any more
  accompany(loss);
}

}  // namespace xgrad
