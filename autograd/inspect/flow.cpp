#include "autograd/inspect/flow.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

#include "autograd/inspect/values.hpp"

namespace xgrad {

Flow::Flow(const DerivativeAgain& derivative) : derivative_(derivative) {
  for (const DerivativeAgain::Step& step : derivative.steps())
    steps_.push_back(
        {step.entry, step.entry->input(step.input).entry(), step.input, 0, {}, {}, !step.given.defined(), {}, {}});
  measure();
  divide_into_calls();
}

void Flow::measure() {
  std::vector<Tensor> roots{derivative_.gradient()};
  for (const DerivativeAgain::Step& step : derivative_.steps()) {
    roots.push_back(step.arrived);
    roots.push_back(step.given.defined() ? step.given : step.arrived);
    roots.push_back(Tensor::share(const_cast<Entry*>(step.entry)));
  }
  const Values values(roots);
  std::vector<ValueRange> ranges(values.entries().size());
  values.compute([&](std::size_t place, const Buffer& value, std::span<const Buffer>) {
    const Entry& entry = *values.entries()[place];
    ranges[place] = range_of({value.data(), entry.shape, entry.dtype});
  });
  gradient_ = ranges[values.root(0)];
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    FlowStep& step = steps_[i];
    const std::size_t output = values.root(3 * i + 3);
    step.arrived = ranges[values.root(3 * i + 1)];
    step.given = ranges[values.root(3 * i + 2)];
    if (step.undefined) step.given.least = step.given.most = 0;
    step.output = ranges[output];
    for (const std::uint32_t operand : values.inputs(output)) step.operands.push_back(ranges[operand]);
  }
}

// Entries of a composition have its name and one location. An operation outside compositions is a call of its own.
void Flow::divide_into_calls() {
  const auto same = [](const Entry& a, const Entry& b) {
    return a.call && b.call && std::strcmp(a.call, b.call) == 0 && a.where.line() == b.where.line() &&
           a.where.column() == b.where.column() && std::strcmp(a.where.file_name(), b.where.file_name()) == 0;
  };
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Entry& entry = *steps_[i].entry;
    if (i == 0 || (&entry != steps_[i - 1].entry && !same(entry, *steps_[i - 1].entry)))
      calls_.push_back({i, i, entry.call ? entry.call : entry.primitive->name(), entry.where});
    steps_[i].call = calls_.size() - 1;
    calls_.back().end = i + 1;
  }
}

bool Flow::is_map(const FlowCall& call) const {
  const Entry& last = *steps_[call.begin].entry;
  for (std::size_t i = call.begin; i < call.end; ++i) {
    const Entry& entry = *steps_[i].entry;
    if (entry.kind != Lowering::Kind::elementwise || !(entry.shape == last.shape)) return false;
  }
  return true;
}

namespace {
void count_fates(const std::vector<double>& arrived, const std::vector<double>& given, const Shape& shape,
                 FlowFate& fate) {
  fate.units = shape.ndim() == 1 || shape.ndim() == 2 ? shape.back() : 0;
  std::vector<char> reached(static_cast<std::size_t>(fate.units)), alive(reached);
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    if (arrived[i] == 0) continue;
    ++fate.reached;
    fate.stopped += given[i] == 0;
    fate.reduced += std::abs(given[i]) < 1e-3 * std::abs(arrived[i]);
    if (fate.units == 0) continue;
    reached[i % reached.size()] = true;
    if (given[i] != 0) alive[i % reached.size()] = true;
  }
  for (std::size_t unit = 0; unit < reached.size(); ++unit) fate.dead += reached[unit] && !alive[unit];
}
}  // namespace

std::optional<FlowFate> Flow::fate(std::size_t number) const {
  const FlowCall& call = calls_[number];
  if (!is_map(call)) return std::nullopt;
  std::unordered_set<const Entry*> inside;
  for (std::size_t i = call.begin; i < call.end; ++i) inside.insert(steps_[i].entry);
  const Entry* operand = nullptr;
  FlowFate fate;
  std::vector<Tensor> roots{derivative_.steps()[call.begin].arrived};
  for (std::size_t i = call.begin; i < call.end; ++i) {
    if (inside.contains(steps_[i].source)) continue;
    if (operand && operand != steps_[i].source) return std::nullopt;
    operand = steps_[i].source;
    fate.operand = steps_[i].operands[steps_[i].input];
    if (!steps_[i].undefined) roots.push_back(derivative_.steps()[i].given);
  }
  const auto count = static_cast<std::size_t>(steps_[call.begin].arrived.count);
  std::vector<double> arrived(count), given(count);
  const Values values(roots);
  std::unordered_multimap<std::size_t, std::size_t> wanted;
  for (std::size_t root = 0; root < roots.size(); ++root) wanted.emplace(values.root(root), root);
  values.compute([&](std::size_t place, const Buffer& value, std::span<const Buffer>) {
    for (auto [at, end] = wanted.equal_range(place); at != end; ++at) {
      const View view{value.data(), roots[at->second].shape(), roots[at->second].dtype()};
      for (std::size_t i = 0; i < count; ++i)
        (at->second == 0 ? arrived : given)[i] += element_of(view, static_cast<std::int64_t>(i));
    }
  });
  count_fates(arrived, given, steps_[call.begin].entry->shape, fate);
  return fate;
}

// Each step leads to a later one of the backward pass, so the loop ends.
std::vector<std::size_t> Flow::way(const Entry& input) const {
  std::unordered_map<const Entry*, std::size_t> most;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const auto [found, is_new] = most.try_emplace(steps_[i].source, i);
    if (!is_new && steps_[i].given.largest() > steps_[found->second].given.largest()) found->second = i;
  }
  std::vector<std::size_t> way;
  for (auto next = most.find(&input); next != most.end(); next = most.find(steps_[next->second].entry))
    way.push_back(next->second);
  return way;
}

}  // namespace xgrad
