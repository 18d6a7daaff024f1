#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace xgrad {

/// The labels of an operand, as numbers from 0 on.
using LabelNumbers = std::vector<std::size_t>;

/// Finds the order in which pairs of operands are contracted; the result takes the place of the first of a pair. For up
/// to 8 operands it has the fewest multiplications; for more, each pair is the cheapest one at that time.
std::vector<std::pair<std::size_t, std::size_t>> contraction_order(const std::vector<LabelNumbers>& operands,
                                                                   const LabelNumbers& output,
                                                                   const std::vector<double>& sizes);

}  // namespace xgrad
