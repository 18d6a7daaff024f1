#pragma once

// Losses of vectors that are to lie near to each other, or far apart. The vectors are the last axis.

#include <functional>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"
#include "nn/reduction.hpp"

namespace xgrad::nn {

struct CosineEmbeddingOptions {
  double margin = 0;
  Reduction reduction = Reduction::mean;
};
/// 1 - c for target 1 and max(0, c - margin) for -1, with c the cosine of the angle between vectors of x and y [N, D]
/// or [D]; targets are [N], or a number. The cosine with the zero vector is 0, and so are its derivatives.
Tensor cosine_embedding_loss(const Operand& x, const Operand& y, const Operand& target,
                             CosineEmbeddingOptions options = {});

struct TripletMarginOptions {
  double margin = 1;
  double p = 2;       ///< of the norm
  double eps = 1e-6;  ///< added to each difference
  bool swap = false;  ///< whether the negative may be far from the positive instead, where that is nearer
  Reduction reduction = Reduction::mean;
};
/// max(0, d(anchor, positive) - d(anchor, negative) + margin) with d(x, y) = |x - y + eps|_p over the last axis
/// (Balntas, Riba, Ponsa and Mikolajczyk, 2016). The three have one shape and dtype.
Tensor triplet_margin_loss(const Operand& anchor, const Operand& positive, const Operand& negative,
                           const TripletMarginOptions& options = {});

struct TripletMarginWithDistanceOptions {
  /// Of two Tensors like the anchor; gives losses' shape. Without one, |x - y + 1e-6| over the last axis.
  std::function<Tensor(const Tensor&, const Tensor&)> distance{};
  double margin = 1;
  bool swap = false;
  Reduction reduction = Reduction::mean;
};
/// The same with any distance.
Tensor triplet_margin_with_distance_loss(const Operand& anchor, const Operand& positive, const Operand& negative,
                                         const TripletMarginWithDistanceOptions& options = {});

struct InfoNceOptions {
  double temperature = 0.07;  ///< > 0; where it is trained, scale the queries and give 1
  bool normalise = true;      ///< whether vectors are scaled to length 1, so that products are cosines
  bool symmetric = false;     ///< whether keys look for their queries, too, and the mean of both is taken
  Reduction reduction = Reduction::mean;
};
/// Of queries q and keys k [N, D]: -log(e^(q_i k_i / t) / sum_j e^(q_i k_j / t)), so that each query is nearest to its
/// own key among all (van den Oord, Li and Vinyals, 2018; symmetric: Radford and others, "CLIP", 2021). ShapeError
/// unless there are two axes; ValueError unless the temperature is positive.
Tensor info_nce_loss(const Operand& queries, const Operand& keys, InfoNceOptions options = {});

}  // namespace xgrad::nn
