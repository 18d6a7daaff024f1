#include "autograd/inspect/why_nan.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "autograd/core/fail.hpp"
#include "autograd/inspect/again.hpp"
#include "autograd/inspect/nonfinite.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/explain.hpp"

namespace xgrad {

namespace {

using Kind = NonFiniteEntry::Kind;

Kind kind_of(const Entry& entry) {
  if (entry.input_count > 0) return Kind::operation;
  if (entry.kind == Lowering::Kind::constant) return Kind::constant;
  if (!dynamic_cast<const Leaf*>(entry.primitive)) return Kind::gone;
  if (Parameter::holder(Tensor::share(const_cast<Entry*>(&entry))).defined()) return Kind::parameter;
  return entry.call && std::strcmp(entry.call, "stop_gradient") == 0 ? Kind::gone : Kind::data;
}

std::string source_of(const Entry& entry) {
  switch (kind_of(entry)) {
    case Kind::data:
      return "data";
    case Kind::parameter:
      return "Parameter";
    case Kind::constant:
      return "number";
    default:
      return entry.call ? entry.call : entry.primitive->name();
  }
}

/// Follows a value back through evaluations that released histories.
class Search {
 public:
  explicit Search(const Tensor& tensor) : tensor_(tensor) {}

  WhyNan run() {
    WhyNan why;
    why.description = label(tensor_);
    NonFiniteTrace trace = trace_nonfinite(tensor_);
    why.finite = !trace.origin.has_value();
    if (why.finite) return why;
    if (kind_of(*trace.origin->entry.entry()) == Kind::parameter) look_before(trace, why.note);
    // Each derivative reads older entries, unless a program changes cotangents by younger ones; so there is a limit.
    constexpr std::size_t most = 64;
    while (kind_of(*trace.origin->entry.entry()) == Kind::gone && derivatives_.size() < most)
      if (!take_again(trace, why.note)) break;
    why.origin = facts(*trace.origin);
    if (trace.became_nan) why.became_nan = facts(*trace.became_nan);
    return why;
  }

 private:
  // The first gradient on the way from the origin: the origin itself, or a view of it, say.
  Tensor gradient_on(const std::vector<Tensor>& way, const Entry& origin) const {
    const std::unordered_set<std::uint64_t> results = TakenDerivatives::current().results();
    const bool own = origin.owner == Tape::current().thread;
    for (const Tensor& tensor : way)
      if (own && tensor.entry()->sequence >= origin.sequence && results.contains(place_of(tensor).sequence))
        return tensor;
    return {};
  }

  // The origin has released its operands. If it is a gradient whose loss is alive, or belongs to one, the derivative is
  // taken again and the trace continues there.
  bool take_again(NonFiniteTrace& trace, std::string& note) {
    const Tensor gradient = gradient_on(trace.way, *trace.origin->entry.entry());
    Retaken retaken = gradient.defined() ? retake(gradient) : Retaken();
    if (!retaken.known) {
      note = "an untracked value lets go of what it was computed from when it is evaluated; ask before that";
      return false;
    }
    if (!retaken.derivative) {
      note = "it is a gradient, taken at " + place(retaken.where) + ", but " + retaken.lost +
             "; ask while the loss is held, before the next step but one";
      return false;
    }
    const NonFiniteTrace next = trace_nonfinite(retaken.derivative->gradient());
    if (!next.origin) {
      note = "it is a gradient, taken at " + place(retaken.where) +
             "; taken again, by the reference kernels, it is finite: a cotangent that the program changes, or a number "
             "at the edge of overflow";
      return false;
    }
    derivatives_.push_back({std::move(*retaken.derivative), retaken.where});
    trace.origin = next.origin;
    trace.way = next.way;
    if (next.became_nan) trace.became_nan = next.became_nan;
    return true;
  }

  // The value of a Parameter comes from an update. If a loss of its value before that is alive, it shows whether the
  // gradient was finite.
  void look_before(NonFiniteTrace& trace, std::string& note);

  // What an entry adds up cotangents of; else null, and the step that recorded it, if it is of a derivative taken
  // again.
  const Tensor* adds_up(const Entry& entry, const DerivativeAgain::Step*& step, Location& taken) const {
    const auto again = std::find_if(derivatives_.rbegin(), derivatives_.rend(), [&](const Again& taken_again) {
      return entry.sequence > taken_again.derivative.begin();
    });
    if (again == derivatives_.rend()) return nullptr;
    step = again->derivative.step_of(entry);
    taken = again->where;
    return again->derivative.adds_up_for(entry);
  }

