// How the derivatives of many functions are checked, one after another. Where a sanitizer looks on, in two random
// directions: what is computed for each element is the same code in the same memory.

#pragma once

#include "autograd/check/gradient_check.hpp"
#include "tests/sanitized.hpp"

namespace xgrad {

inline GradientCheckOptions to_order(int order, GradientCheckOptions options = {}) {
  options.order = order;
  if (sanitized) {
    options.all_elements_up_to = 0;
    options.directions = 2;
  }
  return options;
}

}  // namespace xgrad
