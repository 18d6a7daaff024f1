#pragma once

// Says why no derivative flows, as a clause with the operation and its line, for the errors of differentiate.cpp.

#include <span>
#include <string>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// `hidden.weight [128, 784] f32` for what a Parameter with a name holds, else `[128, 784] f32`.
std::string label(const Tensor& input);

/// Where and why the way back from outputs to an input ends.
struct Stop {
  enum class Kind { unused, stop_gradient, no_grad, without_graph, not_floating, gone };
  Kind kind = Kind::unused;
  Location where{};    // not set for `unused`
  std::string clause;  // as `why_independent` gives it
};
Stop stop_between(std::span<const Tensor> outputs, const Tensor& input);

/// Why no derivative flows from the outputs to `input`, which is tracked and on the tape of this thread:
/// `: relu at train.cpp:12 was recorded inside NoGrad`. Empty where the tape does not tell.
std::string why_independent(std::span<const Tensor> outputs, const Tensor& input);
/// The same for a loss that depends on no trainable Parameter.
std::string why_untracked(const Tensor& loss);

}  // namespace xgrad
