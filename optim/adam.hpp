#pragma once

#include "optim/transformations.hpp"

namespace xgrad::optim {

// With m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, and t = 1, 2, ... the number of this parameter's
// step: M = m / (1 - beta1^t) and V = v / (1 - beta2^t).

struct AdamOptions {
  Hyperparameter beta1 = 0.9;
  Hyperparameter beta2 = 0.999;
  Hyperparameter eps = 1e-8;
  Hyperparameter eps_root = 0;      ///< positive for finite hypergradients where a gradient is 0
  Hyperparameter weight_decay = 0;  ///< coupled: an L2 penalty
  bool amsgrad = false;             ///< takes the largest v so far (Reddi, Kale and Kumar, 2018)
};
/// parameter -= rate * M / (sqrt(V + eps_root) + eps) (Kingma and Ba, "Adam", 2015).
/// State: exp_avg, exp_avg_sq, and max_exp_avg_sq for amsgrad.
Transformation adam(const Hyperparameter& rate = 1e-3, const AdamOptions& options = {},
                    const Location& where = Location::current());

struct AdamWOptions {
  Hyperparameter beta1 = 0.9;
  Hyperparameter beta2 = 0.999;
  Hyperparameter eps = 1e-8;
  Hyperparameter eps_root = 0;
  Hyperparameter weight_decay = 1e-2;  ///< decoupled
  bool amsgrad = false;
};
/// parameter -= rate * (M / (sqrt(V + eps_root) + eps) + weight_decay * parameter)
/// (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019). State as for adam.
Transformation adamw(const Hyperparameter& rate = 1e-3, const AdamWOptions& options = {},
                     const Location& where = Location::current());

struct AdamaxOptions {
  Hyperparameter beta1 = 0.9;
  Hyperparameter beta2 = 0.999;
  Hyperparameter eps = 1e-8;
  Hyperparameter weight_decay = 0;  ///< coupled
};
/// u = max(beta2 u, |g| + eps), parameter -= rate * M / u (Kingma and Ba, 2015, section 7.1). State: exp_avg, exp_inf.
Transformation adamax(const Hyperparameter& rate = 2e-3, const AdamaxOptions& options = {},
                      const Location& where = Location::current());

struct NAdamOptions {
  Hyperparameter beta1 = 0.9;
  Hyperparameter beta2 = 0.999;
  Hyperparameter eps = 1e-8;
  Hyperparameter eps_root = 0;
  Hyperparameter weight_decay = 0;  ///< coupled
  Hyperparameter momentum_decay = 4e-3;
};
/// With mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2) and their product P_t:
/// parameter -= rate * ((1 - mu_t) g / (1 - P_t) + mu_(t+1) m / (1 - P_(t+1))) / (sqrt(V + eps_root) + eps)
/// (Dozat, 2016). State: exp_avg, exp_avg_sq, mu_product.
Transformation nadam(const Hyperparameter& rate = 2e-3, const NAdamOptions& options = {},
                     const Location& where = Location::current());

struct RAdamOptions {
  Hyperparameter beta1 = 0.9;
  Hyperparameter beta2 = 0.999;
  Hyperparameter eps = 1e-8;
  Hyperparameter eps_root = 0;
  Hyperparameter weight_decay = 0;  ///< coupled
};
/// With R = 2 / (1 - beta2) - 1 and r = R - 2 t beta2^t / (1 - beta2^t): where r > 5,
/// parameter -= rate * M * sqrt((r-4)(r-2)R / ((R-4)(R-2)r)) * sqrt(1 - beta2^t) / (sqrt(v + eps_root) + eps),
/// before that parameter -= rate * M (Liu et al., "On the variance of the adaptive learning rate and beyond", 2020).
/// State: exp_avg, exp_avg_sq.
Transformation radam(const Hyperparameter& rate = 1e-3, const RAdamOptions& options = {},
                     const Location& where = Location::current());

}  // namespace xgrad::optim
