#pragma once

// Where in a sequence something stands, for networks that would not know.

#include <cstdint>

#include "nn/module.hpp"

namespace xgrad::nn {

struct SinusoidalOptions {
  double base = 10000;
  std::int64_t first = 0;  ///< the place of the first row
  DType dtype = float32;
};
/// y[p, 2i] = sin(p / base^(2i / features)), y[p, 2i + 1] = cos of the same: [length, features] (Vaswani et al.,
/// "Attention is all you need", 2017). A constant, to be added to embeddings. ValueError for sizes below 0 and a base
/// that is not above 0.
Tensor sinusoidal_positions(std::int64_t length, std::int64_t features, SinusoidalOptions options = {},
                            const Location& where = Location::current());

/// Which features make a pair: 2i and 2i + 1, as in the paper, or i and i + features / 2, as in GPT-NeoX and Llama.
enum class RotaryPairs { neighbours, halves };
struct RotaryOptions {
  double base = 10000;
  std::int64_t first = 0;  ///< the place of the first row
  RotaryPairs pairs = RotaryPairs::neighbours;
};
/// Turns the i-th pair of features at place p by the angle p / base^(2i / features): x [..., length, features] keeps
/// its shape. Turned queries and keys have products that depend on how far they are apart, not on where they are (Su
/// et al., "RoFormer", 2021). ShapeError for an odd number of features or fewer than two axes.
Tensor rotary(const Operand& x, const RotaryOptions& options = {});

struct LearnedPositionsOptions {
  double deviation = 1;
  DType dtype = float32;
};
/// x + weight[first], ..., weight[first + L - 1] for x [..., L, features], with `weight` [longest, features] from
/// N(0, deviation^2). The constructor throws ValueError for sizes below 1, a call ShapeError for another number of
/// features and ValueError for places beyond the longest.
class LearnedPositions : public Module {
 public:
  LearnedPositions(std::int64_t longest, std::int64_t features, LearnedPositionsOptions options = {},
                   Rng& rng = default_rng(), const Location& where = Location::current());

  Tensor operator()(const Operand& x, std::int64_t first = 0) const;
  void visit(Visitor& visitor) override;

  Parameter weight;
};

}  // namespace xgrad::nn
