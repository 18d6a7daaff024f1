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
std::vector<Tensor> pull_all(const Tensor& y, const Tensor& cotangent, const std::vector<Tensor>& xs,
                             const Location& where) {
  check<GraphError>(y.defined(), where, "grad: the function returned an undefined Tensor");
  return differentiate({&y, 1}, {&cotangent, 1}, xs, nested, where);
}

}  // namespace

std::vector<Tensor> track_all(std::span<const Tensor> xs, const Location& where) {
  std::vector<Tensor> tracked;
  for (const Tensor& x : xs) tracked.push_back(track(Operand(x, where)));
  return tracked;
}

std::vector<Tensor> inner_grad(const Tensor& value, const std::vector<Tensor>& xs, const Location& where) {
  return pull_all(value, {}, xs, where);
}

Tensor pull(const Tensor& y, const Tensor& cotangent, const Tensor& x, const Location& where) {
  const EnableGrad tracking;
  return pull_all(y, cotangent, {x}, where)[0];
}

Tensor push(const Tensor& y, const Tensor& x, const Tensor& tangent, const Location& where) {
  check<ShapeError>(tangent.defined() && tangent.shape() == x.shape(), where, "jvp: the tangent is ", describe(tangent),
                    ", the argument ", describe(x));
  check<DTypeError>(tangent.dtype() == x.dtype(), where, "jvp: the tangent is ", describe(tangent), ", the argument ",
                    describe(x));
  const CallScope scope("jvp", where);
  const Tensor cotangent = track(zeros_like(y));
  const Tensor pulled = pull(y, cotangent, x, where);
  return pull(sum(pulled * tangent), {}, cotangent, where);
}

Tensor jacobian(const Tensor& y, const Tensor& x, const Location& where) {
  const CallScope scope("jacobian", where);
  const std::int64_t count = y.numel();
  std::vector<std::int64_t> shape(y.shape().begin(), y.shape().end());
  shape.insert(shape.end(), x.shape().begin(), x.shape().end());
  if (count == 0 || x.numel() == 0) return zeros(shape, y.dtype(), where);
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensor basis = pad(ones({1}, y.dtype()), 0, i, count - 1 - i);
    rows.push_back(reshape(pull(y, reshape(basis, y.shape()), x, where), {1, x.numel()}));
  }
  return reshape(concat(rows, 0, where), shape);
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
