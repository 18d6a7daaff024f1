#include "autograd/engine/programs/simplify_steps.hpp"

#include <algorithm>
#include <cstddef>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/programs/step_semantics.hpp"

namespace xgrad::fused {

namespace {

std::vector<int> count_uses(const std::vector<Step>& steps) {
  std::vector<int> uses(steps.size());
  for (const Step& step : steps)
    for (const Ref& in : step.in)
      if (in.kind == Ref::Kind::value) ++uses[in.index];
  return uses;
}

// Removes the steps whose results nobody reads.
void remove_dead(std::vector<Step>& steps) {
  std::vector<int> uses = count_uses(steps);
  std::vector<bool> dead(steps.size());
  for (std::size_t i = steps.size(); i-- > 0;) {
    if (is_sink(steps[i].code) || uses[i] > 0) continue;
    dead[i] = true;
    for (const Ref& in : steps[i].in)
      if (in.kind == Ref::Kind::value) --uses[in.index];
  }
  std::vector<std::uint16_t> moved(steps.size());
  std::vector<Step> kept;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (dead[i]) continue;
    Step step = steps[i];
    for (Ref& in : step.in)
      if (in.kind == Ref::Kind::value) in.index = moved[in.index];
    moved[i] = static_cast<std::uint16_t>(kept.size());
    kept.push_back(step);
  }
  steps = std::move(kept);
}

bool same(const Step& a, const Step& b) {
  if (planted("steps are equal whatever the order of operands") && a.code == b.code && a.in[0] == b.in[1] &&
      a.in[1] == b.in[0])
    return true;
  const auto end = planted("steps are equal whatever their last operand") ? std::begin(a.in) + 2 : std::end(a.in);
  return a.code == b.code && std::equal(std::begin(a.in), end, std::begin(b.in));
}

// Makes later steps read the first of equal steps, so that the others are dead. A store in between changes nothing: a
// phase does not read what it stores, so equal operands have equal values.
void unify(std::vector<Step>& steps) {
  std::vector<std::uint16_t> first(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    first[i] = static_cast<std::uint16_t>(i);
    for (Ref& in : steps[i].in)
      if (in.kind == Ref::Kind::value) in.index = first[in.index];
    if (is_sink(steps[i].code)) continue;
    for (std::size_t j = 0; j < i; ++j)
      if (!is_sink(steps[j].code) && same(steps[i], steps[j])) {
        first[i] = static_cast<std::uint16_t>(j);
        break;
      }
  }
}

}  // namespace

void combine(std::vector<Step>& steps) {
  unify(steps);
  remove_dead(steps);
}

}  // namespace xgrad::fused
