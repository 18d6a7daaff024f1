#pragma once

#include "optim/transformations.hpp"

namespace xgrad::optim {

struct AdagradOptions {
  Hyperparameter lr_decay = 0;
  Hyperparameter eps = 1e-10;
  Hyperparameter eps_root = 0;  ///< positive for finite hypergradients where a gradient is 0
  Hyperparameter initial_accumulator = 0;
  Hyperparameter weight_decay = 0;  ///< coupled: an L2 penalty
};
/// s += g^2, parameter -= rate / (1 + k lr_decay) * g / (sqrt(s + eps_root) + eps), after k steps of this parameter
/// (Duchi, Hazan and Singer, 2011). State: sum.
Transformation adagrad(const Hyperparameter& rate = 1e-2, const AdagradOptions& options = {},
                       const Location& where = Location::current());

struct AdadeltaOptions {
  Hyperparameter rho = 0.9;
  Hyperparameter eps = 1e-6;
  Hyperparameter weight_decay = 0;  ///< coupled: an L2 penalty
};
/// v = rho v + (1 - rho) g^2, d = sqrt(u + eps) / sqrt(v + eps) * g, u = rho u + (1 - rho) d^2, parameter -= rate * d
/// (Zeiler, 2012). State: square_avg, acc_delta.
Transformation adadelta(const Hyperparameter& rate = 1, const AdadeltaOptions& options = {},
                        const Location& where = Location::current());

}  // namespace xgrad::optim
