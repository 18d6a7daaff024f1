#include "autograd/transform/functional.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad::detail {

Tensors jacobians(const Tensor& y, const Tensors& xs, const Location& where) {
  check<GraphError>(y.defined(), where, "jacobian: the function returned an undefined Tensor");
  const CallScope scope("jacobian", where);
  std::vector<Tensors> rows(xs.size());
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    const Tensor basis = pad(ones({1}, y.dtype()), 0, i, y.numel() - 1 - i);
    const Tensors pulled = pull({y}, {reshape(basis, y.shape())}, xs, where);
    for (std::size_t k = 0; k < xs.size(); ++k) rows[k].push_back(reshape(pulled[k], {1, xs[k].numel()}));
  }
  Tensors results;
  for (std::size_t k = 0; k < xs.size(); ++k) {
    std::vector<std::int64_t> shape(y.shape().begin(), y.shape().end());
    shape.insert(shape.end(), xs[k].shape().begin(), xs[k].shape().end());
    const bool empty = rows[k].empty() || xs[k].numel() == 0;
    results.push_back(empty ? zeros(shape, xs[k].dtype(), where) : reshape(concat(rows[k], 0, where), shape));
  }
  return results;
}

}  // namespace xgrad::detail
