#pragma once

// optim/: optimisers as chains of gradient transformations, and schedules.
//   in:  gradients and parameters.
//   out: new parameters and states.

#include "optim/adagrad.hpp"
#include "optim/adam.hpp"
#include "optim/hyperparameter.hpp"
#include "optim/optimizer.hpp"
#include "optim/rmsprop.hpp"
#include "optim/rows.hpp"
#include "optim/schedules.hpp"
#include "optim/sgd.hpp"
#include "optim/transformations.hpp"
#include "optim/unroll.hpp"
