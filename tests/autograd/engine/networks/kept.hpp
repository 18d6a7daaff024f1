#pragma once

#include "tests/autograd/engine/networks/run.hpp"

namespace xgrad::networks {

/// The named values that are kept in the graph once the loss of the first step has been computed, by the engine, and
/// nobody holds anything but the loss: what its gradients will read.
Result run_loss(const Recipe& recipe);

}  // namespace xgrad::networks
