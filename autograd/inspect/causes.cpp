#include "autograd/inspect/causes.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "autograd/core/fail.hpp"
#include "autograd/inspect/values.hpp"

namespace xgrad {

namespace {

using Cause = Explanation::Cause;

std::string in(const ValueRange& range) { return (range.least == range.most ? "all " : "in ") + range.to_string(); }

// `relu at train.cpp:12`, with the operation to blame if the call consists of several.
std::string at(const FlowCall& call, const FlowStep& step) {
  const char* primitive = step.entry->primitive->name();
  const bool same = std::strcmp(primitive, call.name) == 0;
  return (same ? std::string(call.name) : std::string(primitive) + " in " + call.name) + " at " + place(call.where);
}
std::string at(const FlowCall& call) { return std::string(call.name) + " at " + place(call.where); }

std::string source_of(const Tensor& operand) {
  const Entry& entry = *operand.entry();
  if (entry.kind == Lowering::Kind::constant) return "a number";
  const Parameter parameter = Parameter::holder(operand);
  if (parameter.defined())
    return "Parameter " + (parameter.name().empty() ? "of " + place(entry.where) : parameter.name());
  const std::string made = " of " + place(entry.where);
  if (entry.input_count == 0 && std::strcmp(entry.primitive->name(), "leaf") == 0) return "data" + made;
  return std::string(entry.call ? entry.call : entry.primitive->name()) + made;
}

bool is(const FlowStep& step, Instruction instruction) {
  return step.entry->instruction == instruction && step.entry->kind == Lowering::Kind::elementwise;
}
bool is_product(const FlowStep& step) {
  return is(step, Instruction::mul) || step.entry->kind == Lowering::Kind::contraction;
}

// The cause if a function lets no cotangent through; a function that is not listed is flat there.
struct Word {
  const char* name;
  Cause cause;
  const char *before, *after;
};
constexpr Word words[] = {
    {"relu", Cause::dead, "every unit of ", " is dead"},
    {"clamp", Cause::clipped, "", " clips every element"},
    {"masked_fill", Cause::masked, "", " masks every element"},
    {"Dropout", Cause::masked, "", " drops every element"},
    {"tril", Cause::masked, "", " leaves out every element"},
    {"triu", Cause::masked, "", " leaves out every element"},
};

Blame of_map(const FlowCall& call, const FlowFate& fate) {
  const std::string inputs = "; its inputs are " + in(fate.operand);
  for (const Word& word : words)
    if (std::strcmp(call.name, word.name) == 0 && fate.stopped == fate.reached)
      return {word.cause, call.name, word.before + at(call) + word.after + inputs, call.where};
  return {Cause::saturated, call.name,
          at(call) + " is saturated in " + percent_text(fate.reduced, fate.reached) + " of its elements" + inputs,
          call.where};
}

// An elementwise composition, or a function of one operand, is blamed as a whole.
std::optional<FlowFate> fate_of_function(const Flow& flow, std::size_t number) {
  const FlowCall& call = flow.calls()[number];
  const FlowStep& last = flow.steps()[call.begin];
  const bool composition = std::strcmp(last.entry->primitive->name(), call.name) != 0;
  const bool linear = is(last, Instruction::abs) || is(last, Instruction::neg) || is(last, Instruction::cast);
  if (!composition && (last.entry->input_count != 1 || linear || last.undefined)) return std::nullopt;
  std::optional<FlowFate> fate = flow.fate(number);
  return fate && fate->reached > 0 ? fate : std::nullopt;
}

Blame of_product(const FlowCall& call, const FlowStep& step) {
  const std::size_t other = 1 - step.input;
  const ValueRange& factor = step.operands[other];
  const std::string name = "its other operand, " + source_of(step.entry->input(other)) + ", is ";
  if (factor.zeros == factor.count)
    return {Cause::multiplied_by_zero, call.name, at(call, step) + " multiplies by 0: " + name + "0 everywhere",
            call.where};
  const double least =
      step.entry->dtype == float32 ? std::numeric_limits<float>::min() : std::numeric_limits<double>::min();
  if (step.arrived.largest() * factor.largest() < least)
    return {Cause::underflow, call.name,
            at(call, step) + " underflows: the cotangent that arrives is at most " +
                number_text(step.arrived.largest()) + ", and " + name + in(factor),
            call.where};
  return {Cause::multiplied_by_zero, call.name,
          at(call, step) + " multiplies by 0: " + name + "0 wherever a cotangent arrives", call.where};
}

Blame of_where(const FlowCall& call, const FlowStep& step) {
  const ValueRange& condition = step.operands[0];
  const std::string branch = step.input == 1 ? "its first branch" : "its second branch";
  return {Cause::masked, call.name,
          at(call, step) + " masks it: it is " + branch + ", and the condition holds in " +
              percent_text(condition.count - condition.zeros, condition.count) + " of the elements",
          call.where};
}

bool chooses(const Entry& entry) {
  const bool extreme = entry.kind == Lowering::Kind::reduction &&
                       (entry.instruction == Instruction::max || entry.instruction == Instruction::min);
  return extreme || std::strcmp(entry.primitive->name(), "slice") == 0;
}

// A movement gives only zeros if its reader reads other elements of it; that reader is to blame.
Blame of_movement(const Flow& flow, const FlowCall& call, const FlowStep& step) {
  const Entry* moved = step.entry;
  for (std::size_t i = flow.steps().size(); i-- > 0;) {
    const FlowStep& behind = flow.steps()[i];
    if (behind.source != moved || behind.is_zero()) continue;
    moved = behind.entry;
    const FlowCall& other = flow.calls()[behind.call];
    if (moved->kind == Lowering::Kind::gather)
      return {Cause::not_gathered, other.name, at(other) + " never gathers any of its elements", other.where};
    if (chooses(*moved)) return {Cause::not_chosen, other.name, at(other) + " chose none of its elements", other.where};
    if (is(behind, Instruction::where))
      return {Cause::masked, other.name, at(other) + " leaves out all of its elements", other.where};
  }
  return {Cause::not_chosen, call.name, at(call, step) + " passes on none of its elements to what reads it",
          call.where};
}

Blame of_step(const Flow& flow, const FlowCall& call, const FlowStep& step) {
  const Entry& entry = *step.entry;
  if (step.undefined)
    return {Cause::zero_derivative, call.name, "the derivative of " + at(call, step) + " is 0", call.where};
  if (is(step, Instruction::where)) return of_where(call, step);
  if (is_product(step)) return of_product(call, step);
  if (is(step, Instruction::maximum) || is(step, Instruction::minimum))
    return {Cause::not_chosen, call.name, at(call, step) + " chose its other operand everywhere", call.where};
  if (chooses(entry)) return {Cause::not_chosen, call.name, at(call, step) + " chose none of its elements", call.where};
  const std::string primitive = entry.primitive->name();
  if (primitive == "scale_gradient")
    return {Cause::multiplied_by_zero, call.name, at(call) + " multiplies it by 0", call.where};
  if (primitive == "change_cotangent" || primitive == "custom_gradient")
    return {Cause::blocked, call.name, "the function that was given to " + at(call) + " gives zeros", call.where};
  if (entry.primitive->lower().moves) return of_movement(flow, call, step);
  return {Cause::blocked, call.name,
          at(call, step) + " passes nothing on: what arrives there is " + in(step.arrived) + ", its inputs are " +
              in(step.operands[step.input]),
          call.where};
}

// The calls that get a cotangent other than zero and give only zeros.
std::vector<std::size_t> blocks(const Flow& flow) {
  const std::vector<FlowStep>& steps = flow.steps();
  std::vector<std::size_t> found;
  std::unordered_map<const Entry*, std::size_t> call_of;
  for (const FlowStep& step : steps) call_of[step.entry] = step.call;
  for (std::size_t number = 0; number < flow.calls().size(); ++number) {
    bool gets = false, gives = false;
    for (std::size_t i = flow.calls()[number].begin; i < flow.calls()[number].end; ++i) {
      const auto source = call_of.find(steps[i].source);
      const bool leaves = source == call_of.end() || source->second != number;
      gets = gets || steps[i].gets_something();
      gives = gives || (leaves && !steps[i].is_zero());
    }
    if (gets && !gives) found.push_back(number);
  }
  return found;
}

}  // namespace

// Blames the block nearest to the loss, and names the blocks on other ways.
Blame blame_zero(const Flow& flow, const Entry& input) {
  const std::vector<std::size_t> found = blocks(flow);
  if (found.empty()) {
    const bool any = std::ranges::any_of(
        flow.steps(), [&](const FlowStep& step) { return step.source == &input && !step.is_zero(); });
    return {any ? Cause::cancelled : Cause::blocked,
            "",
            any ? "what arrives by several ways adds up to 0" : "no cotangent arrives",
            {}};
  }
  const FlowCall& call = flow.calls()[found.front()];
  const auto begin = flow.steps().begin() + static_cast<std::ptrdiff_t>(call.begin);
  const auto end = flow.steps().begin() + static_cast<std::ptrdiff_t>(call.end);
  const auto step =
      std::find_if(begin, end, [](const FlowStep& each) { return each.gets_something() && each.is_zero(); });
  const std::optional<FlowFate> fate = fate_of_function(flow, found.front());
  Blame blame = fate ? of_map(call, *fate) : of_step(flow, call, step == end ? *begin : *step);
  constexpr std::size_t most = 3;
  for (std::size_t i = 1; i < std::min(most, found.size()); ++i)
    blame.clause += (i == 1 ? "; other ways end at " : ", ") + at(flow.calls()[found[i]]);
  if (found.size() > most) blame.clause += " and " + std::to_string(found.size() - most) + " calls more";
  return blame;
}

namespace {

/// How much the calls of one line reduce the size of cotangents.
struct Drop {
  double ratio = 1;
  std::int64_t calls = 0;
  std::size_t call = 0, step = 0;  // one of the calls, and its first step on the way
  double from = 0, to = 0;
};

// The drops by name and line, in the order of the backward pass.
std::vector<Drop> drops_of(const Flow& flow, const std::vector<std::size_t>& way) {
  using Key = std::tuple<std::string_view, std::string_view, unsigned>;
  std::map<Key, std::size_t> known;
  std::vector<Drop> drops;
  std::size_t last = flow.calls().size();
  for (const std::size_t i : way) {
    const FlowStep& step = flow.steps()[i];
    const FlowCall& call = flow.calls()[step.call];
    const auto [at, is_new] = known.try_emplace({call.name, call.where.file_name(), call.where.line()}, drops.size());
    if (is_new) drops.push_back({1, 0, step.call, i, 0, step.given.largest()});
    Drop& drop = drops[at->second];
    drop.ratio *= step.given.largest() / step.arrived.largest();
    drop.from = step.arrived.largest();
    drop.calls += last != step.call;
    last = step.call;
  }
  return drops;
}

Blame of_drop(const Flow& flow, const Drop& drop) {
  const FlowCall& call = flow.calls()[drop.call];
  const FlowStep& step = flow.steps()[drop.step];
  if (const std::optional<FlowFate> fate = fate_of_function(flow, drop.call)) return of_map(call, *fate);
  if (!is_product(step)) return {Cause::small_factor, call.name, at(call, step) + " makes it small", call.where};
  const std::size_t other = 1 - step.input;
  return {Cause::small_factor, call.name,
          at(call, step) + " multiplies by little: its other operand, " + source_of(step.entry->input(other)) +
              ", is " + in(step.operands[other]),
          call.where};
}

}  // namespace

Blame blame_tiny(const Flow& flow, const Entry& input) {
  std::vector<Drop> drops = drops_of(flow, flow.way(input));
  if (drops.empty()) return {};
  std::ranges::stable_sort(drops, {}, &Drop::ratio);
  const Drop& worst = drops.front();
  double total = 1;
  for (const Drop& drop : drops) total *= drop.ratio;
  if (worst.calls == 1 && worst.ratio < 1e-3 && std::log(worst.ratio) < 0.5 * std::log(total)) {
    Blame blame = of_drop(flow, worst);
    blame.clause += "; there it drops from " + number_text(worst.from) + " to " + number_text(worst.to);
    return blame;
  }
  std::string clause = "it shrinks little by little, most";
  for (std::size_t i = 0; i < std::min<std::size_t>(3, drops.size()) && drops[i].ratio < 1; ++i)
    clause += (i == 0 ? " at " : ", at ") + at(flow.calls()[drops[i].call]) + " by " + number_text(drops[i].ratio) +
              (drops[i].calls > 1 ? " in " + std::to_string(drops[i].calls) + " calls" : "");
  const FlowCall& call = flow.calls()[worst.call];
  return {Cause::vanishing, call.name, clause, call.where};
}

namespace {

// The indices along an axis for which the whole gradient is zero.
std::vector<std::int64_t> empty_indices(const Tensor& gradient, std::int64_t axis) {
  std::vector<char> any(static_cast<std::size_t>(gradient.size(axis)));
  std::int64_t inner = 1;
  for (std::int64_t i = axis + 1; i < gradient.ndim(); ++i) inner *= gradient.size(i);
  const Values values({&gradient, 1});
  values.compute([&](std::size_t at, const Buffer& value, std::span<const Buffer>) {
    if (at != values.root(0)) return;
    const View view{value.data(), gradient.shape(), gradient.dtype()};
    for (std::int64_t i = 0; i < gradient.numel(); ++i)
      if (element_of(view, i) != 0) any[static_cast<std::size_t>(i / inner % gradient.size(axis))] = true;
  });
  std::vector<std::int64_t> empty;
  for (std::size_t i = 0; i < any.size(); ++i)
    if (!any[i]) empty.push_back(static_cast<std::int64_t>(i));
  return empty;
}

std::string list_of(const std::vector<std::int64_t>& numbers) {
  constexpr std::size_t most = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, numbers.size()); ++i)
    text += (i == 0 ? "" : i + 1 == numbers.size() ? " and " : ", ") + std::to_string(numbers[i]);
  return numbers.size() > most ? text + " and " + std::to_string(numbers.size() - most) + " more" : text;
}

