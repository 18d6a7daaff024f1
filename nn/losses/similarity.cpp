#include "nn/losses/similarity.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "nn/activations/rectifiers.hpp"
#include "nn/classification.hpp"
#include "nn/losses/inputs.hpp"

namespace xgrad::nn {

namespace {

/// x / |x| over the last axis; the zero vector stays, with derivative 0.
Tensor unit(const Tensor& x) {
  const Tensor length = norm(x, -1, keep_dims);
  return where(length == 0, 0, x / length);
}

}  // namespace

Tensor cosine_embedding_loss(const Operand& x, const Operand& y, const Operand& target,
                             CosineEmbeddingOptions options) {
  const char* const name = "cosine_embedding_loss";
  const CallScope scope(name, x.where());
  const Pair pair(name, x, y);
  check<ShapeError>(pair.output.ndim() == 1 || pair.output.ndim() == 2, x.where(), name,
                    ": vectors are [N, D] or [D], got ", describe(pair.output));
  const Tensor cosine = sum(unit(pair.output) * unit(pair.target), -1);
  const Tensor signs = alike(name, target, "the target", cosine);
  check_signs(target, name, x.where());
  return reduce(where(signs == 1, 1 - cosine, relu(cosine - options.margin)), options.reduction);
}

Tensor triplet_margin_loss(const Operand& anchor, const Operand& positive, const Operand& negative,
                           const TripletMarginOptions& options) {
  const char* const name = "triplet_margin_loss";
  const CallScope scope(name, anchor.where());
  const double p = options.p;
  check<ValueError>(p >= 0, anchor.where(), name, ": p = ", p);
  check<ValueError>(std::isfinite(options.eps), anchor.where(), name, ": eps = ", options.eps);
  const Pair pair(name, anchor, positive);
  check<ShapeError>(pair.output.ndim() > 0, anchor.where(), name, ": needs vectors, got ", describe(pair.output));
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    const Tensor difference = a - b + options.eps;
    return p == 2 ? norm(difference, -1) : norm(difference, -1, {.p = p});
  };
  return triplet_margin_with_distance_loss(
      anchor, positive, negative,
      {.distance = distance, .margin = options.margin, .swap = options.swap, .reduction = options.reduction});
}

Tensor triplet_margin_with_distance_loss(const Operand& anchor, const Operand& positive, const Operand& negative,
                                         const TripletMarginWithDistanceOptions& options) {
  const char* const name = "triplet_margin_with_distance_loss";
  const CallScope scope(name, anchor.where());
  if (!options.distance)
    return triplet_margin_loss(anchor, positive, negative,
                               {.margin = options.margin, .swap = options.swap, .reduction = options.reduction});
  const Pair pair(name, anchor, positive);
  const Tensor other = alike(name, negative, "the negative", pair.output);
  const Tensor near = options.distance(pair.output, pair.target);
  Tensor far = options.distance(pair.output, other);
  if (options.swap) far = minimum(far, options.distance(pair.target, other));
  return reduce(relu(near - far + options.margin), options.reduction);
}

Tensor info_nce_loss(const Operand& queries, const Operand& keys, InfoNceOptions options) {
  const char* const name = "info_nce_loss";
  const CallScope scope(name, queries.where());
  const double temperature = options.temperature;
  check<ValueError>(temperature > 0 && std::isfinite(temperature), queries.where(), name,
                    ": temperature = ", temperature);
  const Pair pair(name, queries, keys);
  check<ShapeError>(pair.output.ndim() == 2, queries.where(), name, ": queries and keys are [N, D], got ",
                    describe(pair.output));
  const Tensor q = options.normalise ? unit(pair.output) : pair.output;
  const Tensor k = options.normalise ? unit(pair.target) : pair.target;
  const Tensor logits = matmul(q, transpose(k)) * (1 / temperature), own = arange(q.size(0));
  const Tensor losses = cross_entropy(logits, own, {.reduction = Reduction::none});
  if (!options.symmetric) return reduce(losses, options.reduction);
  const Tensor back = cross_entropy(logits, own, {.axis = 0, .reduction = Reduction::none});
  return reduce(0.5 * (losses + back), options.reduction);
}

}  // namespace xgrad::nn
