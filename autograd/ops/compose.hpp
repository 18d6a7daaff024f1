#pragma once

// Compositions of general use. They have no derivative rules; the tape derives them.

#include <limits>
#include <optional>

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

Tensor square(const Operand& x);      ///< x * x
Tensor reciprocal(const Operand& x);  ///< 1 / x, of floating dtypes
Tensor rsqrt(const Operand& x);       ///< 1 / sqrt(x)
Tensor log10(const Operand& x);
Tensor exp2(const Operand& x);
/// sqrt(a^2 + b^2) without overflow; its derivatives at (0, 0) are 0.
Tensor hypot(const Operand& a, const Operand& b);
/// x * log(y), and 0 where x = 0 (NaN if y is).
Tensor xlogy(const Operand& x, const Operand& y);
/// log(e^a + e^b) without overflow.
Tensor logaddexp(const Operand& a, const Operand& b);
/// log2(2^a + 2^b) without overflow.
Tensor logaddexp2(const Operand& a, const Operand& b);
/// min(max(x, low), high); a value on a bound passes the derivative. NaN where x or a bound is. ValueError for numbers
/// low > high; where a Tensor of bounds has low > high, the result is high.
Tensor clamp(const Operand& x, const Operand& low, const Operand& high);
Tensor isnan(const Operand& x);     ///< bool
Tensor isfinite(const Operand& x);  ///< bool
Tensor isinf(const Operand& x);     ///< bool

Tensor asinh(const Operand& x);  ///< log(x + sqrt(x^2 + 1)), accurate for all x
Tensor acosh(const Operand& x);  ///< log(x + sqrt(x^2 - 1)); NaN for x < 1
Tensor atanh(const Operand& x);  ///< log((1 + x) / (1 - x)) / 2
Tensor sinc(const Operand& x);   ///< sin(pi x) / (pi x), 1 at 0, with all derivatives there
/// |a| with the sign of b, also that of a zero. The derivative by b is 0.
Tensor copysign(const Operand& a, const Operand& b);
/// x with other numbers in place of NaN, +inf and -inf; by default infinities become the largest numbers of the dtype.
/// The derivative is 0 where an element is replaced.
Tensor nan_to_num(const Operand& x, double nan = 0, std::optional<double> above = {}, std::optional<double> below = {});
/// a + weight (b - a), exactly a for weight 0 and b for weight 1.
Tensor lerp(const Operand& a, const Operand& b, const Operand& weight);
/// How near is close: |a - b| <= absolute + relative |b|.
struct Closeness {
  double relative = 1e-5, absolute = 1e-8;
  bool equal_nan = false;  ///< whether NaN is close to NaN
};
/// bool: whether a is close to b, or equal (as infinities are). ValueError for tolerances below 0.
Tensor isclose(const Operand& a, const Operand& b, const Closeness& within = {});

/// The arithmetic mean; of a mask (bool), as float32, the part that is true. ValueError for no elements, DTypeError for
/// int64.
Tensor mean(const Operand& x, const Axes& axes = all_axes, KeepDims keep = KeepDims::no);
/// sum (x - mean)^2 / (n - correction). ValueError unless n > correction.
Tensor var(const Operand& x, const Axes& axes = all_axes, std::int64_t correction = 1, KeepDims keep = KeepDims::no);
/// The standard deviation, sqrt(var), with derivative 0 where the variance is 0.
Tensor stddev(const Operand& x, const Axes& axes = all_axes, std::int64_t correction = 1, KeepDims keep = KeepDims::no);
/// stddev under numpy's name: write `xgrad::std(x)`, because after `using namespace xgrad` a plain `std` is ambiguous
/// with the namespace.
Tensor std(const Operand& x, const Axes& axes = all_axes, std::int64_t correction = 1, KeepDims keep = KeepDims::no);
/// sqrt(sum x^2), without overflow. Its derivative at the zero vector is 0.
Tensor norm(const Operand& x, const Axes& axes = all_axes, KeepDims keep = KeepDims::no);
/// The order p of a norm. It has a type of its own, because a plain number would be an axis.
struct NormOrder {
  double p;
};
/// (sum |x|^p)^(1/p), without overflow: norm(x, -1, {.p = 1}), norm(x, all_axes, {.p = 3}, keep_dims); p = inf, -inf
/// and 0 as usual. Its derivative at the zero vector is 0 for p >= 1.
Tensor norm(const Operand& x, const Axes& axes, NormOrder order, KeepDims keep = KeepDims::no);
/// log(sum(e^x)) without overflow.
Tensor logsumexp(const Operand& x, const Axes& axes = all_axes, KeepDims keep = KeepDims::no);
namespace detail {
struct Softmax {
  Tensor operator()(const Operand& x, std::int64_t axis = -1) const;
};
struct LogSoftmax {
  Tensor operator()(const Operand& x, std::int64_t axis = -1) const;
};
}  // namespace detail
// Function objects, so that they keep the defaults of their other arguments when they are passed on.
inline constexpr detail::Softmax softmax;         ///< softmax(x, axis = -1): e^x / sum(e^x) along an axis
inline constexpr detail::LogSoftmax log_softmax;  ///< log_softmax(x, axis = -1): x - logsumexp(x) along an axis
/// Sum of the products of two vectors.
Tensor dot(const Operand& a, const Operand& b);
/// a_i b_j
Tensor outer(const Operand& a, const Operand& b);
/// The triangle of the last two axes on and below (above) a diagonal; zeros elsewhere.
Tensor tril(const Operand& x, std::int64_t diagonal = 0);
Tensor triu(const Operand& x, std::int64_t diagonal = 0);

template <OnlyKeepDims Keep>
Tensor mean(const Operand& x, Keep keep) {
  return mean(x, all_axes, keep);
}
template <OnlyKeepDims Keep>
Tensor var(const Operand& x, Keep keep) {
  return var(x, all_axes, 1, keep);
}
template <OnlyKeepDims Keep>
Tensor var(const Operand& x, const Axes& axes, Keep keep) {
  return var(x, axes, 1, keep);
}
template <OnlyKeepDims Keep>
Tensor stddev(const Operand& x, Keep keep) {
  return stddev(x, all_axes, 1, keep);
}
template <OnlyKeepDims Keep>
Tensor stddev(const Operand& x, const Axes& axes, Keep keep) {
  return stddev(x, axes, 1, keep);
}
template <OnlyKeepDims Keep>
Tensor std(const Operand& x, Keep keep) {
  return std(x, all_axes, 1, keep);
}
template <OnlyKeepDims Keep>
Tensor std(const Operand& x, const Axes& axes, Keep keep) {
  return std(x, axes, 1, keep);
}
template <OnlyKeepDims Keep>
Tensor norm(const Operand& x, Keep keep) {
  return norm(x, all_axes, keep);
}
template <OnlyKeepDims Keep>
Tensor logsumexp(const Operand& x, Keep keep) {
  return logsumexp(x, all_axes, keep);
}
/// Refuses a bool in place of the correction.
template <std::same_as<bool> Bool>
Tensor var(const Operand& x, const Axes& axes, Bool keep) = delete;
template <std::same_as<bool> Bool>
Tensor stddev(const Operand& x, const Axes& axes, Bool keep) = delete;
template <std::same_as<bool> Bool>
Tensor std(const Operand& x, const Axes& axes, Bool keep) = delete;

/// The same value, through which no derivative flows.
Tensor stop_gradient(const Operand& x);

}  // namespace xgrad
