#pragma once

// The parts of random networks. Each takes what the part before it gave, of two or three axes, the last of which are
// the features, and gives such a Tensor, perhaps of other sizes.

#include <span>

#include "tests/autograd/engine/networks/builder.hpp"

namespace xgrad::networks {

struct Layer {
  const char* name;
  Var (*apply)(Builder& build, const Var& x);
  int weight;  ///< how often it is drawn, relative to the others
};

std::span<const Layer> dense_layers();
std::span<const Layer> normalisations();
std::span<const Layer> sequence_layers();
std::span<const Layer> shape_layers();
std::span<const Layer> arithmetic_layers();
/// Of networks with seeds from `first_moving` on: faults are told by seeds below, which stay what they are; and so do
/// networks that failed once: only every fourth seed has the layers that came later.
std::span<const Layer> movement_layers(std::uint64_t seed = 3);
inline constexpr std::uint64_t first_moving = 10000;
std::span<const Layer> activations();

/// One of a table, counted.
Var apply_any(Builder& build, std::span<const Layer> table, const Var& x);
Var activate(Builder& build, const Var& x);
Var normalise(Builder& build, const Var& x);
/// Linear, activation, gain and normalisation, some of them.
Var block(Builder& build, const Var& x);
/// To `outputs` features, in one of the ways in which linear layers are written.
Var linear(Builder& build, const Var& x, std::int64_t outputs);
/// x with a gain, a shift or both, of shapes that broadcast to it.
Var gain_and_shift(Builder& build, const Var& x);
Var dropout(Builder& build, const Var& x);
/// x plus a trainable row that is nowhere near 0: what a kink may follow, and nothing that is exactly 0 lies on it.
Var off_kink(Builder& build, const Var& x);
/// x plus numbers of its own for every element, so that no two of them tie but by chance.
Var untied(Builder& build, const Var& x);

}  // namespace xgrad::networks
