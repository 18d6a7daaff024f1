#pragma once

#include "nn/activations.hpp"
#include "nn/classification.hpp"
#include "nn/dropout.hpp"
#include "nn/functional_call.hpp"
#include "nn/init.hpp"
#include "nn/linear.hpp"
#include "nn/losses.hpp"
#include "nn/module.hpp"
#include "nn/normalisation.hpp"
#include "nn/prelu.hpp"
#include "nn/rrelu.hpp"
#include "nn/sequential.hpp"
