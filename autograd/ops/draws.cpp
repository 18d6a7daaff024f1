#include "autograd/ops/draws.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

#include "autograd/core/fail.hpp"
#include "autograd/core/infinity.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/families.hpp"
#include "autograd/ops/gamma.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/parameters.hpp"
#include "autograd/ops/reduce.hpp"

namespace xgrad {

namespace {

// y = x, checked to be finite and above a bound.
struct Above : Operation<Above> {
  static constexpr auto id = "above";
  static constexpr bool mergeable = false;  // each draw has its own error
  const char *call, *parameter;             // for the error
  double bound;
  bool strict;
  Above(const char* call_, const char* parameter_, double bound_, bool strict_)
      : call(call_), parameter(parameter_), bound(bound_), strict(strict_) {}
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_domain(Domain::floating, call, inputs[0], where);
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const { return g; }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::check_above(bound, strict, call, parameter, inputs[0], where);
    std::memcpy(y.data, inputs[0].data, static_cast<std::size_t>(y.numel()) * item_size(y.dtype));
  }
  void describe(Fields& fields) const override {
    fields("bound", bound);
    fields("strict", strict);
  }
};

// These take the keys of the elements' streams of random numbers as an input, so that they are plain functions. No
// derivative flows through rejection.
struct GammaDraw : Operation<GammaDraw> {
  static constexpr auto id = "gamma_draw";
  bool logarithm;
  explicit GammaDraw(bool logarithm_) : logarithm(logarithm_) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::gamma_draw(inputs[0], inputs[1], logarithm, y, where);
  }
  void describe(Fields& fields) const override { fields("logarithm", logarithm); }
};

struct PoissonDraw : Operation<PoissonDraw> {
  static constexpr auto id = "poisson_draw";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override { return {inputs[0].shape(), int64}; }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::poisson_draw(inputs[0], inputs[1], y, where);
  }
};

// With phi(y) dy = (1 - u) phi(low) dlow + u phi(high) dhigh + (Phi(high) - Phi(low)) du.
struct TruncatedNormalDraw : Operation<TruncatedNormalDraw> {
  static constexpr auto id = "truncated_normal_draw";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    if (input == 2) return g * probability(inputs[0], inputs[1]) * exp(0.5 * y * y) * std::sqrt(2 * std::numbers::pi);
    const Tensor &u = inputs[2], &bound = inputs[input], finite = isfinite(bound), end = where(finite, bound, 0);
    const Tensor share = input == 0 ? 1 - u : u;
    return g * where(finite, share * exp(0.5 * (y - end) * (y + end)), 0);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::truncated_normal_draw(inputs[0], inputs[1], inputs[2], y, where);
  }
  // Phi(high) - Phi(low), as the difference of two tails on the side where these are small.
  static Tensor probability(const Tensor& low, const Tensor& high) {
    const Tensor mirrored = low + high < 0, from = where(mirrored, -high, low), to = where(mirrored, -low, high);
    return 0.5 * (erfc(from / std::numbers::sqrt2) - erfc(to / std::numbers::sqrt2));
  }
};

struct WithoutReplacement : Operation<WithoutReplacement> {
  static constexpr auto id = "draw_without_replacement";
  std::int64_t count;
  explicit WithoutReplacement(std::int64_t count_) : count(count_) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    Shape shape = inputs[0].shape();
    shape[shape.ndim() - 1] = count;
    return {shape, int64};
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::draw_without_replacement(inputs[0], inputs[1], y, where);
  }
  void describe(Fields& fields) const override { fields("count", count); }
};

// The common part of all draws: name, shape, source of random numbers, location.
struct Draw {
  const char* call;
  const Shape& shape;
  Rng& rng;
  const Location& where;

  // The parameters in one dtype; with one that is given, Tensors must have it.
  template <class... Operands>
  auto parameters(std::optional<DType> dtype, const Operands&... operands) const {
    check<DTypeError>(is_floating(dtype.value_or(float32)), where, call, ": the dtype must be floating, not ",
                      dtype.value_or(float32));
    check_shape(shape, item_size(float64), call, where);
    auto all = together(dtype.value_or(float32), operands...);
    const DType common = dtype.value_or(all[0].dtype());
    for (const Tensor& x : all) {
      check_domain(Domain::floating, call, x, where);
      check<DTypeError>(x.dtype() == common, where, call, ": the parameters are ", all[0].dtype(), " and ", x.dtype(),
                        ", the draws ", common);
    }
    return all;
  }
  Tensor above(const Tensor& x, const char* parameter, double bound = 0, bool strict = true) const {
    return record(where, Above(call, parameter, bound, strict), x);
  }
  Tensor spread(const Tensor& x) const { return broadcast_to(x, shape); }

