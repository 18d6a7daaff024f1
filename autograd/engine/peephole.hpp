#pragma once

#include <vector>

#include "autograd/engine/program.hpp"

namespace xgrad::fused {

/// Combines steps: repeated ones become one, and sums of products are taken without rounding the products.
void combine(std::vector<Step>& steps);

}  // namespace xgrad::fused
