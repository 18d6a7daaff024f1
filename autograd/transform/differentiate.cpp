#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/core/no_memory.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/derivation.hpp"
#include "autograd/transform/explain.hpp"
#include "autograd/transform/grad.hpp"
#include "autograd/transform/mutation.hpp"
#include "autograd/transform/replay.hpp"
#include "autograd/transform/taken.hpp"
#include "autograd/transform/watch.hpp"

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
  [[gnu::noinline]] void add(Cotangent other) {
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
  // What has no mask.
  void add(Tensor other) {
    if (mask.defined()) return add(Cotangent{std::move(other), {}, false});
    value = zero() ? std::move(other) : value + other;
  }
};

// A handle that does not count: somebody else holds the entry.
class Borrowed {
 public:
  explicit Borrowed(const Entry& entry) : tensor_(Tensor::adopt(const_cast<Entry*>(&entry))) {}
  ~Borrowed() {}
  operator const Tensor&() const { return tensor_; }

 private:
  union {
    Tensor tensor_;
  };
};

void check_cotangent(const Entry& entry, std::size_t input, const Tensor& cotangent) {
  const Tensor& to = entry.input(input);
  const EntryHead &given = *cotangent.entry(), &wanted = *to.entry();
  if (given.shape == wanted.shape && given.dtype == wanted.dtype) [[likely]]
    return;
  const auto refuse = [&]<class E>(std::type_identity<E>) {
    fail<E>(entry.where, entry.primitive->name(), ": the vjp for input ", input, " gives ", describe(cotangent),
            " for ", describe(to));
  };
  cotangent.shape() == to.shape() ? refuse(std::type_identity<DTypeError>()) : refuse(std::type_identity<ShapeError>());
}

// The walk back from the outputs over the tracked entries that lie between them and the inputs. Entries are numbered
// before anything is recorded: recording may evaluate, which numbers them anew.
class Walk {
 public:
  static constexpr std::uint32_t absent = Numbering::absent;

  Walk(std::span<const Tensor> outputs, std::span<const Tensor> inputs) {
    Numbering numbers;
    entries_ = reachable(outputs, numbers, [](const Entry& entry) { return entry.tracked; });
    stations_.resize(entries_.size());
    for (const Tensor& output : outputs) outputs_.push_back(numbers.find(output.entry()));
    inputs_.reserve(inputs.size());
    for (const Tensor& input : inputs) {
      inputs_.push_back(numbers.find(input.entry()));
      if (inputs_.back() == absent) continue;
      Station& station = stations_[inputs_.back()];
      station.wanted = station.active = true;
    }
    find_sources(numbers);
  }

  /// Whether input number `input` was reached.
  bool reaches(std::size_t input) const { return inputs_[input] != absent; }
  const std::vector<Entry*>& entries() const { return entries_; }
  /// Whether it is taken again, to look at it.
  bool is_watched() const { return watcher_ != nullptr; }

  /// Gives output number `output` its cotangent.
  void seed(std::size_t output, const Tensor& cotangent) {
    const std::uint32_t number = outputs_[output];
    if (number != absent && stations_[number].active) stations_[number].cotangent.add(cotangent);
  }

  void run() {
    const bool last_order = !Tape::current().grad;
    for (std::size_t i = entries_.size(); i-- > 0;) {
      Station& station = stations_[i];
      if (!station.active || station.cotangent.zero()) continue;
      if (entries_[i]->input_count > 0) {
        pull_back(*entries_[i], station);
        if (last_order) entries_[i]->differentiated = true;
      }
      if (!station.wanted) station.cotangent = {};
    }
  }

  /// The cotangent of input number `input`; undefined where it is zero.
  Tensor result(std::size_t input) {
    const std::uint32_t number = inputs_[input];
    if (number == absent || stations_[number].cotangent.zero()) return {};
    stations_[number].cotangent.settle();
    return stations_[number].cotangent.value;
  }

 private:
  void find_sources(const Numbering& numbers) {
    sources_.resize(2 * entries_.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const std::span<const Tensor> inputs = entries_[i]->input_span();
      if (sources_.size() - next < inputs.size()) sources_.resize(2 * sources_.size() + inputs.size());
      stations_[i].begin = static_cast<std::uint32_t>(next);
      bool any = stations_[i].active;
      for (const Tensor& input : inputs) {
        const std::uint32_t number = numbers.find(input.entry());
        const bool active = number != absent && stations_[number].active;
        sources_[next++] = active ? number : absent;
        any |= active;
      }
      stations_[i].active = any;
    }
  }

  // What the walk knows of an entry.
  struct Station {
    Cotangent cotangent;
    std::uint32_t begin = 0;  // of its inputs in sources_
    bool active = false;      // whether it depends on an input
    bool wanted = false;      // whether it is one
  };