  // Fractions in (0, 1) as float64; at least 2^-54.
  Tensor fractions() const { return maximum(uniform(shape, rng, 0, 1, float64, where), 0x1p-54); }
  Tensor exponentials() const { return -log1p(-fractions()); }
  Tensor normals(DType dtype) const { return normal(shape, rng, 0, 1, dtype, where); }
  Tensor keys() const {
    return randint(shape, rng, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
                   where);
  }
  Tensor gammas(const Tensor& concentration, bool logarithm) const {
    const Tensor a = spread(above(concentration, "concentration")), key = keys();
    Tensor drawn;
    {
      const NoGrad untracked;
      drawn = record(where, GammaDraw(logarithm), a, key);
    }
    return detail::gamma_quantile(a, drawn, logarithm);
  }
  // Concentrations of which the shares are the same, and whose draws have logarithms that are finite: they are less
  // than about 800 / a, so that of tiny concentrations the largest draw has the whole, by their proportions. With the
  // largest concentration of each share; 1e-30 is tiny, and so is 1e-70 beside it.
  static Tensor shares(const Tensor& a, const Tensor& largest) {
    const Tensor top = stop_gradient(largest), factor = xgrad::where(top < 1e-30, 1e-30 / top, 1);
    return maximum(a * factor, 1e-70);
  }
  // Half of the degrees of freedom; not 0 for the smallest number.
  static Tensor half(const Tensor& freedom) {
    return maximum(0.5 * freedom, freedom.dtype() == float32 ? 0x1p-149 : 0x1p-1074);
  }
  // location + scale x for draws x that are not differentiated.
  Tensor placed(const Tensor& location, const Tensor& scale, const Tensor& x) const {
    return above(location, "location", -infinity) + above(scale, "scale") * cast(x, location.dtype());
  }
};

}  // namespace

Tensor exponential(const Shape& shape, Rng& rng, const Operand& rate, std::optional<DType> dtype) {
  const CallScope scope("exponential", rate.where());
  const Draw draw{"exponential", shape, rng, rate.where()};
  const auto [over] = draw.parameters(dtype, rate);
  return cast(draw.exponentials(), over.dtype()) / draw.spread(draw.above(over, "rate"));
}

// Each half of the fractions is stretched to all of (0, 1), which is exact.
Tensor laplace(const Shape& shape, Rng& rng, const Operand& location, const Operand& scale,
               std::optional<DType> dtype) {
  const CallScope scope("laplace", location.where());
  const Draw draw{"laplace", shape, rng, location.where()};
  const auto [at, factor] = draw.parameters(dtype, location, scale);
  const Tensor u = draw.fractions(), left = u < 0.5, size = -log1p(-where(left, 2 * u, 2 * u - 1));
  return draw.spread(draw.placed(at, factor, where(left, -size, size)));
}

Tensor gumbel(const Shape& shape, Rng& rng, const Operand& location, const Operand& scale, std::optional<DType> dtype) {
  const CallScope scope("gumbel", location.where());
  const Draw draw{"gumbel", shape, rng, location.where()};
  const auto [at, factor] = draw.parameters(dtype, location, scale);
  return draw.spread(draw.placed(at, factor, -log(draw.exponentials())));
}

// -1 / tan(pi u) is accurate for u near 0; near 1 it takes u - 1, which is exact.
Tensor cauchy(const Shape& shape, Rng& rng, const Operand& location, const Operand& scale, std::optional<DType> dtype) {
  const CallScope scope("cauchy", location.where());
  const Draw draw{"cauchy", shape, rng, location.where()};
  const auto [at, factor] = draw.parameters(dtype, location, scale);
  const Tensor u = draw.fractions();
  return draw.spread(draw.placed(at, factor, -1 / tan(std::numbers::pi * where(u < 0.5, u, u - 1))));
}

Tensor lognormal(const Shape& shape, Rng& rng, const Operand& mean, const Operand& deviation,
                 std::optional<DType> dtype) {
  const CallScope scope("lognormal", mean.where());
  const Draw draw{"lognormal", shape, rng, mean.where()};
  const auto [middle, width] = draw.parameters(dtype, mean, deviation);
  const Tensor spread = draw.above(width, "deviation", 0, false) * draw.normals(width.dtype());
  return draw.spread(exp(draw.above(middle, "mean", -infinity) + spread));
}

// In double, because in the tails the small difference of a bound and the draw matters.
Tensor truncated_normal(const Shape& shape, Rng& rng, const Operand& mean, const Operand& deviation, const Operand& low,
                        const Operand& high, std::optional<DType> dtype) {
  const CallScope scope("truncated_normal", mean.where());
  const Draw draw{"truncated_normal", shape, rng, mean.where()};
  const auto [middle, width, from, to] = draw.parameters(dtype, mean, deviation, low, high);
  const auto wide = [&](const Tensor& x) { return draw.spread(cast(x, float64)); };
  const Tensor m = wide(draw.above(middle, "mean", -infinity)), s = wide(draw.above(width, "deviation"));
  const Tensor first = wide(from), last = wide(to);
  const auto standard = [&](const Tensor& bound) {  // an infinite bound does not move with the mean
    const Tensor infinite = isinf(bound);
    return where(infinite, bound, (where(infinite, 0, bound) - m) / s);
  };
  const Tensor u = uniform(shape, rng, 0, 1, float64, mean.where());
  const Tensor x = record(mean.where(), TruncatedNormalDraw{}, standard(first), standard(last), u);
  return cast(clamp(m + s * x, first, last), middle.dtype());
}

