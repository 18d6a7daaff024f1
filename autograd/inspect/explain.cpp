#include "autograd/inspect/explain.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <set>
#include <string_view>

#include "autograd/core/fail.hpp"
#include "autograd/inspect/causes.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/explain.hpp"
#include "autograd/transform/looped.hpp"

namespace xgrad {

namespace {

using Cause = Explanation::Cause;
using Gradient = Explanation::Gradient;

constexpr double tiny = 1e-6;

std::string loss_text(const Tensor& loss) { return "the loss at " + place(loss.entry()->where); }

Cause cause_of(Stop::Kind kind) {
  switch (kind) {
    case Stop::Kind::stop_gradient:
      return Cause::stopped;
    case Stop::Kind::no_grad:
      return Cause::no_grad;
    case Stop::Kind::without_graph:
      return Cause::without_graph;
    case Stop::Kind::not_floating:
      return Cause::not_floating;
    case Stop::Kind::gone:
      return Cause::released;
    default:
      return Cause::unused;
  }
}

class Reasons {
 public:
  Reasons(const Tensor& loss, const Tensor& x) : loss_(loss), x_(x), parameter_(Parameter::holder(x)) {
    result_.numel = x.numel();
  }

  Explanation run() {
    if (refuses()) return result_;
    const Tensor ones = ones_like(loss_);
    try {
      // The cotangent is recorded first, so that it is not part of the derivative.
      const DerivativeAgain derivative({&loss_, 1}, {&ones, 1}, x_, loss_.entry()->where);
      weigh(derivative);
    } catch (const GraphError& error) {
      missing(Cause::released, std::string(": ") + error.what(), error.where());
    }
    say_what_is_looped();
    return result_;
  }

 private:
  bool missing(Cause cause, const std::string& clause, const Location& where, const std::string& operation = "") {
    result_.gradient = Gradient::missing;
    result_.cause = cause;
    result_.where = where;
    result_.operation = operation;
    result_.text = label(x_) + " gets no gradient from " + loss_text(loss_) + clause;
    return true;
  }

  // Whether no derivative flows at all.
  bool refuses() {
    const Entry& to = *x_.entry();
    if (!is_floating(x_.dtype()))
      return missing(Cause::not_floating, ": it is no floating number, which derivatives need", to.where);
    if (parameter_.defined() && !parameter_.trainable())
      return missing(Cause::frozen, ": it is frozen; set_trainable(true) lets derivatives flow into it", to.where);
    if (!x_.tracked())
      return missing(Cause::untracked, ": it is untracked; make it a Parameter, or use track() or grad(f)", to.where);
    if (to.outdated)
      return missing(Cause::released, ": what was computed from it has let go of it since; ask before the step",
                     to.where);
    Numbering numbers;
    const std::vector<Entry*> entries = reachable({&loss_, 1}, numbers, [](const Entry&) { return true; });
    if (loss_.tracked() && depends()) return false;
    if (was_assigned(entries)) return true;
    const Stop stop = stop_between({&loss_, 1}, x_);
    return missing(cause_of(stop.kind), stop.clause, stop.where);
  }

  // Reports what vmap has recorded for one example after another, without the slices and the stack around it.
  void say_what_is_looped() {
    constexpr std::array<std::string_view, 3> parts{"slice", "reshape", "concat"};
    Numbering numbers;
    std::set<std::string> said;
    for (const Entry* entry : reachable({&loss_, 1}, numbers, [](const Entry& each) { return each.tracked; })) {
      const std::string name = entry->primitive->name();
      if (!detail::is_looped(*entry) || std::ranges::find(parts, name) != parts.end() ||
          !said.insert(name + place(entry->where)).second)
        continue;
      result_.text += "; vmap records " + name + " at " + place(entry->where) +
                      " for one example after another, for it has no batching rule";
    }
  }

  bool depends() const {
    Numbering numbers;
    reachable({&loss_, 1}, numbers, [](const Entry& entry) { return entry.tracked; });
    return numbers.find(x_.entry()) != Numbering::absent;
  }

  // Whether the loss depends on an earlier value of the Parameter.
  bool was_assigned(const std::vector<Entry*>& entries) {
    if (!parameter_.defined()) return false;
    for (Entry* entry : entries) {
      if (entry == x_.entry() || entry->input_count > 0) continue;
      const bool was = Parameter::holder(Tensor::share(entry)) == parameter_;
      if (entry->tracked && (was || entry->released))
        return missing(Cause::assigned,
                       ": it was assigned at " + place(x_.entry()->where) + " since that was recorded; record it again",
                       x_.entry()->where);
      if (was) return missing(Cause::frozen, ": it was frozen when that was recorded; record it again", entry->where);
    }
    return false;
  }

  void weigh(const DerivativeAgain& derivative) {
    const Flow flow(derivative);
    const Entry& input = *x_.entry();
    const ValueRange& gradient = flow.gradient();
    result_.largest = gradient.largest();
    result_.zeros = gradient.zeros;
    if (gradient.count == 0) {
      describe(Gradient::present, "a gradient without elements", Blame());
    } else if (!gradient.all_finite()) {
      describe(Gradient::not_finite, "a gradient that is not finite",
               {Cause::not_finite, "", "why_nan tells where that comes from", {}});
    } else if (gradient.zeros == gradient.count) {
      describe(Gradient::zero, "a gradient of zeros", blame_zero(flow, input));
    } else if (result_.largest < tiny) {
      describe(Gradient::tiny, "a tiny gradient, of at most " + number_text(result_.largest) + ',',
               blame_tiny(flow, input));
    } else {
      describe(Gradient::present, "a gradient of at most " + number_text(result_.largest),
               blame_part(flow, input, derivative));
    }
  }

  void describe(Gradient gradient, const std::string& what, const Blame& blame) {
    result_.gradient = gradient;
    result_.cause = blame.cause;
    result_.operation = blame.operation;
    result_.where = blame.where;
    result_.text = label(x_) + " gets " + what + " from " + loss_text(loss_);
    if (gradient == Gradient::present && result_.zeros > 0)
      result_.text +=
          ", which is 0 in " + std::to_string(result_.zeros) + " of " + std::to_string(result_.numel) + " elements";
    if (!blame.clause.empty()) result_.text += ": " + blame.clause;
  }

  const Tensor &loss_, &x_;
  Parameter parameter_;
  Explanation result_;
};

void check_own(const Tensor& tensor, const char* what, const Location& where) {
  check<GraphError>(tensor.defined(), where, "explain: ", what, " is an undefined Tensor");
  check<ThreadError>(tensor.entry()->owner == Tape::current().thread || tensor.entry()->input_count == 0, where,
                     "explain: ", what, " belongs to the tape of another thread; ask there");
}

}  // namespace

Explanation explain(const Tensor& loss, const Tensor& x, const Location& where) {
  check_own(loss, "the loss", where);
  check_own(x, "what it is to be differentiated by", where);
  return Reasons(loss, x).run();
}

std::ostream& operator<<(std::ostream& out, const Explanation& explanation) { return out << explanation.text; }

}  // namespace xgrad
