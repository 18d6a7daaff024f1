#pragma once

#include <vector>

#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// Equal steps become one, and those that nobody reads go.
void combine(std::vector<Step>& steps);

}  // namespace xgrad::fused
