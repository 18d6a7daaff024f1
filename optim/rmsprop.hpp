#pragma once

#include "optim/transformations.hpp"

namespace xgrad::optim {

struct RmspropOptions {
  Hyperparameter decay = 0.99;
  Hyperparameter eps = 1e-8;
  Hyperparameter eps_root = 0;  ///< positive for finite hypergradients where a gradient is 0
  Hyperparameter momentum = 0;
  Hyperparameter weight_decay = 0;  ///< coupled: an L2 penalty
  bool centered = false;            ///< takes the variance of the gradient for its mean square
};
/// v = decay v + (1 - decay) g^2, parameter -= rate * g / (sqrt(v + eps_root) + eps); the momentum is that of the
/// scaled gradient (Tieleman and Hinton, 2012). State: square_avg, grad_avg if centered, momentum_buffer with momentum.
Transformation rmsprop(const Hyperparameter& rate = 1e-2, const RmspropOptions& options = {},
                       const Location& where = Location::current());

}  // namespace xgrad::optim
