#include "autograd/ops/triangle.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

Tensor detail::lower_triangle(const Shape& matrices, std::int64_t diagonal, DType dtype) {
  constexpr std::int64_t exact = 1 << 24;  // as float32
  const std::int64_t rows = matrices[matrices.ndim() - 2], columns = matrices.back();
  const bool counts = is_floating(dtype) && rows < exact / 2 && columns < exact / 2;
  const DType number = counts ? dtype : int64;
  const std::int64_t last = std::clamp(diagonal, -rows, columns);
  const auto range = [&](std::int64_t from, std::int64_t count) {
    return arange(static_cast<double>(from), static_cast<double>(from + count), 1, number);
  };
  return broadcast_to(range(0, columns), matrices) <= broadcast_to(unsqueeze(range(last, rows), 1), matrices);
}

namespace {

// The last two axes of the operand of tril and triu, and the triangle below a diagonal of these.
struct Triangle {
  Triangle(const char* name, const Operand& x) : input(x.tensor()) {
    check<ShapeError>(input.ndim() >= 2, x.where(), name, ": needs at least two axes, got ", describe(input));
  }
  Tensor below(std::int64_t diagonal) const { return detail::lower_triangle(input.shape(), diagonal, input.dtype()); }
  Tensor input;
};

}  // namespace

Tensor tril(const Operand& x, std::int64_t diagonal) {
  const CallScope scope("tril", x.where());
  const Triangle triangle("tril", x);
  return where(triangle.below(diagonal), triangle.input, 0);
}

Tensor triu(const Operand& x, std::int64_t diagonal) {
  const CallScope scope("triu", x.where());
  const Triangle triangle("triu", x);
  const std::int64_t first = std::max(diagonal, -triangle.input.size(-2));  // so that one less is no overflow
  return where(triangle.below(first - 1), 0, triangle.input);
}

}  // namespace xgrad
