#include "autograd/ops/matrices.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/ops/movement.hpp"

namespace xgrad {

Tensor matrices(const Operand& operand, const char* call) {
  const Tensor x = operand.tensor();
  check<DTypeError>(is_floating(x.dtype()), operand.where(), call, ": needs a floating dtype, got ", describe(x));
  check<ShapeError>(x.ndim() >= 2, operand.where(), call, ": needs matrices, got ", describe(x));
  return x;
}

Tensor square_matrices(const Operand& operand, const char* call) {
  const Tensor x = operand.tensor();
  check<DTypeError>(is_floating(x.dtype()), operand.where(), call, ": needs a floating dtype, got ", describe(x));
  check<ShapeError>(x.ndim() >= 2 && x.size(-1) == x.size(-2), operand.where(), call, ": needs square matrices, got ",
                    describe(x));
  return x;
}

Shape batch_of(const Tensor& x) { return Shape(x.shape().data(), static_cast<std::size_t>(x.ndim() - 2)); }

Shape with_sizes(const Shape& batch, std::initializer_list<std::int64_t> sizes) {
  std::vector<std::int64_t> all(batch.begin(), batch.end());
  all.insert(all.end(), sizes);
  return Shape(all);
}

Tensor as_matrices(const Tensor& x) { return unsqueeze(unsqueeze(x, -1), -1); }

double epsilon(DType dtype) {
  return dtype == float32 ? static_cast<double>(std::numeric_limits<float>::epsilon())
                          : std::numeric_limits<double>::epsilon();
}

double negligible_part(const Tensor& x) {
  return 4 * (1 + std::sqrt(static_cast<double>(std::max(x.size(-2), x.size(-1))))) * epsilon(x.dtype());
}

}  // namespace xgrad
