#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace xgrad {

/// The labels of an operand, as numbers from 0 on.
using LabelNumbers = std::vector<std::size_t>;

/// In which order operands are contracted, two at a time: the second of a pair joins the first. The order with the
/// fewest multiplications for up to 8 operands, else the pair that takes the fewest, one after the other.
std::vector<std::pair<std::size_t, std::size_t>> contraction_order(const std::vector<LabelNumbers>& operands,
                                                                   const LabelNumbers& output,
                                                                   const std::vector<double>& sizes);

}  // namespace xgrad
