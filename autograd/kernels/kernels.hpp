#pragma once

// kernels/: the reference kernels: the plain definition of every primitive.
//   in:  raw row-major memory, with shapes that were checked.
//   out: every element of the result.
//
// The kernels are loops over raw row-major memory, written with xtensor and xtensor-blas; they know no Tensor. Callers
// check shapes, axes and sizes. Kernels check indices and integer divisors before they use them, because their values
// are not known earlier.

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/core/instruction.hpp"
#include "autograd/core/location.hpp"
#include "autograd/core/random.hpp"
#include "autograd/core/view.hpp"

namespace xgrad::kernels {

/// y = f(x), element by element.
void unary(Instruction f, const View& x, const View& y);
/// y = f(a, b), element by element; comparisons and logical operations give bool.
void binary(Instruction f, const View& a, const View& b, const View& y, const Location& where);
/// y = log |Gamma(x)|, the n-th derivative of the digamma function, and the inverse of erf, element by element.
void lgamma(const View& x, const View& y);
void polygamma(std::int64_t n, const View& x, const View& y);
void erfinv(const View& x, const View& y);
/// y = P(a, x), the regularised lower incomplete gamma function, or 1 - P(a, x), element by element.
void incomplete_gamma(bool upper, const View& a, const View& x, const View& y);
/// The highest order of its derivatives by a.
inline constexpr std::int64_t most_shape_derivatives = 15;
/// y = -(d^n P(a, x) / da^n) Gamma(a) e^x / x^a with n >= 1, element by element.
void gamma_shape_derivative(std::int64_t n, const View& a, const View& log_x, const View& y);
/// y = a * b + c, rounded once
void fma(const View& a, const View& b, const View& c, const View& y);
/// y = the remainder of a / b, with the sign of a. ValueError for int64 divisors that are 0.
void fmod(const View& a, const View& b, const View& y, const Location& where);
enum class Bits { both, either, one, left, right };  ///< and, or, exclusive or, and shifts
/// y = f(a, b) of int64, bit by bit. ValueError for shifts below 0.
void bitwise(Bits f, const View& a, const View& b, const View& y, const Location& where);
/// y = condition ? a : b
void where(const View& condition, const View& a, const View& b, const View& y);
/// y = x, converted: to bool by x != 0; from floating to int64 by truncation, clamped to its range, and NaN to 0.
void cast(const View& x, const View& y);

/// sum, prod, max or min over axes; y has size 1 there. Sums are accurate (float32 is added in double, pairwise); max
/// and min propagate NaN.
void reduce(Instruction f, const View& x, AxisSet axes, const View& y);
/// The first index of the extreme along an axis, or of the first NaN; y has size 1 there.
void arg_extreme(Instruction max_or_min, const View& x, std::int64_t axis, const View& y);
/// The indices that sort an axis in ascending or descending order; equal elements stay in their order, and so do NaNs,
/// which are above all numbers. y may be shorter along the axis: it gets the order from position `first` on.
void argsort(const View& x, std::int64_t axis, bool descending, std::int64_t first, const View& y);
void cumsum(const View& x, std::int64_t axis, bool reverse, const View& y);
/// y_i = a_i y_(i-1) + b_i along an axis, or from its end; the first a is not read. float32 in double.
void linear_recurrence(const View& a, const View& b, std::int64_t axis, bool reverse, const View& y);
/// y_i = x_0 ... x_i along an axis. float32 in double.
void cumprod(const View& x, std::int64_t axis, const View& y);
/// y_i = the product of all x_j with j != i along an axis, without a division. float32 in double.
void product_of_others(const View& x, std::int64_t axis, const View& y);
/// y_i = max or min of x_0, ..., x_i along an axis, the first of equal ones; NaN from the first NaN on.
void running_extreme(Instruction max_or_min, const View& x, std::int64_t axis, const View& y);
/// y_i = log(e^x_0 + ... + e^x_i) along an axis, without overflow. float32 in double.
void logcumsumexp(const View& x, std::int64_t axis, const View& y);

/// Repeats axes of x with size 1 to their size in y.
void broadcast(const View& x, const View& y);
void permute(const View& x, const Shape& order, const View& y);
void slice(const View& x, std::int64_t axis, std::int64_t start, std::int64_t step, const View& y);
/// y = value, except x at before, before + interior + 1, ... of the axis, where that is inside y.
void pad(const View& x, std::int64_t axis, std::int64_t before, std::int64_t interior, double value, const View& y);
void concat(std::span<const View> xs, std::int64_t axis, const View& y);
/// Windows of an axis: window i begins at place i * stride - before and has `size` elements, `dilation` apart.
struct Sliding {
  std::int64_t axis, size, stride, dilation, before;
};
/// The elements of all windows. y has the axes of x before the first axis with windows, then an axis with the places of
/// a window for each of `windows` (in the order of their axes), then the other axes of x, with windows in place of
/// elements. Elements outside x are `value`.
void unfold(const View& x, std::span<const Sliding> windows, double value, const View& y);
/// The transpose of unfold: each element of y is the sum of all its occurrences in windows of x, in their order.
void fold(const View& x, std::span<const Sliding> windows, const View& y);
void flip(const View& x, AxisSet axes, const View& y);

/// IndexError unless every index is in [0, size).
void check_indices(const View& index, std::int64_t size, const char* operation, const Location& where);
// Off the axis, the index has the sizes of the data, or size 1 where it is repeated.
/// y[i][j] = x[index[i][j]][j] for axis 0.
void gather(const View& x, const View& index, std::int64_t axis, const View& y, const Location& where);
/// y = 0, then y[index[i][j]][j] += source[i][j] for axis 0, in row-major order.
void scatter_add(const View& source, const View& index, std::int64_t axis, const View& y, const Location& where);
/// For each index: the position along the axis of the largest of the elements that go to it, of equal ones and of NaNs
/// the last; -1 if no element does. `index` has the shape of x.
void scatter_argmax(const View& x, const View& index, std::int64_t axis, const View& y, const Location& where);

/// y[i][index[i]] = 1, else 0.
void one_hot(const View& index, const View& y, const Location& where);

/// Matrix product of the last two axes: (batch, m, k)(batch, k, n) -> (batch, m, n), with equal leading axes.
void matmul(const View& a, const View& b, const View& y);

// These take matrices in the last two axes, with equal leading axes. LinalgError names the batch entry and the pivot.
/// (x + x^T) / 2 = y y^T with y lower triangular.
void cholesky(const View& x, const View& y, const Location& where);
/// Solves a y = b, or a^T y = b if `transposed`, for a triangular a; `unit` says that its diagonal has ones.
void triangular_solve(const View& a, const View& b, bool upper, bool transposed, bool unit, const View& y,
                      const Location& where);
/// Solves a y = b.
void solve(const View& a, const View& b, const View& y, const Location& where);
enum class Determinant { whole, log, sign };  ///< itself, the logarithm of its absolute value, or its sign
void determinant(Determinant part, const View& x, const View& y);
/// y_ij = the derivative of the determinant by x_ij, of singular matrices, too.
void cofactors(const View& x, const View& y);
/// For each matrix m x n, m >= n: as many orthonormal columns as y has. The first k <= n of them span what the first k
/// columns of the matrix span, with positive coefficients.
void orthonormalise(const View& x, const View& y, const Location& where);
/// For each matrix x: x, the eigenvectors of (x + x^T) / 2 one after the other, then the eigenvalues, ascending. The
/// first of the largest components of a vector is positive.
void eigh(const View& x, const View& y, const Location& where);
/// For each matrix x = U diag(s) V^T: x, the columns of U one after the other, s, descending, then the columns of V.
/// The first of the largest components of a column of U is positive.
void svd(const View& x, const View& y, const Location& where);
/// Whether these results of eigh or svd are those of x.
bool are_results_of(const View& x, const View& results);
/// V diag(1 / s) U^T, of the singular values above rtol times the largest.
void pinv(const View& x, double rtol, const View& y, const Location& where);
/// Which differences reciprocal_gaps divides by; sums are differences of a and -b.
enum class Gap { eigenvalues, singular_values, sums, sums_and_doubles };
/// y_ij = 1 / (a_i - b_j), for all values b (or -b) and the values a from `begin` on; 0 for a value and itself, unless
/// doubles are asked for. LinalgError where a difference is within the rounding errors of a matrix of this size.
void reciprocal_gaps(Gap gap, std::int64_t begin, std::int64_t size, const View& a, const View& b, const View& y,
                     const Location& where);
/// e^x of square matrices.
void matrix_exp(const View& x, const View& y, const Location& where);

/// Uniform in [low, high): element i from block i / 2 of the stream (float64: 53 bits, float32: 24 bits).
void uniform(RandomState state, double low, double high, const View& y);
/// Normal, by the Box-Muller transform: elements 2i and 2i + 1 from block i of the stream.
void normal(RandomState state, double mean, double deviation, const View& y);
/// low + floor(range * u) for the 128 bits u of block i as a fraction in [0, 1); y is int64.
void randint(RandomState state, std::int64_t low, std::uint64_t range, const View& y);
/// y = u < p, for float64 numbers u in [0, 1). ValueError unless 0 <= p <= 1.
void bernoulli(const View& p, const View& u, const View& y, const Location& where);
/// For each u the first index along the last axis up to which the cumulative probability is more than u. u and y have
/// some elements for each row of logits. ValueError for a row that is no distribution.
void categorical(const View& logits, const View& u, const View& y, const Location& where);
/// The indices of the largest logit - log(-log(1 - u)) along the last axis, as many as y has, the largest first.
/// ValueError for a row that is no distribution, or has fewer possible classes.
void draw_without_replacement(const View& logits, const View& u, const View& y, const Location& where);

// These draw element i from the stream with key i (int64). ValueError for invalid parameters.
/// Gamma distributed with rate 1, or the logarithm of that, which does not underflow.
void gamma_draw(const View& concentration, const View& keys, bool logarithm, const View& y, const Location& where);
/// y is int64.
void poisson_draw(const View& rate, const View& keys, const View& y, const Location& where);
/// Solves Phi(y) = Phi(low) + u (Phi(high) - Phi(low)), float64; accurate in both tails.
void truncated_normal_draw(const View& low, const View& high, const View& u, const View& y, const Location& where);
/// ValueError unless all elements are finite and > bound (>=, if not strict).
void check_above(double bound, bool strict, const char* call, const char* name, const View& x, const Location& where);

}  // namespace xgrad::kernels
