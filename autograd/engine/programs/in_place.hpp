#pragma once

#include <vector>

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// Pointers of a program that may lie in the same memory: what is written there need not be beside what was read.
struct Overwrite {
  std::uint16_t read;
  std::uint16_t written;
};

/// All such pairs: elements of the program's dtype, of which the old one is not read any more, neither in the steps of
/// its row after the new one is stored, nor by other rows. The pairs whose output is stored first come first.
std::vector<Overwrite> overwrites(const Program& program);

}  // namespace xgrad::fused