bool is_relu(const FlowCall& call) { return std::strcmp(call.name, "relu") == 0; }

// The share of elements or units that get little or nothing, if it is worth mentioning: for a relu half of its elements
// is normal.
double share_that_counts(const FlowCall& call, const FlowFate& fate) {
  const auto share = [](std::int64_t part, std::int64_t all, double least) {
    const double ratio = static_cast<double>(part) / static_cast<double>(all);
    return ratio > least ? ratio : 0;
  };
  if (!is_relu(call)) return share(fate.reduced, fate.reached, 0.5);
  return fate.units > 0 ? share(fate.dead, fate.units, 0) : share(fate.stopped, fate.reached, 0.9);
}

Blame of_part(const FlowCall& call, const FlowFate& fate) {
  if (!is_relu(call)) return of_map(call, fate);
  const std::string units =
      std::to_string(fate.dead) + " of the " + std::to_string(fate.units) + " units of " + at(call) + " are dead";
  const std::string elements =
      at(call) + " stops " + percent_text(fate.stopped, fate.reached) + " of what arrives there";
  return {Cause::dead, call.name, fate.units > 0 ? units : elements, call.where};
}

}  // namespace

Blame blame_part(const Flow& flow, const Entry& input, const DerivativeAgain& derivative) {
  constexpr std::size_t most_calls = 8;
  std::vector<std::size_t> calls;
  for (const std::size_t i : flow.way(input)) {
    const FlowStep& step = flow.steps()[i];
    const FlowCall& call = flow.calls()[step.call];
    if (step.source == &input && step.entry->kind == Lowering::Kind::gather) {
      const std::int64_t axis = step.entry->primitive->lower().axis;
      const std::vector<std::int64_t> empty = empty_indices(derivative.gradient(), axis);
      if (!empty.empty())
        return {Cause::not_gathered, call.name,
                at(call) + " never gathers " + (empty.size() == 1 ? "index " : "indices ") + list_of(empty) +
                    " of axis " + std::to_string(axis),
                call.where};
    }
    if (step.entry->kind == Lowering::Kind::elementwise && (calls.empty() || calls.back() != step.call))
      calls.push_back(step.call);
  }
  Blame worst;
  double most = 0;
  for (std::size_t i = 0, looked_at = 0; i < calls.size() && looked_at < most_calls; ++i) {
    const std::optional<FlowFate> fate = fate_of_function(flow, calls[i]);
    if (!fate) continue;
    ++looked_at;
    const FlowCall& call = flow.calls()[calls[i]];
    const double share = share_that_counts(call, *fate);
    if (share <= most) continue;
    most = share;
    worst = of_part(call, *fate);
  }
  return worst;
}

}  // namespace xgrad
