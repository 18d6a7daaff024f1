#pragma once

// All of xgrad in one line: tensors and their derivatives, networks, optimisers, data and reports. Four headers are
// left out, as they include another library or serve who extends this one: autograd/check/matcher.hpp (Catch2),
// autograd/xtensor.hpp (xtensor), autograd/ops/batching.hpp (batching rules of one's own primitives) and
// autograd/core/access.hpp (where what they move lies).

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "report/report.hpp"
