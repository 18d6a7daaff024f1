// Family matmul: products, and the diagonals and triangles of matrices.

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/reference_check/call.hpp"

namespace xgrad::reference {

namespace {

/// Where a diagonal starts among the elements of a matrix with so many columns.
std::int64_t start_of(std::int64_t offset, std::int64_t columns) { return offset >= 0 ? offset : -offset * columns; }

Tensor diagonal(const Tensor& x, std::int64_t offset, std::int64_t dim1, std::int64_t dim2) {
  const std::int64_t first = dim1 < 0 ? dim1 + x.ndim() : dim1, second = dim2 < 0 ? dim2 + x.ndim() : dim2;
  std::vector<std::int64_t> order, shape;
  for (std::int64_t axis = 0; axis < x.ndim(); ++axis)
    if (axis != first && axis != second) order.push_back(axis), shape.push_back(x.size(axis));
  order.insert(order.end(), {first, second});
  const std::int64_t rows = x.size(first), columns = x.size(second);
  const std::int64_t length =
      std::max<std::int64_t>(0, offset >= 0 ? std::min(rows, columns - offset) : std::min(rows + offset, columns));
  const Tensor last = permute(x, order);
  if (length == 0) return reshape(slice(last, -1, 0, 0), (shape.push_back(0), shape));
  shape.push_back(rows * columns);
  const std::int64_t start = start_of(offset, columns);
  return slice(reshape(last, shape), -1, start, start + (length - 1) * (columns + 1) + 1, columns + 1);
}

/// The square matrix with x on one diagonal.
Tensor matrix_of(const Tensor& x, std::int64_t offset) {
  const std::int64_t count = x.numel(), size = count + std::abs(offset), start = start_of(offset, size);
  const std::int64_t covered = count == 0 ? 0 : (count - 1) * (size + 1) + 1;
  const Tensor flat = count == 0 ? pad(x, 0, 0, size * size) : pad(x, 0, start, size * size - start - covered, 0, size);
  return reshape(flat, {size, size});
}

Tensors diag_rule(const Call& call) {
  const Tensor& x = call["input"];
  const std::int64_t offset = call.args.integer("diagonal", 0);
  return {x.ndim() == 1 ? matrix_of(x, offset) : diagonal(x, offset, 0, 1)};
}

Tensors linear_rule(const Call& call) {
  const Tensor product = matmul(call["input"], transpose(call["weight"], 0, -1));
  return {call.has("bias") ? product + call["bias"] : product};
}

Tensors addmm_rule(const Call& call) {
  const double alpha = call.args.number("alpha", 1), beta = call.args.number("beta", 1);
  const Tensor product = alpha * matmul(call["mat1"], call["mat2"]);
  if (beta == 0) return {product + zeros(call["input"].shape(), product.dtype())};  // even where the input is NaN
  return {beta * call["input"] + product};
}

}  // namespace

void add_products(Rules& rules) {
  rules["matmul"] = [](const Call& call) { return Tensors{matmul(call["input"], call["other"])}; };
  rules["outer"] = [](const Call& call) { return Tensors{outer(call["input"], call["vec2"])}; };
  rules["linear"] = linear_rule;
  rules["addmm"] = addmm_rule;
  rules["trace"] = [](const Call& call) { return Tensors{sum(diagonal(call["input"], 0, 0, 1))}; };
  rules["diag"] = diag_rule;
  rules["diagonal"] = [](const Call& call) {
    return Tensors{diagonal(call["input"], call.args.integer("offset", 0), call.args.integer("dim1", 0),
                            call.args.integer("dim2", 1))};
  };
  rules["triu"] = [](const Call& call) { return Tensors{triu(call["input"], call.args.integer("diagonal", 0))}; };
  rules["tril"] = [](const Call& call) { return Tensors{tril(call["input"], call.args.integer("diagonal", 0))}; };
}

}  // namespace xgrad::reference
