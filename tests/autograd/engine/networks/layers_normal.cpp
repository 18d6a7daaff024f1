// Normalisations over rows, columns and everything, as they are written by hand and as the library has them.

#include "tests/autograd/engine/networks/layers.hpp"

namespace xgrad::networks {

namespace {

// Which axes the statistics are taken over.
AxisList axes_of(Builder& build, const Var& x) {
  const std::uint64_t kind = build.below(10);
  if (kind < 4) return build.used("over columns"), AxisList{-1};
  if (kind < 7) return build.used("over rows"), AxisList{0};
  if (kind < 8) {
    build.used("over everything");
    AxisList all;
    for (std::int64_t axis = 0; axis < x.ndim(); ++axis) all.push_back(axis);
    return all;
  }
  build.used("over other axes");
  return x.ndim() == 3 ? build.pick<AxisList>({{0, 1}, {1}, {1, 2}, {0, 2}}) : AxisList{-2};
}

std::int64_t count_over(const Var& x, const AxisList& axes) {
  std::int64_t count = 1;
  for (const std::int64_t axis : axes) count *= x.size(axis);
  return count;
}

// Roundings of what should be 0 grow by its root; in float64 they must stay small however many follow each other.
double epsilon(Builder& build) {
  return build.precise() ? build.pick({1e-1, 1e-2, 1e-3}) : build.pick({1e-3, 1e-5, 1e-8});
}

Var affine(Builder& build, const Var& x) {
  if (build.chance(40)) return x;
  build.used("normalisation with gain and shift");
  return x * build.parameter({x.size(-1)}, {0.5, 1.5}) + build.parameter({x.size(-1)});
}

Var standard(Builder& build, const Var& x) {
  const AxisList axes = axes_of(build, x);
  const Var centred = build.chance(50) ? build.let("c", x - mean(x, axes, keep_dims)) : x - mean(x, axes, keep_dims);
  const Var variance =
      build.chance(50) ? mean(square(centred), axes, keep_dims) : mean(centred * centred, axes, keep_dims);
  const Var root = sqrt(variance + epsilon(build));
  if (build.chance(30)) return centred * (1.0 / root);
  return centred / root;
}

Var by_var(Builder& build, const Var& x) {
  const AxisList axes = axes_of(build, x);
  const std::int64_t correction = count_over(x, axes) > 1 ? build.between(0, 1) : 0;
  const Var variance = call("var", var(x.value, axes, correction, keep_dims), x, axes, correction, keep_dims);
  return (x - mean(x, axes, keep_dims)) / sqrt(variance + epsilon(build));
}

Var by_std(Builder& build, const Var& x) {
  const AxisList axes = axes_of(build, x);
  const Var spread_out = untied(build, x);
  const std::int64_t correction = count_over(x, axes) > 1 ? build.between(0, 1) : 0;
  if (count_over(x, axes) == 1) return x;  // a deviation of 0 has no derivative
  const Var deviation =
      call("std", xgrad::std(spread_out.value, axes, correction, keep_dims), spread_out, axes, correction, keep_dims);
  return (spread_out - mean(spread_out, axes, keep_dims)) / (deviation + 0.1);
}

// E[x^2] - E[x]^2, which cancels.
Var by_moments(Builder& build, const Var& x) {
  const AxisList axes = axes_of(build, x);
  const Var mu = mean(x, axes, keep_dims), second = mean(x * x, axes, keep_dims);
  return (x - mu) / sqrt(second - mu * mu + 0.1);
}

Var root_mean_square(Builder& build, const Var& x) {
  const AxisList axes = axes_of(build, x);
  const Var inverse = mean(square(x), axes, keep_dims) + epsilon(build);
  if (build.chance(50)) return x * call("rsqrt", rsqrt(inverse.value), inverse);
  return x / sqrt(inverse);
}

Var by_squares(Builder& build, const Var& x) {
  const AxisList axes = axes_of(build, x);
  const Var y = x / (1.0 + sum(build.chance(50) ? square(x) : x * x, axes, keep_dims));
  return build.chance(50) ? y * 2.0 : y;
}

Var to_length(Builder& build, const Var& x) {
  const AxisList axes = axes_of(build, x);
  if (build.chance(50)) return x / sqrt(sum(square(x), axes, keep_dims) + epsilon(build));
  const Var apart = untied(build, off_kink(build, x));
  const double p = build.pick({2.0, 1.0, 3.0});
  return apart /
         (call("norm", norm(apart.value, axes, {p}, keep_dims), apart, axes, '{' + written(p) + '}', keep_dims) + 0.1);
}

Var centred(Builder& build, const Var& x) { return x - mean(x, axes_of(build, x), keep_dims); }

Var softmax_layer(Builder& build, const Var& x) {
  const std::int64_t axis = build.pick<std::int64_t>({-1, -1, 0, -2});
  switch (build.below(4)) {
    case 0:
      return softmax(x, axis);
    case 1:
      return log_softmax(x, axis);
    case 2: {
      const Var e = exp(x - stop_gradient(call("max", max(x.value, axis, keep_dims), x, axis, keep_dims)));
      return e / sum(e, {axis}, keep_dims);
    }
    default:
      return x - call("logsumexp", logsumexp(x.value, axis, keep_dims), x, axis, keep_dims);
  }
}

Var to_unit_range(Builder& build, const Var& x) {
  const AxisList axes = axes_of(build, x);
  const Var apart = untied(build, x);
  const Var low = call("min", min(apart.value, axes, keep_dims), apart, axes, keep_dims);
  const Var high = call("max", max(apart.value, axes, keep_dims), apart, axes, keep_dims);
  return (apart - low) / (high - low + 0.5);
}

Var by_mean_magnitude(Builder& build, const Var& x) {
  const Var apart = untied(build, off_kink(build, x));
  return apart / (mean(abs(apart), axes_of(build, x), keep_dims) + 0.1);
}

// Statistics through which no derivative flows, as where running averages are used.
Var stopped(Builder& build, const Var& x) {
  const AxisList axes = axes_of(build, x);
  const Var mu = stop_gradient(mean(x, axes, keep_dims));
  const Var variance = stop_gradient(mean(square(x - mu), axes, keep_dims));
  return (x - mu) / sqrt(variance + epsilon(build));
}

constexpr Layer table[] = {
    {"standardise", standard, 12},
    {"standardise by var", by_var, 6},
    {"standardise by std", by_std, 3},
    {"standardise by moments", by_moments, 4},
    {"root mean square", root_mean_square, 5},
    {"divide by 1 + squares", by_squares, 5},
    {"normalise length", to_length, 5},
    {"centre", centred, 4},
    {"softmax", softmax_layer, 6},
    {"to [0, 1]", to_unit_range, 3},
    {"divide by mean magnitude", by_mean_magnitude, 2},
    {"stopped statistics", stopped, 2},
};

}  // namespace

std::span<const Layer> normalisations() { return table; }

Var normalise(Builder& build, const Var& x) { return affine(build, apply_any(build, table, x)); }

}  // namespace xgrad::networks
