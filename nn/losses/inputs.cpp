#include "nn/losses/inputs.hpp"

#include <tuple>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"

namespace xgrad::nn {

namespace {

void check_alike(const char* loss, const Tensor& x, const char* role, const char* beside, const Tensor& like,
                 const Location& where) {
  check<ShapeError>(x.shape() == like.shape(), where, loss, ": ", beside, " is ", describe(like), ", ", role, " ",
                    describe(x));
  check<DTypeError>(x.dtype() == like.dtype(), where, loss, ": ", beside, " is ", describe(like), ", ", role, " ",
                    describe(x));
}

}  // namespace

Pair::Pair(const char* loss, const Operand& first, const Operand& second) {
  std::tie(output, target) = tensors_of(first, second);
  check<DTypeError>(is_floating(output.dtype()), first.where(), loss, ": needs a floating dtype, got ",
                    describe(output));
  check_alike(loss, target, "the target", "the output", output, first.where());
}

Tensor alike(const char* loss, const Operand& x, const char* role, const Tensor& like) {
  const Tensor tensor = x.tensor_like(like);
  check_alike(loss, tensor, role, "the output", like, x.where());
  return tensor;
}

Tensor sum_per_sample(const Tensor& elements) {
  std::vector<std::int64_t> axes;
  for (std::int64_t axis = 1; axis < elements.ndim(); ++axis) axes.push_back(axis);
  return axes.empty() ? elements : sum(elements, axes);
}

Tensor weighted(const Tensor& losses, const Tensor& weight, const char* loss, const Location& where) {
  if (!weight.defined()) return losses;
  check<ShapeError>(broadcast_shapes(losses.shape(), weight.shape(), loss, where) == losses.shape(), where, loss,
                    ": the weight ", describe(weight), " does not broadcast to the losses ", describe(losses));
  return losses * weight;
}

void check_signs(const Operand& target, const char* loss, const Location& where) {
  const auto check_sign = [&](double sign) {
    check<ValueError>(sign == 1 || sign == -1, where, loss, ": targets are 1 or -1, got ", sign);
  };
  if (target.is_number()) return check_sign(target.number());
  const Tensor signs = target.tensor();
  if (!signs.evaluated()) return;
  for (const double sign : signs.to_vector(where)) check_sign(sign);
}

}  // namespace xgrad::nn
