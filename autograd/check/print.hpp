#pragma once

#include <string>

#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// The tape that leads to a Tensor, an entry per line and in tape order:
///     %3 = sum(%2) [2, 1] f32 tracked, axes=[1], in mean, train.cpp:42
/// Nothing is evaluated. Of more than `most_entries` the middle is left out. An untracked Tensor that was evaluated has
/// let go of its inputs: its history ends there.
std::string print_tape(const Tensor& tensor, std::size_t most_entries = 200,
                       const Location& where = Location::current());

/// The same as a graph in the DOT language, for Graphviz; tracked entries are drawn bold.
std::string tape_dot(const Tensor& tensor, std::size_t most_entries = 200, const Location& where = Location::current());

}  // namespace xgrad
