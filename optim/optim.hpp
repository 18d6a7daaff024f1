#pragma once

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
