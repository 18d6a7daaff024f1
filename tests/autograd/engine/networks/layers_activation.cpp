// Every activation, and what else is done to each element.

#include "tests/autograd/engine/networks/layers.hpp"

namespace xgrad::networks {

namespace {

Var apply_tanh(Builder&, const Var& x) { return tanh(x); }
Var apply_sigmoid(Builder&, const Var& x) { return sigmoid(x); }
Var apply_relu(Builder& build, const Var& x) { return relu(off_kink(build, x)); }
Var squared_relu(Builder& build, const Var& x) { return tanh(square(relu(off_kink(build, x)))); }
Var apply_gelu(Builder& build, const Var& x) {
  const bool exact = build.chance(50);
  return call("gelu", gelu(x.value, exact ? Gelu::exact : Gelu::tanh), x, exact ? "Gelu::exact" : "Gelu::tanh");
}
Var apply_silu(Builder&, const Var& x) { return call("silu", silu(x.value), x); }
Var swish(Builder& build, const Var& x) { return x * sigmoid(build.parameter({}, {0.5, 1.5}) * x); }
Var apply_softplus(Builder& build, const Var& x) {
  const double beta = build.pick({1.0, 2.0, 0.5});
  return call("softplus", softplus(x.value, beta), x, beta);
}
Var mish(Builder&, const Var& x) { return x * tanh(call("softplus", softplus(x.value), x)); }
Var apply_logsigmoid(Builder&, const Var& x) { return call("logsigmoid", logsigmoid(x.value), x); }
Var apply_elu(Builder& build, const Var& x) {
  const double alpha = build.pick({1.0, 0.5});
  const Var shifted = off_kink(build, x);
  return call("elu", elu(shifted.value, alpha), shifted, alpha);
}
Var apply_leaky_relu(Builder& build, const Var& x) {
  const double slope = build.pick({0.01, 0.2});
  const Var shifted = off_kink(build, x);
  return call("leaky_relu", leaky_relu(shifted.value, slope), shifted, slope);
}
Var prelu(Builder& build, const Var& x) {
  const Var shifted = off_kink(build, x), slope = build.parameter({x.size(-1)}, {0.1, 0.4});
  return where(shifted > 0.0, shifted, slope * shifted);
}
Var magnitude(Builder& build, const Var& x) { return abs(off_kink(build, x)); }
Var softsign(Builder& build, const Var& x) {
  const Var shifted = off_kink(build, x);
  return shifted / (1.0 + abs(shifted));
}
Var hard_tanh(Builder& build, const Var& x) {
  const Var shifted = off_kink(build, x);
  return call("clamp", clamp(shifted.value, -1, 1), shifted, -1, 1);
}
Var largest_of(Builder& build, const Var& x) {
  const Var a = off_kink(build, x), b = 0.1 * a + build.parameter({x.size(-1)}, {-0.09, 0.09});
  return build.chance(50) ? call("maximum", maximum(a.value, b.value), a, b)
                          : call("minimum", minimum(a.value, b.value), a, b);
}
Var apply_sin(Builder&, const Var& x) { return call("sin", sin(x.value), x); }
Var apply_cos(Builder&, const Var& x) { return call("cos", cos(x.value), x) * 2.0; }
Var apply_atan(Builder&, const Var& x) { return call("atan", atan(x.value), x); }
Var apply_erf(Builder&, const Var& x) { return call("erf", erf(x.value), x); }
Var apply_exp(Builder&, const Var& x) { return exp(tanh(x)); }
Var bell(Builder&, const Var& x) { return exp(-square(x)); }
Var apply_expm1(Builder&, const Var& x) {
  const Var bounded = tanh(x);
  return call("expm1", expm1(bounded.value), bounded);
}
Var apply_log1p(Builder&, const Var& x) {
  const Var positive = square(x);
  return call("log1p", log1p(positive.value), positive);
}
Var apply_log(Builder&, const Var& x) { return log(square(x) + 0.5); }
Var apply_sqrt(Builder&, const Var& x) { return sqrt(square(x) + 1.0); }
Var apply_rsqrt(Builder&, const Var& x) {
  const Var positive = square(x) + 0.5;
  return x * call("rsqrt", rsqrt(positive.value), positive);
}
Var apply_reciprocal(Builder&, const Var& x) {
  const Var positive = square(x) + 1.0;
  return call("reciprocal", reciprocal(positive.value), positive);
}
Var cauchy(Builder&, const Var& x) { return x / (1.0 + square(x)); }
Var apply_hyperbolic(Builder& build, const Var& x) {
  const Var bounded = tanh(off_kink(build, x));
  return build.chance(50) ? call("sinh", sinh(bounded.value), bounded) : call("cosh", cosh(bounded.value), bounded);
}
Var apply_inverse(Builder& build, const Var& x) {
  const Var bounded = 0.9 * tanh(x);
  switch (build.below(3)) {
    case 0:
      return call("asin", asin(bounded.value), bounded);
    case 1:
      return call("acos", acos(bounded.value), bounded);
    default:
      return call("tan", tan(bounded.value), bounded);
  }
}
Var apply_pow(Builder& build, const Var& x) {
  const Var base = square(x) + 1.0;
  if (build.chance(50)) {
    const double exponent = build.pick({0.3, -0.5, 1.5});
    return tanh(call("pow", pow(base.value, exponent), base, exponent));
  }
  const Var exponent = build.parameter({x.size(-1)}, {-0.5, 0.5});
  return call("pow", pow(base.value, exponent.value), base, exponent);
}
Var apply_atan2(Builder&, const Var& x) {
  const Var right = square(x) + 0.5;
  return call("atan2", atan2(x.value, right.value), x, right);
}
Var apply_other_base(Builder& build, const Var& x) {
  const Var positive = square(x) + 1.0, bounded = tanh(x);
  switch (build.below(4)) {
    case 0:
      return call("log2", log2(positive.value), positive);
    case 1:
      return call("log10", log10(positive.value), positive);
    case 2:
      return call("exp2", exp2(bounded.value), bounded);
    default:
      return call("erfc", erfc(bounded.value), bounded);
  }
}
Var apply_logaddexp(Builder& build, const Var& x) {
  const Var other = build.parameter({x.size(-1)});
  return call("logaddexp", logaddexp(x.value, other.value), x, other);
}
Var straight_through(Builder&, const Var& x) {
  const Var scaled = x * 3.0, rounded = call("round", round(scaled.value), scaled);
  return tanh(scaled + stop_gradient(rounded - scaled));
}

constexpr Layer table[] = {
    {"tanh", apply_tanh, 12},
    {"sigmoid", apply_sigmoid, 6},
    {"relu", apply_relu, 8},
    {"squared relu", squared_relu, 2},
    {"gelu", apply_gelu, 6},
    {"silu", apply_silu, 4},
    {"swish", swish, 2},
    {"softplus", apply_softplus, 4},
    {"mish", mish, 2},
    {"logsigmoid", apply_logsigmoid, 2},
    {"elu", apply_elu, 3},
    {"leaky relu", apply_leaky_relu, 3},
    {"prelu", prelu, 2},
    {"magnitude", magnitude, 2},
    {"softsign", softsign, 2},
    {"hard tanh", hard_tanh, 2},
    {"maximum", largest_of, 2},
    {"sin", apply_sin, 5},
    {"cos", apply_cos, 2},
    {"atan", apply_atan, 2},
    {"erf", apply_erf, 2},
    {"exp", apply_exp, 5},
    {"bell", bell, 3},
    {"expm1", apply_expm1, 2},
    {"log1p", apply_log1p, 2},
    {"log", apply_log, 2},
    {"sqrt", apply_sqrt, 3},
    {"rsqrt", apply_rsqrt, 2},
    {"reciprocal", apply_reciprocal, 2},
    {"cauchy", cauchy, 3},
    {"hyperbolic", apply_hyperbolic, 2},
    {"inverse", apply_inverse, 2},
    {"pow", apply_pow, 2},
    {"atan2", apply_atan2, 2},
    {"other base", apply_other_base, 2},
    {"logaddexp", apply_logaddexp, 2},
    {"straight through", straight_through, 2},
};

}  // namespace

std::span<const Layer> activations() { return table; }

Var apply_any(Builder& build, std::span<const Layer> layers, const Var& x) {
  std::uint64_t total = 0;
  for (const Layer& layer : layers) total += static_cast<std::uint64_t>(layer.weight);
  std::uint64_t place = build.below(total);
  std::size_t i = 0;
  for (; place >= static_cast<std::uint64_t>(layers[i].weight); ++i)
    place -= static_cast<std::uint64_t>(layers[i].weight);
  build.used(layers[i].name);
  return layers[i].apply(build, x);
}

Var activate(Builder& build, const Var& x) { return apply_any(build, table, x); }

Var off_kink(Builder& build, const Var& x) { return x + build.parameter({x.size(-1)}, off_zero); }

Var untied(Builder& build, const Var& x) { return x + build.constant(x.shape(), {-0.5, 0.5}); }

}  // namespace xgrad::networks
