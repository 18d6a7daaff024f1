#include "nn/losses/mined_triplets.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/core/infinity.hpp"
#include "autograd/ops/any_all.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/distances.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "nn/activations/rectifiers.hpp"

namespace xgrad::nn {

namespace {

/// The distances [N, N] of all pairs, and which are positive or negative.
struct Pairs {
  Tensor distances, positive, negative;

  Pairs(const Tensor& vectors, const Tensor& classes, double p) : distances(cdist(vectors, vectors, p)) {
    const Tensor same = unsqueeze(classes, 1) == unsqueeze(classes, 0), each = arange(classes.size(0));
    positive = logical_and(same, unsqueeze(each, 1) != unsqueeze(each, 0));
    negative = !same;
  }
};

/// Losses, and which of them there are.
struct Losses {
  Tensor values, exist;
};

Losses of_anchors(const Pairs& pairs, double margin) {
  const Tensor near = max(where(pairs.positive, pairs.distances, -infinity), 1);
  const Tensor far = min(where(pairs.negative, pairs.distances, infinity), 1);
  return {relu(near - far + margin), logical_and(any(pairs.positive, 1), any(pairs.negative, 1))};
}

Losses of_triplets(const Pairs& pairs, double margin) {
  const Tensor near = unsqueeze(pairs.distances, 2), far = unsqueeze(pairs.distances, 1);
  return {relu(near - far + margin), logical_and(unsqueeze(pairs.positive, 2), unsqueeze(pairs.negative, 1))};
}

Losses of_pairs(const Pairs& pairs, double margin) {
  const Tensor far = unsqueeze(pairs.distances, 1), negative = unsqueeze(pairs.negative, 1);
  const Tensor farther = logical_and(negative, far > unsqueeze(pairs.distances, 2));
  const Tensor nearest = min(where(farther, far, infinity), 2), farthest = max(where(negative, far, -infinity), 2);
  const Tensor chosen = where(any(farther, 2), nearest, farthest);
  return {relu(pairs.distances - chosen + margin), logical_and(pairs.positive, any(pairs.negative, 1, keep_dims))};
}

}  // namespace

Tensor mined_triplet_loss(const Operand& vectors, const Operand& classes, const MinedTripletOptions& options) {
  const char* const name = "mined_triplet_loss";
  const Location& where = vectors.where();
  const CallScope scope(name, where);
  const Tensor x = vectors.tensor(), labels = classes.tensor();
  check<DTypeError>(is_floating(x.dtype()), where, name, ": needs a floating dtype, got ", describe(x));
  check<DTypeError>(labels.dtype() == int64, where, name, ": class indices must be i64, got ", describe(labels));
  check<ShapeError>(x.ndim() == 2 && labels.shape() == Shape{x.size(0)}, where, name,
                    ": needs vectors [N, D] and classes [N], got ", describe(x), " and ", describe(labels));
  check<ValueError>(x.size(0) > 0, where, name, ": the batch is empty: ", describe(x));
  const Pairs pairs(x, labels, options.p);
  const auto [values, exist] = options.mining == Mining::hard  ? of_anchors(pairs, options.margin)
                               : options.mining == Mining::all ? of_triplets(pairs, options.margin)
                                                               : of_pairs(pairs, options.margin);
  const Tensor losses = xgrad::where(exist, values, 0);
  if (options.reduction != Reduction::mean) return reduce(losses, options.reduction);
  return sum(losses) / maximum(cast(sum(exist), x.dtype()), 1);
}

}  // namespace xgrad::nn
