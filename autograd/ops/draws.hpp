#pragma once

// Draws from the usual distributions. Parameters are numbers or floating Tensors that broadcast to `shape`; the result
// has their dtype, or the one given, or float32. It is a differentiable function of the parameters, for the randomness
// that the Rng holds: the derivative of a mean over draws is the mean of their derivatives, without bias. Equal states
// of the Rng give equal draws on any number of threads. ShapeError for parameters that do not broadcast, DTypeError for
// dtypes that differ, ValueError, perhaps only when it is evaluated, for parameters of no distribution.

#include <cstdint>
#include <optional>

#include "autograd/core/random.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// With density rate e^(-rate x), for rate > 0.
Tensor exponential(const Shape& shape, Rng& rng, const Operand& rate, std::optional<DType> dtype = {});
/// location + scale x with density e^-|x| / 2, for scale > 0.
Tensor laplace(const Shape& shape, Rng& rng, const Operand& location, const Operand& scale,
               std::optional<DType> dtype = {});
/// location + scale x with P(x < t) = e^(-e^-t), for scale > 0.
Tensor gumbel(const Shape& shape, Rng& rng, const Operand& location, const Operand& scale,
              std::optional<DType> dtype = {});
/// location + scale x with density 1 / (pi (1 + x^2)), for scale > 0.
Tensor cauchy(const Shape& shape, Rng& rng, const Operand& location, const Operand& scale,
              std::optional<DType> dtype = {});
/// e^y for normal y, deviation >= 0.
Tensor lognormal(const Shape& shape, Rng& rng, const Operand& mean, const Operand& deviation,
                 std::optional<DType> dtype = {});
/// The normal distribution between two bounds, which may be infinite, for deviation > 0; accurate also if both bounds
/// are far out.
Tensor truncated_normal(const Shape& shape, Rng& rng, const Operand& mean, const Operand& deviation, const Operand& low,
                        const Operand& high, std::optional<DType> dtype = {});
/// With density rate^a x^(a - 1) e^(-rate x) / Gamma(a) for concentration a > 0, rate > 0. Its derivative by the
/// concentration is that of the quantile (Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients", 2018).
/// Draws for small concentrations may be 0: their logarithms are in log_gamma_draw.
Tensor gamma(const Shape& shape, Rng& rng, const Operand& concentration, const Operand& rate,
             std::optional<DType> dtype = {});
/// The logarithm of a draw from the gamma distribution with rate 1, which does not underflow.
Tensor log_gamma_draw(const Shape& shape, Rng& rng, const Operand& concentration, std::optional<DType> dtype = {});
/// The sum of `freedom` squares of standard normal numbers, for freedom > 0.
Tensor chi_squared(const Shape& shape, Rng& rng, const Operand& freedom, std::optional<DType> dtype = {});
/// Student's t with so many degrees of freedom > 0.
Tensor student_t(const Shape& shape, Rng& rng, const Operand& freedom, std::optional<DType> dtype = {});
/// With density x^(a - 1) (1 - x)^(b - 1) / B(a, b), for a, b > 0.
Tensor beta(const Shape& shape, Rng& rng, const Operand& a, const Operand& b, std::optional<DType> dtype = {});
/// Vectors in the last axis that add up to 1, with density proportional to prod x_i^(a_i - 1), for a_i > 0. ShapeError
/// for a shape without axes.
Tensor dirichlet(const Shape& shape, Rng& rng, const Operand& concentration, std::optional<DType> dtype = {});

/// Counts with P(k) = rate^k e^-rate / k!, as int64, for 0 <= rate <= 1e15. No derivative flows.
Tensor poisson(const Shape& shape, Rng& rng, const Operand& rate);
/// `count` indices along the last axis of logits [..., classes], as int64 [..., count], by softmax(logits). Without
/// `replacement` no index comes twice: each is drawn from those that are left (by Gumbel's trick: Kool, van Hoof,
/// Welling, "Stochastic beams and where to find them", 2019). No derivative flows, -inf is never drawn. ValueError,
/// perhaps only when it is evaluated, for logits that are no distribution, and for more draws than possible classes
/// without replacement.
Tensor multinomial(const Operand& logits, std::int64_t count, Rng& rng, bool replacement = false);

}  // namespace xgrad
