#pragma once

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"
#include "nn/reduction.hpp"

namespace xgrad::nn {

/// Which triplets (anchor, positive, negative) of a batch count.
enum class Mining {
  hard,       ///< for each anchor the farthest positive and the nearest negative (Hermans, Beyer and Leibe, 2017)
  semi_hard,  ///< for each pair the nearest negative that is farther than the positive; where none is, the farthest
              ///< negative (Schroff, Kalenichenko and Philbin, "FaceNet", 2015)
  all,        ///< every triplet
};

struct MinedTripletOptions {
  Mining mining = Mining::semi_hard;
  double margin = 1;
  double p = 2;  ///< of the norm
  Reduction reduction = Reduction::mean;
};
/// max(0, d(anchor, positive) - d(anchor, negative) + margin) with d(x, y) = |x - y|_p, of triplets chosen among
/// vectors [N, D] with class indices [N] (int64): a positive has the class of the anchor and is another vector, a
/// negative has another class. The losses are those of the anchors [N] (hard), of the pairs [N, N] (semi-hard) or of
/// the triplets [N, N, N] (all), 0 where there is no triplet; the mean is over those that there are, and 0 if there are
/// none. The choice is constant to derivatives. ShapeError, DTypeError; ValueError for p < 0 and NaN.
Tensor mined_triplet_loss(const Operand& vectors, const Operand& classes, const MinedTripletOptions& options = {});

}  // namespace xgrad::nn
