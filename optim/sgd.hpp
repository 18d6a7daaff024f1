#pragma once

#include "optim/transformations.hpp"

namespace xgrad::optim {

struct SgdOptions {
  Hyperparameter momentum = 0;
  Hyperparameter dampening = 0;
  Hyperparameter weight_decay = 0;  ///< coupled: an L2 penalty
  bool nesterov = false;
};
/// Gradient descent, with momentum if it is given: parameter -= rate * v. State: momentum_buffer.
Transformation sgd(const Hyperparameter& rate, const SgdOptions& options = {},
                   const Location& where = Location::current());

}  // namespace xgrad::optim