  void backward_facts(const Entry& entry, NonFiniteEntry& found) const {
    const DerivativeAgain::Step* step = nullptr;
    if (const Tensor* sum = adds_up(entry, step, found.derivative)) {
      const Entry& read = *sum->entry();
      found.adds_up = found.backward = true;
      found.derivative_of = read.input_count > 0 ? read.primitive->name() : source_of(read);
      found.call = source_of(read);
      found.where = read.where;
    } else if (step) {
      found.backward = true;
      found.derivative_of = step->entry->primitive->name();
    } else if (const TakenDerivative* taken = TakenDerivatives::current().of(entry)) {
      found.backward = true;
      found.derivative = taken->where;
    }
  }

  bool is_backward(const Entry& entry) const {
    if (kind_of(entry) == Kind::constant) return false;
    return TakenDerivatives::current().of(entry) || std::ranges::any_of(derivatives_, [&](const Again& again) {
             return entry.sequence > again.derivative.begin();
           });
  }

  NonFiniteEntry facts(const NonFinitePlace& at) const {
    const Entry& entry = *at.entry.entry();
    NonFiniteEntry found;
    found.kind = kind_of(entry);
    found.operation = entry.primitive->name();
    found.call = entry.call ? entry.call : entry.primitive->name();
    found.where = entry.where;
    found.description = label(at.entry);
    found.value = at.value;
    found.numel = at.range.count;
    found.count = at.range.count - at.range.finite;
    std::int64_t element = at.element;
    found.element.resize(static_cast<std::size_t>(entry.shape.ndim()));
    for (std::int64_t axis = entry.shape.ndim(); axis-- > 0; element /= entry.shape[axis])
      found.element[static_cast<std::size_t>(axis)] = element % entry.shape[axis];
    for (std::size_t k = 0; k < at.operands.size(); ++k) {
      const Tensor& read = entry.input(k);
      const std::string backward = is_backward(*read.entry()) ? "the backward pass of " : "";
      found.operands.push_back(
          {label(read), backward + source_of(*read.entry()), read.entry()->where, at.operands[k], at.at_element[k]});
    }
    if (found.kind == Kind::operation || found.kind == Kind::gone) backward_facts(entry, found);
    return found;
  }

  struct Again {
    DerivativeAgain derivative;
    Location where;
  };
  Tensor tensor_;
  std::vector<Again> derivatives_;
};

void Search::look_before(NonFiniteTrace& trace, std::string& note) {
  const Tensor now = trace.origin->entry;
  const Parameter parameter = Parameter::holder(now);
  const Location &assigned = now.entry()->where, &made = parameter.made();
  if (assigned.line() == made.line() && std::strcmp(assigned.file_name(), made.file_name()) == 0) return;
  Retaken retaken = retake_before(parameter, *now.entry());
  if (!retaken.derivative) {
    note =
        "what it was assigned at " + place(assigned) +
        " was computed from is gone, and nobody holds a loss of the value before; keep that loss, or let the Optimizer "
        "check (NonFinite::error)";
    return;
  }
  const NonFiniteTrace next = trace_nonfinite(retaken.derivative->gradient());
  const std::string before = "before it was assigned at " + place(assigned) + ", " + label(now) + " was finite, in " +
                             retaken.before.to_string() + ", and its gradient, taken at " + place(retaken.where) +
                             ", was ";
  note = before + (next.origin ? "not" : "in " + next.range.to_string() + ": the update made it");
  if (!next.origin) return;
  derivatives_.push_back({std::move(*retaken.derivative), retaken.where});
  trace = next;
}

}  // namespace

WhyNan why_nan(const Tensor& tensor, const Location& where) {
  check<GraphError>(tensor.defined(), where, "why_nan: an undefined Tensor");
  const Entry& entry = *tensor.entry();
  check<ThreadError>(entry.owner == Tape::current().thread || (tensor.evaluated() && entry.input_count == 0), where,
                     "why_nan: ", describe(tensor), " belongs to the tape of another thread; ask there");
  return Search(tensor).run();
}

}  // namespace xgrad
