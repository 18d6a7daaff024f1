#include "autograd/ops/arrange.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

std::vector<std::int64_t> normalised(const Axes& axes, std::int64_t ndim, const char* call, const Location& where) {
  std::vector<std::int64_t> list;
  for (const std::int64_t axis : axes.list()) {
    list.push_back(normalise_axis(axis, ndim, call, where));
    check<AxisError>(std::ranges::count(list, list.back()) == 1, where, call, ": axis ", axis, " is given twice");
  }
  return list;
}

Tensor rolled(const Tensor& x, std::int64_t shift, std::int64_t axis, const Location& where) {
  const std::int64_t size = x.size(axis);
  const std::int64_t last = size == 0 ? 0 : ((shift % size) + size) % size;  // so many elements move to the front
  if (last == 0) return x;
  return concat({slice(x, axis, size - last, {}), slice(x, axis, 0, size - last)}, axis, where);
}

}  // namespace

Tensor moveaxis(const Operand& operand, const Axes& from, const Axes& to) {
  const CallScope scope("moveaxis", operand.where());
  const Tensor x = operand.tensor();
  check<ValueError>(!from.is_all() && !to.is_all() && from.list().size() == to.list().size(), operand.where(),
                    "moveaxis: ", from.list().size(), " axes to ", to.list().size(), " places");
  const auto sources = normalised(from, x.ndim(), "moveaxis", operand.where());
  const auto places = normalised(to, x.ndim(), "moveaxis", operand.where());
  std::vector<std::int64_t> order(static_cast<std::size_t>(x.ndim()), -1);
  for (std::size_t i = 0; i < sources.size(); ++i) order[static_cast<std::size_t>(places[i])] = sources[i];
  std::int64_t next = 0;
  for (std::int64_t& axis : order) {
    if (axis >= 0) continue;
    while (std::ranges::find(sources, next) != sources.end()) ++next;
    axis = next++;
  }
  return permute(x, order);
}

Tensor roll(const Operand& operand, std::int64_t shift) {
  const CallScope scope("roll", operand.where());
  const Tensor x = operand.tensor();
  return reshape(rolled(reshape(x, {x.numel()}), shift, 0, operand.where()), x.shape());
}

Tensor roll(const Operand& operand, const std::vector<std::int64_t>& shifts, const Axes& axes) {
  const CallScope scope("roll", operand.where());
  Tensor x = operand.tensor();
  check<ValueError>(!axes.is_all() && shifts.size() == axes.list().size(), operand.where(), "roll: ", shifts.size(),
                    " shifts for ", axes.list().size(), " axes");
  const auto list = normalised(axes, x.ndim(), "roll", operand.where());
  for (std::size_t i = 0; i < list.size(); ++i) x = rolled(x, shifts[i], list[i], operand.where());
  return x;
}

Tensor roll(const Operand& x, std::int64_t shift, std::int64_t axis) {
  return roll(x, std::vector<std::int64_t>{shift}, axis);
}

// Repeats each axis along a new axis beside it, and joins both.
Tensor tile(const Operand& operand, const std::vector<std::int64_t>& repeats) {
  const CallScope scope("tile", operand.where());
  const Tensor x = operand.tensor();
  const auto count = static_cast<std::int64_t>(repeats.size()), ndim = std::max(x.ndim(), count);
  std::vector<std::int64_t> apart, repeated;
  for (std::int64_t axis = 0; axis < ndim; ++axis) {
    const std::int64_t of_x = axis - (ndim - x.ndim()), of_repeats = axis - (ndim - count);
    const std::int64_t size = of_x < 0 ? 1 : x.size(of_x);
    const std::int64_t times = of_repeats < 0 ? 1 : repeats[static_cast<std::size_t>(of_repeats)];
    check<ValueError>(times >= 0, operand.where(), "tile: axis ", axis, " ", times, " times");
    apart.insert(apart.end(), {1, size});
    repeated.insert(repeated.end(), {times, size});
  }
  const Tensor wide = broadcast_to(reshape(x, Shape(apart)), Shape(repeated));
  std::vector<std::int64_t> joined;
  for (std::size_t i = 0; i < repeated.size(); i += 2) joined.push_back(repeated[i] * repeated[i + 1]);
  return reshape(wide, Shape(joined));
}

