#pragma once

#include <vector>

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// An input and an output of a program that may share memory: the output may overwrite the input.
struct Overwrite {
  std::uint16_t read;
  std::uint16_t written;
};

/// All such pairs: full pointers of the program's dtype where no step reads an element of the input after the output's
/// is stored, in its own row or in others. Pairs whose output is stored first come first.
std::vector<Overwrite> overwrites(const Program& program);

}  // namespace xgrad::fused
