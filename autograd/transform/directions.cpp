#include "autograd/transform/directions.hpp"

#include <algorithm>

#include "autograd/core/error.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/transform/batch.hpp"

namespace xgrad::detail {

namespace {

constexpr std::int64_t most_at_once = std::int64_t{1} << 24;

// e_first, ..., e_(first + count - 1) of the space of x.
Tensor unit_vectors(const Tensor& x, std::int64_t first, std::int64_t count) {
  const Tensor ones_there = diag_embed(ones({count}, x.dtype()));
  return reshape(pad(ones_there, 1, first, x.numel() - first - count), with_front(count, x.shape()));
}

// f of each direction, stacked: by one vmap, or one after another if f reads values.
Tensors of_each(const Tensor& directions, const std::function<Tensors(const Tensor&)>& f, const Location& where) {
  const std::int64_t count = directions.size(0);
  Batch batch(count, where);
  try {
    return batch.for_all(f(batch.example(directions)));
  } catch (const GraphError&) {
    if (!batch.value_asked()) throw;
  }
  batch.end();
  std::vector<Tensors> found;
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensors one = f(select(directions, 0, i));
    found.resize(one.size());
    for (std::size_t k = 0; k < one.size(); ++k) found[k].push_back(one[k]);
  }
  Tensors all;
  for (const Tensors& each : found) all.push_back(stack(each, 0, where));
  return all;
}

}  // namespace

Tensors along_unit_vectors(const Tensor& x, std::int64_t widest, const std::function<Tensors(const Tensor&)>& f,
                           const Location& where) {
  const std::int64_t at_once = std::max<std::int64_t>(1, most_at_once / std::max({widest, x.numel(), std::int64_t{1}}));
  std::vector<Tensors> parts;
  for (std::int64_t first = 0; first < x.numel(); first += at_once) {
    const std::int64_t count = std::min(at_once, x.numel() - first);
    const Tensors found = of_each(unit_vectors(x, first, count), f, where);
    parts.resize(found.size());
    for (std::size_t k = 0; k < found.size(); ++k) parts[k].push_back(found[k]);
  }
  Tensors all;
  for (const Tensors& part : parts) all.push_back(concat(part, 0, where));
  return all;
}

}  // namespace xgrad::detail
