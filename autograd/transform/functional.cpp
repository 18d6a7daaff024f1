#include "autograd/transform/functional.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/core/no_memory.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/transform/directions.hpp"

namespace xgrad::detail {

namespace {

Shape jacobian_shape(const Tensor& y, const Tensor& x) {
  std::vector<std::int64_t> shape(y.shape().begin(), y.shape().end());
  shape.insert(shape.end(), x.shape().begin(), x.shape().end());
  return shape;
}

Tensors rows_of_jacobians(const Tensor& y, const Tensors& xs, std::int64_t widest, const Location& where) {
  const auto row = [&](const Tensor& cotangent) { return pull({y}, {cotangent}, xs, where); };
  const Tensors rows = along_unit_vectors(y, widest, row, where);
  Tensors results;
  for (std::size_t k = 0; k < xs.size(); ++k) results.push_back(reshape(rows[k], jacobian_shape(y, xs[k])));
  return results;
}

Tensor columns_of_jacobian(const Tensor& y, const Tensor& x, std::int64_t widest, const Location& where) {
  if (x.numel() == 0) return zeros(jacobian_shape(y, x), x.dtype(), where);
  const Pushforward push({y}, {x}, "jacobian", where);
  const auto column = [&](const Tensor& tangent) { return push({tangent}); };
  const Tensor columns = along_unit_vectors(x, widest, column, where)[0];
  const Tensor turned = transpose(reshape(columns, {x.numel(), y.numel()}));
  return reshape(x.dtype() == y.dtype() ? turned : cast(turned, x.dtype()), jacobian_shape(y, x));
}

}  // namespace

// Computes rows from cotangents of y or, if there are many more rows than columns, columns from tangents. A tangent
// takes a backward pass over the record of a backward pass.
Tensors jacobians(const Tensor& y, const Tensors& xs, const Location& where) try {
  check<GraphError>(y.defined(), where, "jacobian: the function returned an undefined Tensor");
  const CallScope scope("jacobian", where);
  std::int64_t columns = 0, widest = y.numel();
  for (const Tensor& x : xs) {
    columns += x.numel();
    widest = std::max(widest, x.numel());
  }
  if (y.numel() > 0 && columns > 0 && y.numel() <= 4 * columns) return rows_of_jacobians(y, xs, widest, where);
  Tensors results;
  for (const Tensor& x : xs)
    results.push_back(y.numel() == 0 ? zeros(jacobian_shape(y, x), x.dtype(), where)
                                     : columns_of_jacobian(y, x, widest, where));
  return results;
} catch (const std::bad_alloc&) {
  no_memory("jacobian", where);
}

}  // namespace xgrad::detail
