#include "autograd/ops/masked.hpp"

#include <algorithm>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

Tensor mask_of(const Operand& mask, const char* call, const Location& where) {
  const Tensor tensor = mask.tensor();
  check<DTypeError>(tensor.dtype() == boolean, where, call, ": the mask is ", describe(tensor), ", not bool");
  return tensor;
}

// The row-major indices of the elements that are true.
std::vector<std::int64_t> places(const Tensor& mask) {
  const std::span<const bool> values = mask.data<bool>();
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i]) found.push_back(static_cast<std::int64_t>(i));
  return found;
}

}  // namespace

Tensor masked_fill(const Operand& x, const Operand& mask, const Operand& value) {
  const CallScope scope("masked_fill", x.where());
  return where(mask_of(mask, "masked_fill", x.where()), value, x);
}

Tensor masked_select(const Operand& operand, const Operand& condition) {
  const CallScope scope("masked_select", operand.where());
  const Tensor x = operand.tensor(), mask = mask_of(condition, "masked_select", operand.where());
  const Shape shape = broadcast_shapes(x.shape(), mask.shape(), "masked_select", operand.where());
  const std::vector<std::int64_t> chosen = places(broadcast_to(mask, shape));
  return take(flatten(broadcast_to(x, shape)), tensor(chosen));
}

// Where the mask holds for the k-th time, element k of the source.
Tensor masked_scatter(const Operand& operand, const Operand& condition, const Operand& from) {
  const CallScope scope("masked_scatter", operand.where());
  const Tensor x = operand.tensor(), source = from.tensor();
  const Shape shape = broadcast_shapes(x.shape(), mask_of(condition, "masked_scatter", operand.where()).shape(),
                                       "masked_scatter", operand.where());
  const Tensor mask = broadcast_to(condition, shape);
  check<DTypeError>(x.dtype() == source.dtype(), operand.where(), "masked_scatter: dtypes differ: data ", describe(x),
                    ", source ", describe(source));
  const std::int64_t most =
      mask.evaluated() ? static_cast<std::int64_t>(std::ranges::count(mask.data<bool>(), true)) : mask.numel();
  check<ValueError>(source.numel() >= most, operand.where(), "masked_scatter: the mask takes ", most,
                    " elements, the source is ", describe(source));
  if (most == 0) return broadcast_to(x, shape);
  const Tensor count = cumsum(cast(flatten(mask), int64), 0);
  const Tensor next = gather(flatten(source), 0, maximum(count - 1, 0));
  return where(mask, reshape(next, shape), x);
}

Tensor nonzero(const Operand& operand) {
  const CallScope scope("nonzero", operand.where());
  const Tensor x = operand.tensor();
  const std::vector<std::int64_t> found = places(x.dtype() == boolean ? x : x != 0);
  const std::int64_t ndim = x.ndim();
  std::vector<std::int64_t> indices(found.size() * static_cast<std::size_t>(ndim));
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::int64_t rest = found[i];
    for (std::int64_t axis = ndim; axis-- > 0; rest /= x.size(axis))
      indices[i * static_cast<std::size_t>(ndim) + static_cast<std::size_t>(axis)] = rest % x.size(axis);
  }
  return reshape(tensor(indices), {static_cast<std::int64_t>(found.size()), ndim});
}

}  // namespace xgrad
