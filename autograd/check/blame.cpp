#include "autograd/check/blame.hpp"

#include "autograd/check/compare.hpp"
#include "autograd/check/directional.hpp"
#include "autograd/check/place.hpp"
#include "autograd/tape/traversal.hpp"

namespace xgrad {

namespace {

constexpr std::size_t most_entries = 10000;  // that are looked at

// The primitive of `entry` recorded once more, on other inputs.
Tensor record_like(const Entry& entry, const std::vector<Tensor>& inputs) {
  detail::Recording recording(inputs.size());
  recording->emplace_copy(entry);
  for (const Tensor& input : inputs) recording->add_input(input);
  return recording.repeat(entry);
}

std::vector<std::size_t> tracked_inputs(const Entry& entry) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < entry.input_count; ++i)
    if (entry.input(i).tracked()) places.push_back(i);
  return places;
}

std::vector<Tensor> values_of_inputs(const Entry& entry) {
  std::vector<Tensor> values;
  for (const Tensor& input : entry.input_span()) values.push_back(value_of(input, entry.where));
  return values;
}

}  // namespace

// Rules of rules are entries of the tape of higher orders, so that each entry needs its first derivative only; but a
// rule may be right at its first order and wrong at the next, where it hides part of its own dependence. What it hides
// is missing from the tapes of higher orders, where the entry itself may be, so those of all orders are looked at.
void blame(const CheckedFunction& f, const std::vector<Tensor>& inputs, const GradientCheckOptions& options,
           GradientCheckReport& report) {
  std::vector<Tensor> terms;
  for (int order = 1; order <= report.order; ++order)
    for (Tensor& term : Directional(f, order, options.seed).recorded(inputs)) terms.push_back(std::move(term));
  Numbering numbers;
  std::vector<Entry*> entries = reachable(terms, numbers, [](const Entry& entry) { return entry.tracked; });
  if (entries.size() > most_entries) entries.resize(most_entries);
  for (int order = 1; order <= report.order; ++order)
    for (Entry* entry : entries) {
      if (entry->input_count == 0) continue;
      // Its inputs are values of their own, so that the rest of the tape has no part in it. Of the untracked ones no
      // derivative is asked.
      const std::vector<std::size_t> places = tracked_inputs(*entry);
      std::vector<Tensor> values = values_of_inputs(*entry), tracked;
      for (const std::size_t place : places) tracked.push_back(values[place]);
      const auto alone = [&](const std::vector<Tensor>& xs) {
        for (std::size_t i = 0; i < places.size(); ++i) values[places[i]] = xs[i];
        return record_like(*entry, values);
      };
      Findings findings;
      compare_derivatives(alone, tracked, options, order, findings);
      if (findings.worst().verdict != Verdict::fail) continue;
      report.primitive = entry->primitive->name();
      report.primitive_input = places[findings.worst().input];
      report.where = entry->where;
      report.primitive_order = order;
      return;
    }
}

}  // namespace xgrad
