#pragma once

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"
#include "nn/reduction.hpp"

namespace xgrad::nn {

struct CtcOptions {
  std::int64_t blank = 0;      ///< the class that says nothing
  bool zero_infinity = false;  ///< whether a target that is impossible costs nothing, instead of infinitely much
  Reduction reduction = Reduction::mean;
};
/// -log of the probability of the target, which is the sum of those of all sequences of T classes that become the
/// target when equal neighbours are joined and blanks are dropped then, each the product of its steps' probabilities
/// (Graves, Fernández, Gomez and Schmidhuber, "Connectionist temporal classification", 2006).
///   log_probabilities   [T, N, classes], or [T, classes] for one sample
///   targets             int64 [N, S], of which the first so many of each count, or all of them one after another; [S]
///                       for one sample
///   input_lengths, target_lengths   int64 [N], or one number for all
/// The mean divides each loss by the length of its target (by 1 for none) first, as PyTorch does. The derivative is
/// that by the log-probabilities as they stand. Of an impossible target (the input is too short) the loss is infinite
/// and the derivative 0. ShapeError, DTypeError; IndexError for a target that is the blank or no class; ValueError for
/// lengths that are not there, and IndexError for those, too, where they are not computed yet when this is called.
Tensor ctc_loss(const Operand& log_probabilities, const Operand& targets, const Operand& input_lengths,
                const Operand& target_lengths, const CtcOptions& options = {});

}  // namespace xgrad::nn
