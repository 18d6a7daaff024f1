#include "autograd/transform/functional.hpp"

#include <atomic>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/leaf.hpp"

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

Tensors jacobians(const Tensor& y, const Tensors& xs, const Location& where) {
  check<GraphError>(y.defined(), where, "jacobian: the function returned an undefined Tensor");
  const CallScope scope("jacobian", where);
  std::vector<Tensors> rows(xs.size());
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    const Tensor basis = pad(ones({1}, y.dtype()), 0, i, y.numel() - 1 - i);
    const Tensors pulled = pull(y, reshape(basis, y.shape()), xs, where);
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
