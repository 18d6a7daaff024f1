#include "autograd/transform/functional.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/transform/batch.hpp"

namespace xgrad::detail {

namespace {

// What a Jacobian may take beside its result: for each of so many directions at once, one value of each kind that
// lies on the way.
constexpr std::int64_t most_at_once = std::int64_t{1} << 24;

// The directions e_first, ..., e_(first + count - 1) of the space of x.
Tensor unit_vectors(const Tensor& x, std::int64_t first, std::int64_t count) {
  const Tensor ones_there = diag_embed(ones({count}, x.dtype()));
  return reshape(pad(ones_there, 1, first, x.numel() - first - count), with_front(count, x.shape()));
}

Shape jacobian_shape(const Tensor& y, const Tensor& x) {
  std::vector<std::int64_t> shape(y.shape().begin(), y.shape().end());
  shape.insert(shape.end(), x.shape().begin(), x.shape().end());
  return shape;
}

using Map = std::function<Tensors(const Tensor&)>;

// f of each of the directions, stacked: by one call, unless f looks at values.
Tensors of_each(const Tensor& directions, const Map& f, const Location& where) {
  const std::int64_t count = directions.size(0);
  Batch batch(count, where);
  try {
    return batch.for_all(f(batch.example(directions)));
  } catch (const GraphError&) {
    if (!batch.value_asked()) throw;
  }
  batch.end();
  std::vector<Tensors> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensors row = f(select(directions, 0, i));
    rows.resize(row.size());
    for (std::size_t k = 0; k < row.size(); ++k) rows[k].push_back(row[k]);
  }
  Tensors all;
  for (const Tensors& row : rows) all.push_back(stack(row, 0, where));
  return all;
}

}  // namespace

Tensors along_all(const Tensor& x, std::int64_t widest, const Map& f, const Location& where) {
  const std::int64_t at_once = std::max<std::int64_t>(1, most_at_once / std::max<std::int64_t>(1, widest));
  std::vector<Tensors> parts;
  for (std::int64_t first = 0; first < x.numel(); first += at_once) {
    const std::int64_t count = std::min(at_once, x.numel() - first);
    const Tensors rows = of_each(unit_vectors(x, first, count), f, where);
    parts.resize(rows.size());
    for (std::size_t k = 0; k < rows.size(); ++k) parts[k].push_back(rows[k]);
  }
  Tensors all;
  for (const Tensors& rows : parts) all.push_back(concat(rows, 0, where));
  return all;
}

// Row by row, by cotangents of y, or where there are many more rows than columns, column by column, by tangents: which
// take a walk back over what a walk back has recorded.
Tensors jacobians(const Tensor& y, const Tensors& xs, const Location& where) {
  check<GraphError>(y.defined(), where, "jacobian: the function returned an undefined Tensor");
  const CallScope scope("jacobian", where);
  std::int64_t columns = 0, widest = y.numel();
  for (const Tensor& x : xs) {
    columns += x.numel();
    widest = std::max(widest, x.numel());
  }
  Tensors results;
  if (y.numel() == 0 || columns == 0) {
    for (const Tensor& x : xs) results.push_back(zeros(jacobian_shape(y, x), x.dtype(), where));
  } else if (y.numel() <= 4 * columns) {
    const auto row = [&](const Tensor& cotangent) -> Tensors { return pull({y}, {cotangent}, xs, where); };
    const Tensors rows = along_all(y, widest, row, where);
    for (std::size_t k = 0; k < xs.size(); ++k) results.push_back(reshape(rows[k], jacobian_shape(y, xs[k])));
  } else {
    for (const Tensor& x : xs) {
      const Pushforward push({y}, {x}, "jacobian", where);
      const auto column = [&](const Tensor& tangent) -> Tensors { return push({tangent}); };
      const Tensors columns_of_x = along_all(x, widest, column, where);
      const Tensor flat = columns_of_x.empty() ? zeros({0, y.numel()}, y.dtype()) : columns_of_x[0];
      const Tensor turned = transpose(reshape(flat, {x.numel(), y.numel()}));
      results.push_back(reshape(x.dtype() == y.dtype() ? turned : cast(turned, x.dtype()), jacobian_shape(y, x)));
    }
  }
  return results;
}

}  // namespace xgrad::detail