Tensor repeat_interleave(const Operand& operand, std::int64_t repeats, std::int64_t axis) {
  const CallScope scope("repeat_interleave", operand.where());
  const Tensor x = operand.tensor();
  check<ValueError>(repeats >= 0, operand.where(), "repeat_interleave: ", repeats, " times");
  axis = normalise_axis(axis, x.ndim(), "repeat_interleave", operand.where());
  std::vector<std::int64_t> repeated(x.shape().begin(), x.shape().end());
  repeated.insert(repeated.begin() + axis + 1, repeats);
  return flatten(broadcast_to(unsqueeze(x, axis + 1), Shape(repeated)), axis, axis + 1);
}

// In a row-major matrix the elements of a diagonal are columns + 1 apart.
Tensor diagonal(const Operand& operand, std::int64_t offset, std::int64_t axis1, std::int64_t axis2) {
  const CallScope scope("diagonal", operand.where());
  const Tensor x = operand.tensor();
  check<ShapeError>(x.ndim() >= 2, operand.where(), "diagonal: needs two axes, got ", describe(x));
  const Tensor matrices = moveaxis(x, normalised({axis1, axis2}, x.ndim(), "diagonal", operand.where()), {-2, -1});
  const std::int64_t rows = matrices.size(-2), columns = matrices.size(-1);
  const Tensor flat = flatten(matrices, -2, -1);
  if (offset >= columns || offset <= -rows) return slice(flat, -1, 0, 0);
  const std::int64_t first = offset >= 0 ? offset : -offset * columns;
  const std::int64_t count = offset >= 0 ? std::min(rows, columns - offset) : std::min(rows + offset, columns);
  return slice(flat, -1, first, first + (count - 1) * (columns + 1) + 1, columns + 1);
}

// A row that is padded to one element more than there are columns shifts the next row by one place to the right.
Tensor diag_embed(const Operand& operand, std::int64_t offset) {
  const CallScope scope("diag_embed", operand.where());
  const Tensor x = operand.tensor();
  check<ShapeError>(x.ndim() >= 1, operand.where(), "diag_embed: needs an axis, got ", describe(x));
  constexpr std::int64_t farthest = std::int64_t{1} << 31;
  check<ValueError>(offset > -farthest && offset < farthest, operand.where(), "diag_embed: offset ", offset);
  const std::int64_t n = x.size(-1);
  const Tensor flat = flatten(pad(unsqueeze(x, -1), -1, 0, n), -2, -1);
  std::vector<std::int64_t> square(x.shape().begin(), x.shape().end());
  square.push_back(n);
  const Tensor matrix = reshape(slice(flat, -1, 0, n * n), Shape(square));
  const std::int64_t right = std::max<std::int64_t>(offset, 0), down = std::max<std::int64_t>(-offset, 0);
  return pad(pad(matrix, -1, right, down), -2, down, right);
}

Tensor diag(const Operand& operand, std::int64_t offset) {
  const CallScope scope("diag", operand.where());
  const Tensor x = operand.tensor();
  check<ShapeError>(x.ndim() == 1 || x.ndim() == 2, operand.where(), "diag: needs a vector or a matrix, got ",
                    describe(x));
  return x.ndim() == 1 ? diag_embed(x, offset) : diagonal(x, offset);
}

Tensor trace(const Operand& x, std::int64_t offset, std::int64_t axis1, std::int64_t axis2) {
  const CallScope scope("trace", x.where());
  return sum(diagonal(x, offset, axis1, axis2), -1);
}

std::vector<Tensor> meshgrid(const std::vector<Tensor>& vectors, const Location& where) {
  const CallScope scope("meshgrid", where);
  std::vector<std::int64_t> sizes;
  for (const Tensor& vector : vectors) {
    check<ShapeError>(vector.ndim() <= 1, where, "meshgrid: ", describe(vector), " is no vector");
    sizes.push_back(vector.numel());
  }
  std::vector<Tensor> grids;
  for (std::size_t k = 0; k < vectors.size(); ++k) {
    std::vector<std::int64_t> along(sizes.size(), 1);
    along[k] = sizes[k];
    grids.push_back(broadcast_to(reshape(vectors[k], Shape(along)), Shape(sizes)));
  }
  return grids;
}

}  // namespace xgrad
