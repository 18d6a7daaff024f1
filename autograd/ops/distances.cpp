#include "autograd/ops/distances.hpp"

#include <limits>
#include <span>
#include <vector>

#include "autograd/core/infinity.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matrices.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad {

namespace {

// Combines the terms of all parts as a balanced tree, so that the errors of sums grow with the logarithm of the count.
template <class Combine, class Term>
Tensor fold(std::span<const Tensor> parts, Combine combine, Term term) {
  if (parts.size() == 1) return term(parts[0]);
  const std::size_t half = parts.size() / 2;
  const Tensor left = fold(parts.first(half), combine, term);
  return combine(left, fold(parts.subspan(half), combine, term));
}

// The differences x_i - y_j, or their negatives, for each coordinate, [..., m, n] each, from a column and a row. The
// engine fuses them into one pass and never stores the differences of all coordinates.
enum class PartSign { plus, minus };
std::vector<Tensor> differences(const Tensor& x, const Tensor& y, PartSign sign = PartSign::plus) {
  std::vector<Tensor> result;
  const Tensor across = transpose(y);
  for (std::int64_t k = 0; k < x.size(-1); ++k) {
    const Tensor column = slice(x, -1, k, k + 1), row = slice(across, -2, k, k + 1);
    result.push_back(sign == PartSign::plus ? column - row : row - column);
  }
  return result;
}

// The largest difference, by which others are divided so that no power overflows; at least the smallest normal number,
// whose reciprocal is finite. It is taken of the negative differences: the engine would store those that the sum uses,
// too.
Tensor scale_of(const Tensor& x, const Tensor& y) {
  const double least = x.dtype() == float32 ? static_cast<double>(std::numeric_limits<float>::min())
                                            : std::numeric_limits<double>::min();
  const std::vector<Tensor> parts = differences(x, y, PartSign::minus);
  const Tensor largest =
      maximum(fold(std::span<const Tensor>(parts), maximum, [](const Tensor& d) { return abs(d); }), least);
  return where(largest == infinity, 1, largest);
}

// As `norm` does it, for 0 <= p < inf.
Tensor distances(const Tensor& x, const Tensor& y, double p) {
  const std::vector<Tensor> parts = differences(x, y);
  if (p == 0)
    return fold(std::span<const Tensor>(parts), add, [&](const Tensor& d) { return cast(d != 0, x.dtype()); });
  if (p == 1) return fold(std::span<const Tensor>(parts), add, [](const Tensor& d) { return abs(d); });
  const Tensor scale = scale_of(stop_gradient(x), stop_gradient(y)), factor = 1 / scale;
  const Tensor total = fold(std::span<const Tensor>(parts), add, [&](const Tensor& d) {
    if (p == 2) return square(d * factor);
    return where(d == 0, 0, pow(abs(d) * factor, p));
  });
  return scale * where(total == 0, 0, p == 2 ? sqrt(total) : pow(total, 1 / p));
}

}  // namespace

Tensor cdist(const Operand& x, const Operand& y, double p) {
  const CallScope scope("cdist", x.where());
  const Tensor left = matrices(x, "cdist"), right = matrices(y, "cdist");
  check<DTypeError>(left.dtype() == right.dtype(), x.where(), "cdist: dtypes differ: ", describe(left), " and ",
                    describe(right));
  check<ShapeError>(left.size(-1) == right.size(-1), x.where(),
                    "cdist: the points have different sizes: ", describe(left), " and ", describe(right));
  check<ValueError>(p >= 0, x.where(), "cdist: p is ", p);
  constexpr std::int64_t most_coordinates = 128;  // with more, recording costs more than it saves
  if (left.size(-1) > 0 && left.size(-1) <= most_coordinates && p != infinity) return distances(left, right, p);
  return norm(unsqueeze(left, -2) - unsqueeze(right, -3), -1, {.p = p});
}

}  // namespace xgrad
