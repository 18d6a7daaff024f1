#pragma once

// For the errors of differentiate.cpp: why no derivative flows, as a clause that names the operation and its line.

#include <cstdint>
#include <span>
#include <string>

#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Notes that the entries after number `begin` are a derivative, taken at `where`, which keeps no graph: what is made
/// of it ends there.
void note_walk_without_graph(std::uint64_t begin, const Location& where);

/// `hidden.weight [128, 784] f32` for what a Parameter with a name holds, else `[128, 784] f32`.
std::string label(const Tensor& input);

/// Why no derivative flows from the outputs to `input`, which is tracked and on the tape of this thread:
/// `: relu at train.cpp:12 was recorded inside NoGrad`. Empty where the tape does not tell.
std::string why_independent(std::span<const Tensor> outputs, const Tensor& input);
/// The same for a loss on whose tape there is no Parameter that could be trained.
std::string why_untracked(const Tensor& loss);

}  // namespace xgrad
