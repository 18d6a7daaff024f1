#include "autograd/transform/backward_pass.hpp"

#include <type_traits>

#include "autograd/core/fail.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/mutation.hpp"

namespace xgrad {

namespace {

constexpr std::uint32_t absent = Numbering::absent;

// A handle that is not counted, for an entry that somebody else holds.
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

}  // namespace

// ---- the pass: goes through entries in reverse tape order, so that all readers of y come before y

void BackwardPass::run() {
  const bool last_order = !Tape::current().grad;
  for (std::size_t i = entries_.size(); i-- > 0;) {
    Entry& y = *entries_[i];
    Adjoint& adjoint = adjoints_[i];
    if (!adjoint.depends_on_inputs || adjoint.cotangent.is_zero()) continue;
    if (y.input_count > 0) {
      give_to_inputs(y, adjoint);
      if (last_order) y.differentiated = true;
    }
    if (!adjoint.is_input) adjoint.cotangent = {};
  }
}

void BackwardPass::give_to_inputs(const Entry& y, Adjoint& adjoint) {
  const CallScope scope(y.call ? y.call : y.primitive->name(), y.where);
  MaskedCotangent& g = adjoint.cotangent;
  g.prepare_for(y);
  const Borrowed recorded(y);
  std::vector<Tensor> again;
  const Tensor& output = replay_.output(recorded);
  const std::span<const Tensor> inputs = replay_.inputs(y, again);
  if (watcher_) [[unlikely]]
    watcher_->arrives(y, g.value);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const std::uint32_t source = sources_[adjoint.first_source + k];
    if (source == absent) continue;
    Tensor given = ask_rule(y, k, g.value, inputs, output);
    if (!given.defined()) continue;
    if (g.is_masked_by(y))
      adjoints_[source].cotangent.add(g.passed_on(std::move(given), y, k, inputs, output));
    else
      adjoints_[source].cotangent.add(std::move(given));
  }
}

Tensor BackwardPass::ask_rule(const Entry& y, std::size_t input, const Tensor& adjoint, std::span<const Tensor> inputs,
                              const Tensor& output) const {
  Tensor given = y.primitive->pullback(input, adjoint, inputs, output);
  if (watcher_) [[unlikely]]
    watcher_->gives(y, input, given);
  if (!given.defined()) return given;
  if (detail::mutation) [[unlikely]]
    given = detail::mutation(y, input, given);
  check_cotangent(y, input, given);
  return given;
}

// ---- before and after it

BackwardPass::BackwardPass(std::span<const Tensor> outputs, std::span<const Tensor> inputs) {
  Numbering numbers;
  entries_ = reachable(outputs, numbers, [](const Entry& entry) { return entry.tracked; });
  adjoints_.resize(entries_.size());
  for (const Tensor& output : outputs) outputs_.push_back(numbers.find(output.entry()));
  inputs_.reserve(inputs.size());
  for (const Tensor& input : inputs) {
    inputs_.push_back(numbers.find(input.entry()));
    if (inputs_.back() == absent) continue;
    Adjoint& adjoint = adjoints_[inputs_.back()];
    adjoint.is_input = adjoint.depends_on_inputs = true;
  }
  find_sources(numbers);
}

// Goes through entries in tape order, so that it is known of all inputs of y whether they depend on an input.
void BackwardPass::find_sources(const Numbering& numbers) {
  sources_.resize(2 * entries_.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::span<const Tensor> inputs = entries_[i]->input_span();
    if (sources_.size() - next < inputs.size()) sources_.resize(2 * sources_.size() + inputs.size());
    adjoints_[i].first_source = static_cast<std::uint32_t>(next);
    bool any = adjoints_[i].depends_on_inputs;
    for (const Tensor& input : inputs) {
      const std::uint32_t place = numbers.find(input.entry());
      const bool asked = place != absent && adjoints_[place].depends_on_inputs;
      sources_[next++] = asked ? place : absent;
      any |= asked;
    }
    adjoints_[i].depends_on_inputs = any;
  }
}

void BackwardPass::seed(std::size_t output, const Tensor& cotangent) {
  const std::uint32_t place = outputs_[output];
  if (place != absent && adjoints_[place].depends_on_inputs) adjoints_[place].cotangent.add(cotangent);
}

Tensor BackwardPass::result(std::size_t input) {
  const std::uint32_t place = inputs_[input];
  if (place == absent || adjoints_[place].cotangent.is_zero()) return {};
  adjoints_[place].cotangent.apply_and_drop_mask();
  return adjoints_[place].cotangent.value;
}

}  // namespace xgrad
