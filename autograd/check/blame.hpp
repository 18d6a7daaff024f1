#pragma once

#include "autograd/check/gradient_check.hpp"

namespace xgrad {

/// Finds the first entry on the tape of f whose own rule disagrees with differences of its own values, and writes it
/// into the report.
void blame(const CheckedFunction& f, const std::vector<Tensor>& inputs, const GradientCheckOptions& options,
           GradientCheckReport& report);

}  // namespace xgrad
