#pragma once

#include <vector>

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// Shortens the steps of a phase: of equal ones only the first is left, and of those whose results nobody reads none.
void combine(std::vector<Step>& steps);

}  // namespace xgrad::fused