  void pull_back(const Entry& entry, Station& station) {
    Cotangent& at = station.cotangent;
    const CallScope scope(entry.call ? entry.call : entry.primitive->name(), entry.where);
    if (at.mask.defined() && entry.kind != Lowering::Kind::elementwise)
      entry.primitive->lower().moves ? at.clear() : at.settle();
    const Borrowed output(entry);
    if (Replay::is_itself(entry)) return pull_back(entry, station, entry.input_span(), output);
    std::vector<Tensor> again;
    const Tensor& output_again = replay_.output(output);
    pull_back(entry, station, replay_.inputs(entry, again), output_again);
  }
  void pull_back(const Entry& entry, const Station& station, std::span<const Tensor> values, const Tensor& output) {
    const Cotangent& at = station.cotangent;
    const bool masked = at.mask.defined() || is_where(entry);
    if (watcher_) [[unlikely]]
      watcher_->arrives(entry, at.value);
    for (std::uint32_t k = 0; k < values.size(); ++k) {
      const std::uint32_t source = sources_[station.begin + k];
      if (source == absent) continue;
      Tensor value = entry.primitive->pullback(k, at.value, values, output);
      if (watcher_) [[unlikely]]
        watcher_->gives(entry, k, value);
      if (!value.defined()) continue;
      if (detail::mutation) [[unlikely]]
        value = detail::mutation(entry, k, value);
      check_cotangent(entry, k, value);
      if (masked)
        stations_[source].cotangent.add(with_mask(std::move(value), at, entry, k, values, output));
      else
        stations_[source].cotangent.add(std::move(value));
    }
  }

  static bool is_where(const Entry& entry) {
    return entry.instruction == Instruction::where && entry.kind == Lowering::Kind::elementwise;
  }
  [[gnu::noinline]] static Cotangent with_mask(Tensor value, const Cotangent& at, const Entry& entry, std::size_t input,
                                               std::span<const Tensor> values, const Tensor& output) {
    const bool elementwise = entry.kind == Lowering::Kind::elementwise;
    Cotangent to{std::move(value), {}, false};
    if (at.mask.defined()) {
      to.mask = elementwise ? at.mask : move_mask(at.mask, entry, input, values, output);
      to.blurred = at.blurred || (elementwise && !entry.primitive->lower().keeps_zero);
    }
    if (is_where(entry)) narrow(to, values[0], input == 1);
    return to;
  }

  // The cotangent of an input may be non-zero where some non-zero cotangent is moved to.
  static Tensor move_mask(const Tensor& mask, const Entry& entry, std::size_t input, std::span<const Tensor> values,
                          const Tensor& output) {
    const bool leaf = entry.input(input).entry()->input_count == 0;  // no rule will blur it any more
    if (!mask.defined() || leaf) return {};
    return entry.primitive->pullback(input, cast(mask, output.dtype()), values, output) != 0;
  }

  // The cotangent of a branch of `where` is zero outside the branch, and no factor came between.
  static void narrow(Cotangent& cotangent, const Tensor& condition, bool chosen) {
    const Tensor mask = chosen ? condition : logical_not(condition);
    cotangent.blurred = cotangent.blurred && cotangent.mask.defined();
    cotangent.mask = cotangent.mask.defined() ? logical_and(cotangent.mask, mask) : mask;
  }

  std::vector<Entry*> entries_;
  std::vector<Station> stations_;                // of the entries
  std::vector<std::uint32_t> outputs_, inputs_;  // the entries of these
  std::vector<std::uint32_t> sources_;           // the entries of all inputs; absent where no cotangent is wanted
  Replay replay_;
  detail::WalkWatcher* const watcher_ = std::exchange(detail::watcher, nullptr);  // not of walks inside of this one
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
  if (input.tracked() && !input.entry()->outdated) [[likely]]
    return;  // before anything is put into words
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

// A Parameter that was assigned has a new value, which an older loss does not depend on.
void check_used(const Walk& walk, std::span<const Tensor> outputs, const Tensor& input, std::size_t number,
                const Location& where) {
  if (walk.reaches(number)) return;
  const Parameter parameter = Parameter::holder(input);
  for (const Entry* entry : walk.entries())
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
  // Updates through which derivatives are to flow are made of these gradients.
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
  Walk walk(outputs, inputs);
  for (std::size_t i = 0; i < inputs.size() && !options.allow_unused; ++i)
    check_used(walk, outputs, inputs[i], i, where);
  for (std::size_t i = 0; i < outputs.size(); ++i) walk.seed(i, seeds[i]);
  walk.run();
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    results.push_back(walk.result(i));
    if (!results.back().defined()) results.back() = zeros_like(inputs[i]);
  }
  if (!walk.is_watched()) TakenDerivatives::current().add(begin, outputs, cotangents, inputs, results, where);
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
  accompany(loss);
  return gradients;
} catch (const std::bad_alloc&) {
  no_memory("grad", where);
}

namespace {

// The Parameters that the loss depends on as they are now.
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
  for (std::size_t i = 0; i < leaves.size(); ++i) parameters[i].set_gradient(totals[i]);  // nothing fails any more
  accompany(loss);
} catch (const std::bad_alloc&) {
  no_memory("backward", where);
}

}  // namespace xgrad
