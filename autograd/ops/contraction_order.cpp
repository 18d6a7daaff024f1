#include "autograd/ops/contraction_order.hpp"

#include <algorithm>
#include <bit>
#include <bitset>
#include <cstdint>
#include <limits>

namespace xgrad {

namespace {

using Set = std::bitset<256>;  // of labels: letters, and the axes that a Tensor may have

Set set_of(const LabelNumbers& labels) {
  Set set;
  for (const std::size_t label : labels) set.set(label);
  return set;
}

// The number of multiplications of one contraction: one for each combination of the labels of both operands.
double cost(const Set& labels, const std::vector<double>& sizes) {
  double product = 1;
  for (std::size_t label = 0; label < sizes.size(); ++label)
    if (labels[label]) product *= sizes[label];
  return product;
}

using Order = std::vector<std::pair<std::size_t, std::size_t>>;

// Dynamic programming over all subsets of the operands: the result of a subset does not depend on the order inside it.
Order best_order(const std::vector<Set>& operands, const Set& output, const std::vector<double>& sizes) {
  const std::size_t count = operands.size(), subsets = std::size_t{1} << count;
  std::vector<Set> all(subsets), left(subsets);
  std::vector<double> least(subsets, std::numeric_limits<double>::infinity());
  std::vector<std::size_t> first(subsets);
  for (std::size_t subset = 1; subset < subsets; ++subset) {
    Set needed = output;
    for (std::size_t i = 0; i < count; ++i) (subset >> i & 1 ? all[subset] : needed) |= operands[i];
    left[subset] = all[subset] & needed;
    if (std::has_single_bit(subset)) {
      least[subset] = 0;
      continue;
    }
    for (std::size_t part = (subset - 1) & subset; part > 0; part = (part - 1) & subset) {
      const std::size_t rest = subset & ~part;
      if (part < rest) continue;  // each split once
      const double total = least[part] + least[rest] + cost(left[part] | left[rest], sizes);
      if (total < least[subset] || first[subset] == 0) least[subset] = total, first[subset] = part;
    }
  }
  // Goes from the whole down to pairs; the order of contractions is the reverse.
  Order order;
  std::vector<std::size_t> open{subsets - 1};
  while (!open.empty()) {
    const std::size_t subset = open.back();
    open.pop_back();
    if (std::has_single_bit(subset)) continue;
    const std::size_t a = first[subset], b = subset & ~a;
    const auto place = [](std::size_t part) { return static_cast<std::size_t>(std::countr_zero(part)); };
    order.emplace_back(std::min(place(a), place(b)), std::max(place(a), place(b)));
    open.insert(open.end(), {a, b});
  }
  std::ranges::reverse(order);
  return order;
}

Order greedy_order(std::vector<Set> operands, const Set& output, const std::vector<double>& sizes) {
  Order order;
  std::vector<std::size_t> open(operands.size());
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
  while (open.size() > 1) {
    std::pair<std::size_t, std::size_t> best{0, 1};  // indices into `open`
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < open.size(); ++i)
      for (std::size_t j = i + 1; j < open.size(); ++j)
        if (const double each = cost(operands[open[i]] | operands[open[j]], sizes); each < least)
          least = each, best = {i, j};
    const std::size_t a = open[best.first], b = open[best.second];
    order.emplace_back(a, b);
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(best.second));
    Set needed = output;
    for (const std::size_t other : open)
      if (other != a) needed |= operands[other];
    operands[a] = (operands[a] | operands[b]) & needed;
  }
  return order;
}

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> contraction_order(const std::vector<LabelNumbers>& operands,
                                                                   const LabelNumbers& output,
                                                                   const std::vector<double>& sizes) {
  constexpr std::size_t most_tried = 8;
  std::vector<Set> sets;
  for (const LabelNumbers& labels : operands) sets.push_back(set_of(labels));
  return operands.size() <= most_tried ? best_order(sets, set_of(output), sizes)
                                       : greedy_order(std::move(sets), set_of(output), sizes);
}

}  // namespace xgrad
