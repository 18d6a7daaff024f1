#include "autograd/inspect/again.hpp"

#include <algorithm>
#include <limits>

#include "autograd/core/error.hpp"
#include "autograd/inspect/range.hpp"
#include "autograd/inspect/values.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/grad.hpp"

namespace xgrad {

namespace {

void do_not_evaluate(const Tensor&, const Location&) {}

// While it lives, entries stay pending in every mode and however many they are, and a backward pass does not mark
// entries as differentiated.
class Unnoticed {
 public:
  explicit Unnoticed(std::span<const Tensor> outputs) {
    Numbering numbers;
    for (Entry* entry : reachable(outputs, numbers, [](const Entry& e) { return e.tracked; }))
      if (!entry->differentiated) untouched_.push_back(entry);
  }
  ~Unnoticed() {
    for (Entry* entry : untouched_) entry->differentiated = false;
  }
  Unnoticed(const Unnoticed&) = delete;
  Unnoticed& operator=(const Unnoticed&) = delete;

 private:
  static constexpr std::uint64_t no_bound = std::numeric_limits<std::uint32_t>::max();
  std::vector<Entry*> untouched_;
  Undivided whole_;
  detail::TapeScope<bool, &Tape::eager> lazy_{false};
  detail::TapeScope<Tape::Evaluate, &Tape::evaluate> pending_{&do_not_evaluate};
  detail::TapeScope<std::uint64_t, &Tape::most_pending> unbounded_{no_bound};
  detail::TapeScope<bool, &Tape::differentiable_updates> plain_{false};
};

}  // namespace

DerivativeAgain::DerivativeAgain(std::span<const Tensor> outputs, std::span<const Tensor> cotangents,
                                 const Tensor& input, const Location& where)
    : outputs_(outputs.begin(), outputs.end()), begin_(Tape::current().sequence) {
  const Unnoticed scope(outputs_);
  const NoGrad untracked;
  struct Watching {
    explicit Watching(detail::Watcher* watcher) { detail::watcher = watcher; }
    ~Watching() { detail::watcher = nullptr; }
  } const watching(this);
  gradient_ = differentiate(outputs, cotangents, {&input, 1}, {.allow_unused = true}, where)[0];
  arrived_ = Tensor();
}

void DerivativeAgain::arrives(const Entry&, const Tensor& arrived) {
  arrived_ = arrived;
  last_ = Tape::current().sequence;
}

void DerivativeAgain::gives(const Entry& entry, std::size_t input, const Tensor& cotangent) {
  const std::uint64_t now = Tape::current().sequence;
  steps_.push_back({&entry, input, arrived_, cotangent, std::exchange(last_, now), now});
}

const DerivativeAgain::Step* DerivativeAgain::step_of(const Entry& entry) const {
  const auto after = std::ranges::lower_bound(steps_, entry.sequence.load(), std::ranges::less(), &Step::begin);
  return after == steps_.begin() ? nullptr : &*(after - 1);
}

// A sum is recorded right after the step that gave its last term, before the next step or as part of it.
const Tensor* DerivativeAgain::adds_up_for(const Entry& entry) const {
  const Step* step = step_of(entry);
  if (!step || entry.instruction != Instruction::add) return nullptr;
  const auto adds = [&](const Step& term) {
    return term.given.defined() && std::ranges::any_of(entry.input_span(), [&](const Tensor& input) {
             return input.entry() == term.given.entry();
           });
  };
  if (entry.sequence > step->end && adds(*step)) return &step->entry->input(step->input);
  if (step == steps_.data() || !adds(*(step - 1))) return nullptr;
  return &(step - 1)->entry->input((step - 1)->input);
}

namespace {

// The Tensor at a noted place, if the outputs still depend on it.
Tensor find_input(std::span<const Tensor> outputs, const Tape::Place& noted) {
  Numbering numbers;
  for (Entry* entry : reachable(outputs, numbers, [](const Entry& e) { return e.tracked; }))
    if (entry == noted.entry && entry->sequence == noted.sequence) return Tensor::share(entry);
  return {};
}

// The value of the Parameter that the outputs depend on and a derivative was taken by.
Tensor value_among(std::span<const Tensor> outputs, const Parameter& parameter, std::span<const Tape::Place> inputs) {
  Numbering numbers;
  for (Entry* entry : reachable(outputs, numbers, [](const Entry& e) { return e.tracked; })) {
    if (entry->input_count > 0 || !(Parameter::holder(Tensor::share(entry)) == parameter)) continue;
    const auto is_it = [&](const Tape::Place& p) { return p.entry == entry && p.sequence == entry->sequence; };
    if (std::ranges::any_of(inputs, is_it)) return Tensor::share(entry);
  }
  return {};
}

struct Outputs {
  std::vector<Tensor> tensors, cotangents;
};

// The outputs of a derivative, if all of them are alive.
std::optional<Outputs> outputs_of(const TakenDerivative& taken, Retaken& retaken) {
  Outputs outputs;
  for (std::size_t i = 0; i < taken.outputs.size(); ++i) {
    outputs.tensors.push_back(locked(taken.outputs[i]));
    outputs.cotangents.push_back(taken.given[i] ? locked(taken.cotangents[i]) : Tensor());
    const bool lives = outputs.tensors.back().defined();
    if (lives && (!taken.given[i] || outputs.cotangents.back().defined())) continue;
    retaken.lost =
        lives ? "nobody holds the cotangent that was given there any more" : "nobody holds the loss any more";
    return std::nullopt;
  }
  return outputs;
}

void take_again(const Outputs& outputs, const Tensor& input, Retaken& retaken) {
  if (!input.defined()) {
    retaken.lost = "the loss has let go of its history, as it does at the second assignment of Parameters";
    return;
  }
  try {
    retaken.derivative.emplace(outputs.tensors, outputs.cotangents, input, retaken.where);
  } catch (const GraphError&) {
    retaken.lost = "a part of the history of the loss is gone";
  }
}

bool is_finite(const Tensor& tensor) {
  bool finite = true;
  const Values values({&tensor, 1});
  values.compute([&](std::size_t place, const Buffer& value, std::span<const Buffer>) {
    if (place == values.root(0)) finite = range_of({value.data(), tensor.shape(), tensor.dtype()}).all_finite();
  });
  return finite;
}

}  // namespace

// Of gradients that `backward` has added up, the first one that is not finite.
Retaken retake(const Tensor& gradient) {
  Retaken best;
  std::vector<std::pair<TakenDerivative, std::size_t>> found;
  for (const std::uint64_t number : TakenDerivatives::current().parts(place_of(gradient).sequence))
    TakenDerivatives::current().visit([&](const TakenDerivative& taken) {
      const auto at = std::ranges::find(taken.results, number);
      if (number == 0 || !taken.recorded(number) || at == taken.results.end()) return false;
      found.emplace_back(taken, static_cast<std::size_t>(at - taken.results.begin()));
      return true;
    });
  std::ranges::sort(found, {}, [](const auto& pair) { return pair.first.begin; });
  for (const auto& [taken, result] : found) {
    Retaken retaken;
    retaken.known = true;
    retaken.where = taken.where;
    if (const std::optional<Outputs> outputs = outputs_of(taken, retaken))
      take_again(*outputs, find_input(outputs->tensors, taken.inputs[result]), retaken);
    const bool bad = retaken.derivative && !is_finite(retaken.derivative->gradient());
    if (!best.known || bad || (retaken.derivative && !best.derivative)) best = std::move(retaken);
    if (bad) break;
  }
  return best;
}

Retaken retake_before(const Parameter& parameter, const Entry& now) {
  std::vector<TakenDerivative> latest;
  TakenDerivatives::current().visit([&](const TakenDerivative& taken) {
    if (taken.end < now.sequence) latest.push_back(taken);
    return false;
  });
  for (const TakenDerivative& taken : latest) {
    Retaken retaken;
    retaken.where = taken.where;
    const std::optional<Outputs> outputs = outputs_of(taken, retaken);
    const Tensor before = outputs ? value_among(outputs->tensors, parameter, taken.inputs) : Tensor();
    if (!before.defined()) continue;
    retaken.before = range_of(before.entry()->view());
    if (!retaken.before.all_finite()) continue;
    retaken.known = true;
    take_again(*outputs, before, retaken);
    if (retaken.derivative) return retaken;
  }
  return {};
}

}  // namespace xgrad
