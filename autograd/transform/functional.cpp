#include "autograd/transform/functional.hpp"

#include <algorithm>
#include <atomic>

#include "autograd/core/fail.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/transform/batch.hpp"

namespace xgrad::detail {

namespace {

// What a function transform records may be differentiated again, and a function need not use its argument.
constexpr GradOptions nested{.create_graph = true, .allow_unused = true};

// A derivative of something that depends on nothing tracked is zero.
Tensors pull_all(const Tensor& y, const Tensor& cotangent, const Tensors& xs, const Location& where) {
  check<GraphError>(y.defined(), where, "grad: the function returned an undefined Tensor");
  return differentiate({&y, 1}, {&cotangent, 1}, xs, nested, where);
}

}  // namespace

Tensors track_all(std::span<const Tensor> xs, const Location& where) {
  Tensors tracked;
  for (const Tensor& x : xs) tracked.push_back(track(Operand(x, where)));
  return tracked;
}

Tensors inner_grad(const Tensor& value, const Tensors& xs, const Location& where) {
  return pull_all(value, {}, xs, where);
}

Tensors pull(const Tensor& y, const Tensor& cotangent, const Tensors& xs, const Location& where) {
  const EnableGrad tracking;
  return pull_all(y, cotangent, xs, where);
}

namespace {

void check_tangents(const Tensors& xs, const Tensors& tangents, const Location& where) {
  check<ValueError>(tangents.size() == xs.size(), where, "jvp: ", tangents.size(), " tangents for ", xs.size(),
                    " arguments");
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const std::string which = xs.size() > 1 ? ' ' + std::to_string(i) : "";
    check<ShapeError>(tangents[i].defined() && tangents[i].shape() == xs[i].shape(), where, "jvp: the tangent", which,
                      " is ", describe(tangents[i]), ", the argument ", describe(xs[i]));
    check<DTypeError>(tangents[i].dtype() == xs[i].dtype(), where, "jvp: the tangent", which, " is ",
                      describe(tangents[i]), ", the argument ", describe(xs[i]));
  }
}

}  // namespace

Tensors push(const Tensors& ys, const Tensors& xs, const Tensors& tangents, const Location& where) {
  check_tangents(xs, tangents, where);
  const CallScope scope("jvp", where);
  Tensors cotangents, products;
  for (const Tensor& y : ys) {
    check<GraphError>(y.defined(), where, "jvp: the function returned an undefined Tensor");
    cotangents.push_back(track(zeros_like(y)));
  }
  const Tensors pulled = differentiate(ys, cotangents, xs, nested, where);
  // The sum of all products, as many outputs of one walk: they may be of two dtypes.
  for (std::size_t i = 0; i < xs.size(); ++i) products.push_back(sum(pulled[i] * tangents[i]));
  return differentiate(products, Tensors(products.size()), cotangents, nested, where);
}

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

// f(u) for u = e_0, e_1, ... of the space of x, each with those axes in front, in parts that `widest` values of one
// direction fit into.
template <class F>
Tensors along_all(const Tensor& x, std::int64_t widest, const F& f, const Location& where) {
  const std::int64_t at_once = std::max<std::int64_t>(1, most_at_once / std::max<std::int64_t>(1, widest));
  std::vector<Tensors> parts;
  for (std::int64_t first = 0; first < x.numel(); first += at_once) {
    const std::int64_t count = std::min(at_once, x.numel() - first);
    Batch batch(count, where);
    const Tensors rows = batch.for_all(f(batch.example(unit_vectors(x, first, count))));
    parts.resize(rows.size());
    for (std::size_t k = 0; k < rows.size(); ++k) parts[k].push_back(rows[k]);
  }
  Tensors all;
  for (const Tensors& rows : parts) all.push_back(concat(rows, 0, where));
  return all;
}

}  // namespace

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
    const auto row = [&](const Tensor& cotangent) { return pull(y, cotangent, xs, where); };
    const Tensors rows = along_all(y, widest, row, where);
    for (std::size_t k = 0; k < xs.size(); ++k) results.push_back(reshape(rows[k], jacobian_shape(y, xs[k])));
  } else {
    for (const Tensor& x : xs) {
      const auto column = [&](const Tensor& tangent) { return push({y}, {x}, {tangent}, where); };
      const Tensors columns_of_x = along_all(x, widest, column, where);
      const Tensor flat = columns_of_x.empty() ? zeros({0, y.numel()}, y.dtype()) : columns_of_x[0];
      const Tensor turned = transpose(reshape(flat, {x.numel(), y.numel()}));
      results.push_back(reshape(x.dtype() == y.dtype() ? turned : cast(turned, x.dtype()), jacobian_shape(y, x)));
    }
  }
  return results;
}

void refuse_count(std::size_t count, const Location& where) {
  fail<ValueError>(where, "the function does not take ", count, count == 1 ? " Tensor" : " Tensors");
}

std::uint32_t new_segment() {
  static std::atomic<std::uint32_t> segments{0};
  return ++segments;
}

Tensor keep(const Tensor& result) {
  check<GraphError>(result.defined(), Location::current(), "checkpoint: the function returned an undefined Tensor");
  return record(Location::current(), Identity{}, result);
}

}  // namespace xgrad::detail
