#pragma once

// What is made small: a loss of the network's output, and what is added to it.

#include "tests/autograd/engine/networks/layers.hpp"

namespace xgrad::networks {

/// Losses are layers that give one number.
std::span<const Layer> losses();
/// Those that read nothing but the output.
std::span<const Layer> own_losses();
/// What is added to a loss, made of the network's output.
std::span<const Layer> penalties();

}  // namespace xgrad::networks
