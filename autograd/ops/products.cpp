// Products that are not written with letters.

#include <algorithm>
#include <numeric>

#include "autograd/core/fail.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/einsum.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

std::vector<std::int64_t> sizes_of(const Shape& shape, std::int64_t begin, std::int64_t end) {
  return {shape.begin() + begin, shape.begin() + end};
}

// Both operands as Tensors; a number becomes a 0-d Tensor with the dtype of the other.
std::pair<Tensor, Tensor> as_written(const Operand& a, const Operand& b) {
  const auto one_like = [](const Operand& x) { return zeros({}, x.tensor().dtype()); };
  if (a.is_number() && !b.is_number()) return {a.tensor_like(one_like(b)), b.tensor()};
  if (b.is_number() && !a.is_number()) return {a.tensor(), b.tensor_like(one_like(a))};
  return tensors_of(a, b);
}

std::int64_t product_of(const std::vector<std::int64_t>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace

Tensor tensordot(const Operand& a, const Operand& b, std::int64_t axes) {
  const CallScope scope("tensordot", a.where());
  const auto [lhs, rhs] = as_written(a, b);
  check<ValueError>(axes >= 0 && axes <= std::min(lhs.ndim(), rhs.ndim()), a.where(), "tensordot: ", axes, " axes of ",
                    describe(lhs), " and ", describe(rhs));
  const std::int64_t free = lhs.ndim() - axes;
  const auto summed = sizes_of(lhs.shape(), free, lhs.ndim());
  check<ShapeError>(summed == sizes_of(rhs.shape(), 0, axes), a.where(), "tensordot: the last ", axes, " axes of ",
                    describe(lhs), " are not the first of ", describe(rhs));
  auto left = sizes_of(lhs.shape(), 0, free), right = sizes_of(rhs.shape(), axes, rhs.ndim());
  const std::int64_t m = product_of(left), k = product_of(summed), n = product_of(right);
  left.insert(left.end(), right.begin(), right.end());
  return reshape(matmul(reshape(lhs, {m, k}), reshape(rhs, {k, n})), Shape(left));
}

Tensor tensordot(const Operand& a, const Operand& b, const std::vector<std::int64_t>& axes_of_a,
                 const std::vector<std::int64_t>& axes_of_b) {
  const CallScope scope("tensordot", a.where());
  const auto [lhs, rhs] = as_written(a, b);
  check<ValueError>(axes_of_a.size() == axes_of_b.size(), a.where(), "tensordot: ", axes_of_a.size(), " axes and ",
                    axes_of_b.size());
  const auto count = static_cast<std::int64_t>(axes_of_a.size());
  std::vector<std::int64_t> last, first;
  for (std::int64_t i = 0; i < count; ++i) last.push_back(i - count), first.push_back(i);
  return tensordot(moveaxis(lhs, axes_of_a, last), moveaxis(rhs, axes_of_b, first), count);
}

Tensor inner(const Operand& a, const Operand& b) {
  const CallScope scope("inner", a.where());
  const auto [lhs, rhs] = as_written(a, b);
  if (lhs.ndim() == 0 || rhs.ndim() == 0) return lhs * rhs;
  return tensordot(lhs, rhs, {-1}, {-1});
}

// Puts an axis of size 1 behind each axis of a and before each of b, multiplies, and joins each pair of axes.
Tensor kron(const Operand& a, const Operand& b) {
  const CallScope scope("kron", a.where());
  const auto [lhs, rhs] = as_written(a, b);
  const std::int64_t ndim = std::max(lhs.ndim(), rhs.ndim());
  std::vector<std::int64_t> left, right;
  for (std::int64_t axis = -ndim; axis < 0; ++axis) {
    left.insert(left.end(), {axis < -lhs.ndim() ? 1 : lhs.size(axis), 1});
    right.insert(right.end(), {1, axis < -rhs.ndim() ? 1 : rhs.size(axis)});
  }
  const Tensor blocks = reshape(lhs, Shape(left)) * reshape(rhs, Shape(right));
  std::vector<std::int64_t> joined;
  for (std::int64_t axis = 0; axis < ndim; ++axis) joined.push_back(blocks.size(2 * axis) * blocks.size(2 * axis + 1));
  return reshape(blocks, Shape(joined));
}

// (a x b)_i = a_{i+1} b_{i+2} - a_{i+2} b_{i+1}
Tensor cross(const Operand& a, const Operand& b, std::int64_t axis) {
  const CallScope scope("cross", a.where());
  const auto [lhs, rhs] = as_written(a, b);
  check<ShapeError>(axis < 0 || lhs.ndim() == rhs.ndim(), a.where(), "cross: axis ", axis, " is not the same one of ",
                    describe(lhs), " and ", describe(rhs), "; count it from the end");
  check<ShapeError>(lhs.size(axis) == 3 && rhs.size(axis) == 3, a.where(), "cross: axis ", axis, " of ", describe(lhs),
                    " and ", describe(rhs), " has not 3 elements");
  return roll(lhs, -1, axis) * roll(rhs, -2, axis) - roll(lhs, -2, axis) * roll(rhs, -1, axis);
}

Tensor addmm(const Operand& c, const Operand& a, const Operand& b, double beta, double alpha) {
  const CallScope scope("addmm", c.where());
  const Tensor product = matmul(a, b), scaled = alpha == 1 ? product : product * alpha;
  if (beta == 0) return broadcast_to(scaled, (c + scaled).shape());  // whatever the values of c
  return beta == 1 ? c + scaled : c * beta + scaled;
}

}  // namespace xgrad
