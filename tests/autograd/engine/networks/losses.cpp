#include "tests/autograd/engine/networks/losses.hpp"

#include "nn/nn.hpp"

namespace xgrad::networks {

namespace {

Var flat(const Var& x) { return x.ndim() == 2 ? x : reshape(x, {x.value.numel() / x.size(-1), x.size(-1)}); }

nn::Reduction reduction(Builder& build) {
  return build.chance(70) ? nn::Reduction::mean : build.chance(50) ? nn::Reduction::batch_mean : nn::Reduction::sum;
}

// A sum over everything would make steps that are too large.
Var tame(const Var& loss, nn::Reduction kind, const Var& x) {
  return kind == nn::Reduction::mean ? loss : loss * (1 / static_cast<double>(x.value.numel()));
}

Var mse(Builder& build, const Var& y) {
  const Var target = build.constant(y.shape());
  const nn::Reduction kind = reduction(build);
  switch (build.below(5)) {
    case 0:
      return tame(call("nn::squared_error", nn::squared_error(y.value, target.value, kind), y, target),
                  nn::Reduction::sum, y);
    case 1:
      return tame(call("nn::half_squared_error", nn::half_squared_error(y.value, target.value, kind), y, target),
                  nn::Reduction::sum, y);
    case 2:
      return mean(square(y - target));
    default:
      return tame(call("nn::mse_loss", nn::mse_loss(y.value, target.value, kind), y, target), kind, y);
  }
}

Var cross_entropy(Builder& build, const Var& output) {
  const Var z = flat(output);
  const std::int64_t classes = z.size(1);
  nn::CrossEntropyOptions options;
  if (build.chance(30)) options.label_smoothing = 0.1;
  if (build.chance(30)) options.class_weights = build.constant({classes}, {0.5, 1.5}).value;
  if (build.chance(15)) {
    const Var target = softmax(build.constant(z.shape(), {-2, 2}), 1);
    return call("nn::cross_entropy", nn::cross_entropy(z.value, target.value, options), z, target);
  }
  const Var target = build.indices({z.size(0)}, classes);
  if (build.chance(20)) {  // whose mean would be NaN if every sample were ignored
    options.ignore_index = 1;
    options.reduction = nn::Reduction::sum;
  }
  const Var loss = call("nn::cross_entropy", nn::cross_entropy(z.value, target.value, options), z, target);
  return options.reduction == nn::Reduction::sum ? tame(loss, nn::Reduction::sum, z) : loss;
}

Var nll(Builder& build, const Var& output) {
  const Var z = flat(output), target = build.indices({z.size(0)}, z.size(1)), p = build.let("p", log_softmax(z, 1));
  return call("nn::nll_loss", nn::nll_loss(p.value, target.value), p, target);
}

Var picked(Builder& build, const Var& output) {
  const Var z = flat(output), target = build.indices({z.size(0), 1}, z.size(1));
  const Var total = call("logsumexp", logsumexp(z.value, 1, keep_dims), z, 1, keep_dims);
  return mean(total - call("gather", gather(z.value, 1, target.value), z, 1, target));
}

Var soft_targets(Builder& build, const Var& y) {
  const Var target = softmax(build.constant(y.shape(), {-2, 2}), -1);
  if (build.chance(50)) return -mean(sum(target * log_softmax(y, -1), {-1}));
  return -mean(sum(target * log(softmax(y, -1) + 1e-3), {-1}));
}

Var divergence(Builder& build, const Var& y) {
  const Var p = softmax(build.constant(y.shape(), {-2, 2}), -1), q = log_softmax(y, -1);
  const nn::Reduction kind = reduction(build);
  if (build.chance(50))
    return tame(call("nn::kl_div", nn::kl_div(q.value, p.value, {.reduction = kind}), q, p), kind, y);
  const Var log_p = log(p);
  return tame(call("nn::kl_div", nn::kl_div(q.value, log_p.value, {.log_target = true, .reduction = kind}), q, log_p),
              kind, y);
}

Var binary(Builder& build, const Var& y) {
  const Var target = build.constant(y.shape(), {0, 1});
  nn::BinaryCrossEntropyOptions options;
  if (build.chance(30)) options.weight = build.constant({y.size(-1)}, {0.5, 1.5}).value;
  if (build.chance(40)) {
    const Var p = sigmoid(2.0 * tanh(y));
    return call("nn::binary_cross_entropy", nn::binary_cross_entropy(p.value, target.value, options), p, target);
  }
  if (build.chance(30)) options.pos_weight = build.constant({y.size(-1)}, {0.5, 1.5}).value;
  return call("nn::binary_cross_entropy_with_logits",
              nn::binary_cross_entropy_with_logits(y.value, target.value, options), y, target);
}

Var robust(Builder& build, const Var& y) {
  const Var target = build.constant(y.shape(), {0.1, 2, true});
  switch (build.below(4)) {
    case 0:
      return call("nn::huber_loss", nn::huber_loss(y.value, target.value, {.delta = 0.7}), y, target);
    case 1:
      return call("nn::smooth_l1_loss", nn::smooth_l1_loss(y.value, target.value, {.beta = 0.7}), y, target);
    case 2:
      return call("nn::l1_loss", nn::l1_loss(y.value, target.value), y, target);
    default: {
      const Var error = y - target;  // log(cosh(error))
      return mean(error + call("softplus", softplus((-2.0 * error).value), -2.0 * error) - 0.6931471805599453);
    }
  }
}

Var margin(Builder& build, const Var& output) {
  const Var y = flat(output);
  if (build.chance(50)) {
    const Var target = build.indices({y.size(0)}, y.size(1));
    return call("nn::multi_margin_loss",
                nn::multi_margin_loss(y.value, target.value, {.power = build.chance(50) ? 1 : 2, .margin = 0.9}), y,
                target);
  }
  const Var draw = build.constant(y.shape());
  const Var sign{xgrad::sign(draw.value), "sign(" + draw.text + ')'};
  return call("nn::hinge_loss", nn::hinge_loss(y.value, sign.value, {.margin = 0.9}), y, sign);
}

// Of y - mean(y): what is summed is what a mean was taken from.
Var spread(Builder& build, const Var& y) {
  const AxisList axes = build.pick<AxisList>({{-1}, {0}, {-2}, {0, -1}});
  const Var centred = y - mean(y, axes, keep_dims);
  switch (build.below(3)) {
    case 0:
      return tame(sum(square(centred)), nn::Reduction::sum, y);
    case 1:
      return mean(sum(centred * centred, {-1}));
    default:
      return mean(sqrt(mean(square(centred), axes, keep_dims) + 0.1));
  }
}

// Oord, Li and Vinyals, 2018: each row is to be like its own view of the data.
Var contrastive(Builder& build, const Var& output) {
  const Var whole = flat(output), y = whole.size(0) > 66 ? slice(whole, 0, 0, 66) : whole;
  const auto unit = [](const Var& x) { return x / sqrt(sum(square(x), {-1}, keep_dims) + 0.01); };
  const Var a = build.let("a", unit(y)), b = unit(y + build.constant(y.shape(), {-0.3, 0.3}));
  const Var scores = matmul(a, transpose(b)) / 0.5;
  const Var target{arange(y.size(0)), "arange"};
  return call("nn::cross_entropy", nn::cross_entropy(scores.value, target.value), scores, target);
}

Var cosine(Builder& build, const Var& y) {
  const Var target = build.constant(y.shape());
  const auto length = [](const Var& x) { return sqrt(sum(x * x, {-1}) + 0.01); };
  return 1.0 - mean(sum(y * target, {-1}) / (length(y) * length(target)));
}

Var weighted_samples(Builder& build, const Var& y) {
  const Var target = build.constant(y.shape());
  const Var each = call("nn::mse_loss", nn::mse_loss(y.value, target.value, nn::Reduction::none), y, target);
  const Var losses = build.let("losses", mean(each, {-1}));
  const Var weights = build.constant(losses.shape(), {0, 1});
  return build.chance(50) ? mean(losses * weights) : sum(softmax(weights, -1) * losses) / 3.0;
}

// Of the output alone: nothing but what the network made is read on the way back.
Var energy(Builder& build, const Var& y) {
  const auto each = [&]() -> Var {
    switch (build.below(8)) {
      case 0:
        return y * y;
      case 1:
        return log(1.0 + square(y));
      case 2:
        return exp(-square(y));
      case 3:
        return y * tanh(y);
      case 4:
        return sqrt(1.0 + square(y));
      case 5:
        return call("softplus", softplus(y.value), y);
      case 6:
        return call("sin", sin(y.value), y) + 0.1 * y * y;
      default:
        return square(y);
    }
  };
  switch (build.below(4)) {
    case 0:
      return mean(each());
    case 1:
      return mean(sum(each(), {-1}));
    case 2:
      return sum(sum(each(), {0})) / static_cast<double>(y.value.numel());
    default:
      return y.value.numel() <= 60 ? sum(each()) : tame(sum(each()), nn::Reduction::sum, y);
  }
}

Var weighted_outputs(Builder& build, const Var& y) {
  return mean(tanh(y) * (build.chance(50) ? build.constant({y.size(-1)}) : build.constant(y.shape())));
}

Var total_logsumexp(Builder&, const Var& y) { return call("logsumexp", logsumexp(y.value), y); }

Var perplexity(Builder& build, const Var& output) {
  const Var z = flat(tanh(output)), target = build.indices({z.size(0)}, z.size(1));
  return log(1.0 + exp(call("nn::cross_entropy", nn::cross_entropy(z.value, target.value), z, target)));
}

constexpr Layer table[] = {
    {"squared errors", mse, 10},
    {"cross-entropy", cross_entropy, 10},
    {"negative log-likelihood", nll, 4},
    {"logsumexp less picked", picked, 4},
    {"soft targets", soft_targets, 4},
    {"divergence", divergence, 4},
    {"binary cross-entropy", binary, 6},
    {"robust", robust, 5},
    {"margin", margin, 4},
    {"spread", spread, 8},
    {"contrastive", contrastive, 4},
    {"cosine", cosine, 3},
    {"weighted samples", weighted_samples, 4},
    {"energy", energy, 14},
    {"weighted outputs", weighted_outputs, 3},
    {"logsumexp", total_logsumexp, 2},
    {"perplexity", perplexity, 2},
};

Var decay(Builder& build, const Var&) {
  Var total{full({}, 0.0, build.dtype()), "0"};
  for (std::size_t i = 0; i < build.parameters().size(); ++i) {
    const Var w{build.parameters()[i].value(), 'w' + std::to_string(i)};
    if (build.chance(70)) total = total + 0.01 * sum(square(w));
  }
  return total;
}

Var smooth_magnitude(Builder& build, const Var&) {
  const std::size_t last = build.parameters().size() - 1;
  const Var w{build.parameters()[last].value(), 'w' + std::to_string(last)};
  return 0.01 * sum(sqrt(square(w) + 0.01));
}

Var activity(Builder&, const Var& y) { return 0.1 * mean(square(y)); }

Var entropy(Builder&, const Var& y) { return 0.1 * mean(sum(softmax(y, -1) * log_softmax(y, -1), {-1})); }

Var covariance(Builder& build, const Var& output) {
  const Var whole = flat(output), y = whole.size(1) > 66 ? slice(whole, 1, 0, 66) : whole;
  const Var centred = y - mean(y, {0}, keep_dims);
  const Var product = build.let("covariance", matmul(transpose(centred), centred) / static_cast<double>(y.size(0)));
  return 0.1 * mean(square(product));
}

constexpr Layer own_table[] = {{"energy", energy, 5}, {"spread", spread, 3}, {"logsumexp", total_logsumexp, 1}};

constexpr Layer penalty_table[] = {
    {"weight decay", decay, 5},    {"smooth magnitude", smooth_magnitude, 2},
    {"activity", activity, 2},     {"entropy", entropy, 3},
    {"covariance", covariance, 2},
};

}  // namespace

std::span<const Layer> losses() { return table; }
std::span<const Layer> own_losses() { return own_table; }
std::span<const Layer> penalties() { return penalty_table; }

}  // namespace xgrad::networks