Tensor gamma(const Shape& shape, Rng& rng, const Operand& concentration, const Operand& rate,
             std::optional<DType> dtype) {
  const CallScope scope("gamma", concentration.where());
  const Draw draw{"gamma", shape, rng, concentration.where()};
  const auto [a, over] = draw.parameters(dtype, concentration, rate);
  return draw.gammas(a, false) / draw.spread(draw.above(over, "rate"));
}

Tensor log_gamma_draw(const Shape& shape, Rng& rng, const Operand& concentration, std::optional<DType> dtype) {
  const CallScope scope("log_gamma_draw", concentration.where());
  const Draw draw{"log_gamma_draw", shape, rng, concentration.where()};
  const auto [a] = draw.parameters(dtype, concentration);
  return draw.gammas(a, true);
}

Tensor chi_squared(const Shape& shape, Rng& rng, const Operand& freedom, std::optional<DType> dtype) {
  const CallScope scope("chi_squared", freedom.where());
  const Draw draw{"chi_squared", shape, rng, freedom.where()};
  const auto [n] = draw.parameters(dtype, freedom);
  return 2 * draw.gammas(draw.half(draw.above(n, "freedom")), false);
}

// Uses the logarithm of the gamma draw, because for small freedom the draw itself underflows.
Tensor student_t(const Shape& shape, Rng& rng, const Operand& freedom, std::optional<DType> dtype) {
  const CallScope scope("student_t", freedom.where());
  const Draw draw{"student_t", shape, rng, freedom.where()};
  const auto [n] = draw.parameters(dtype, freedom);
  const Tensor half = draw.half(cast(draw.above(n, "freedom"), float64));
  const Tensor z = draw.normals(float64);
  return cast(z * exp(0.5 * (log(half) - draw.gammas(half, true))), n.dtype());
}

// Uses logarithms in double, because their small differences matter.
Tensor beta(const Shape& shape, Rng& rng, const Operand& a, const Operand& b, std::optional<DType> dtype) {
  const CallScope scope("beta", a.where());
  const Draw draw{"beta", shape, rng, a.where()};
  const auto [first, second] = draw.parameters(dtype, a, b);
  const Tensor p = cast(draw.above(first, "first concentration"), float64),
               q = cast(draw.above(second, "second concentration"), float64), largest = maximum(p, q);
  const Tensor x = draw.gammas(draw.shares(p, largest), true), y = draw.gammas(draw.shares(q, largest), true);
  return cast(exp(x - logaddexp(x, y)), first.dtype());
}

Tensor dirichlet(const Shape& shape, Rng& rng, const Operand& concentration, std::optional<DType> dtype) {
  const CallScope scope("dirichlet", concentration.where());
  const Draw draw{"dirichlet", shape, rng, concentration.where()};
  check<ShapeError>(shape.ndim() > 0, concentration.where(), "dirichlet: the shape has no axes");
  const auto [a] = draw.parameters(dtype, concentration);
  const Tensor all = draw.spread(cast(draw.above(a, "concentration"), float64));
  return cast(softmax(draw.gammas(draw.shares(all, shape.back() == 0 ? all : max(all, -1, keep_dims)), true), -1),
              a.dtype());
}

Tensor poisson(const Shape& shape, Rng& rng, const Operand& rate) {
  const CallScope scope("poisson", rate.where());
  const Draw draw{"poisson", shape, rng, rate.where()};
  const auto [parameter] = draw.parameters({}, rate);
  return record(rate.where(), PoissonDraw{}, draw.spread(parameter), draw.keys());
}

Tensor multinomial(const Operand& logits, std::int64_t count, Rng& rng, bool replacement) {
  const Location& where = logits.where();
  const CallScope scope("multinomial", where);
  const Tensor input = logits.tensor();
  check_domain(Domain::floating, "multinomial", input, where);
  check<ShapeError>(input.ndim() > 0 && input.size(-1) > 0, where, "multinomial: there are no classes in ",
                    describe(input));
  check<ValueError>(count >= 0 && (replacement || count <= input.size(-1)), where, "multinomial: ", count, " of ",
                    input.size(-1), " classes");
  Shape shape = input.shape();
  if (!replacement) return record(where, WithoutReplacement(count), input, uniform(shape, rng, 0, 1, float64, where));
  shape[shape.ndim() - 1] = count;
  return detail::categorical_draws(input, uniform(shape, rng, 0, 1, float64, where), where);
}

}  // namespace xgrad
