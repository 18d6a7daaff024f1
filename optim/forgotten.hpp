#pragma once

#include "autograd/core/location.hpp"
#include "optim/transformation.hpp"

namespace xgrad::optim {

/// One line on stderr where the loss of these gradients depends on Parameters that nobody trains; once for each line of
/// a program that makes a step.
void warn_of_forgotten(const Tensors& gradients, const Location& where);

}  // namespace xgrad::optim
