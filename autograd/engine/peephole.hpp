#pragma once

#include <vector>

#include "autograd/engine/program.hpp"

namespace xgrad::fused {

/// Combines steps: products that are only added become one multiply-add, rounded once; repeated steps become one.
void combine(std::vector<Step>& steps);

}  // namespace xgrad::fused
