// Finds maxima with their indices, and puts values back at these.

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/index_checks.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/pooled.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/ops/scatter.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

using grid::joined;
using grid::least;
using grid::Sizes;
using grid::sizes_of;

// The flat places of all combinations of places along the axes, row-major.
Sizes flat(const std::vector<grid::Stand>& stands, Sizes grid::Stand::*places) {
  Sizes all{0};
  for (const grid::Stand& stand : stands) {
    Sizes next;
    for (const std::int64_t place : all)
      for (const std::int64_t each : stand.*places) next.push_back(place * stand.elements + each);
    all = std::move(next);
  }
  return all;
}

}  // namespace

// The index of an element is that of its window's beginning plus its offset inside the window. Where all elements are
// -inf, the first maximum may be padding; then the first element that exists is taken.
Pooled grid::first_maximum(const Tensor& x, const Tensor& windows, const std::vector<Stand>& stands) {
  const Tensor values = stop_gradient(windows), best = argmax(values, 2);
  const Shape pools = best.shape();
  const Shape places(sizes_of(best, 2));
  Tensor indices = tensor(flat(stands, &Stand::begins), places) + take(tensor(flat(stands, &Stand::offsets)), best);
  bool misses = false;
  for (const Stand& stand : stands) misses = misses || stand.begins != stand.firsts;
  if (misses) indices = where(max(values, 2) == least, tensor(flat(stands, &Stand::firsts), places), indices);
  const Tensor lines = flatten(x, 2);
  const Tensor chosen = gather(lines, 2, reshape(indices, {x.size(0), x.size(1), places.numel()}));
  return {reshape(chosen, pools), indices};
}

namespace {

Tensor max_unpool(const Operand& operand, const Operand& indices, const PerAxis& size, const UnpoolingOptions& options,
                  std::int64_t spatial, const char* call) {
  const Location& where = operand.where();
  const CallScope scope(call, where);
  const auto [x, single] = grid::batched(operand, spatial, call);
  const Tensor given = indices.tensor();
  check<DTypeError>(given.dtype() == int64, where, call, ": indices must be i64, got ", describe(given));
  check<ShapeError>(given.shape() == operand.tensor().shape(), where, call, ": the input is ",
                    describe(operand.tensor()), ", the indices are ", describe(given));
  const Sizes sizes = grid::counts(size, spatial, 1, call, "size", where);
  const PerAxis& step = options.stride.empty() ? size : options.stride;
  const Sizes stride = grid::counts(step, spatial, 1, call, "stride", where);
  const Sizes padding = grid::counts(options.padding, spatial, 0, call, "padding", where);
  Sizes shape;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    std::int64_t usual = 0;
    const bool fits = !__builtin_mul_overflow(x.size(static_cast<std::int64_t>(i) + 2) - 1, stride[i], &usual) &&
                      !__builtin_add_overflow(usual, sizes[i] - 2 * padding[i], &usual);
    check<LimitError>(fits, where, call, ": the result is too large");
    shape.push_back(usual);
  }
  if (!options.output_size.empty()) {
    const Sizes wanted = grid::counts(options.output_size, spatial, 1, call, "output_size", where);
    for (std::size_t i = 0; i < sizes.size(); ++i)
      check<ValueError>(std::abs(wanted[i] - shape[i]) < stride[i], where, call, ": the output_size ", wanted[i],
                        " is not within the stride ", stride[i], " of ", shape[i]);
    shape = wanted;
  }
  std::int64_t elements = 1;
  for (const std::int64_t each : shape) {
    check<ShapeError>(each > 0, where, call, ": the result would have ", each, " elements on an axis");
    check<LimitError>(!__builtin_mul_overflow(elements, each, &elements), where, call, ": the result is too large");
  }
  check_known_indices(given, elements, call, where);
  const Tensor at_places = flatten(single ? unsqueeze(given, 0) : given, 2);
  const Tensor y = scatter(zeros({x.size(0), x.size(1), elements}, x.dtype()), 2, at_places, flatten(x, 2));
  const Tensor result = reshape(y, joined({{x.size(0), x.size(1)}, shape}));
  return single ? squeeze(result, 0) : result;
}

}  // namespace

Tensor max_unpool1d(const Operand& x, const Operand& indices, const PerAxis& size, const UnpoolingOptions& options) {
  return max_unpool(x, indices, size, options, 1, "max_unpool1d");
}
Tensor max_unpool2d(const Operand& x, const Operand& indices, const PerAxis& size, const UnpoolingOptions& options) {
  return max_unpool(x, indices, size, options, 2, "max_unpool2d");
}
Tensor max_unpool3d(const Operand& x, const Operand& indices, const PerAxis& size, const UnpoolingOptions& options) {
  return max_unpool(x, indices, size, options, 3, "max_unpool3d");
}

}  // namespace xgrad
