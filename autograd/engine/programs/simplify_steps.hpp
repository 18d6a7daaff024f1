#pragma once

#include <vector>

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// Removes steps of a phase: all but the first of equal ones, and those whose results nothing reads.
void combine(std::vector<Step>& steps);

}  // namespace xgrad::fused
