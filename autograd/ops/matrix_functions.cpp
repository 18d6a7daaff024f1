#include "autograd/ops/matrix_functions.hpp"

#include <limits>

#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/linalg.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/matrices.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

struct MatrixExp : Operation<MatrixExp> {
  static constexpr auto id = "matrix_exp";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  // The block above the diagonal of exp [[x^T, g], [0, x^T]], which is linear in g: a g of norm 1 is scaled as x is.
  // (Mathias, "A chain rule for matrix functions and applications", 1996)
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    const Tensor turned = transpose(inputs[0]);
    const std::int64_t n = turned.size(-1);
    if (turned.numel() == 0) return g;
    // The norm is kept as two factors, neither of which overflows. If g is not finite, no element of the result is.
    const Tensor largest = stop_gradient(max(abs(g), {-2, -1}, keep_dims)), finite = isfinite(largest);
    const Tensor size = where(logical_and(finite, largest > 0), largest, 1), part = where(finite, g, 0) / size;
    const Tensor sums = stop_gradient(max(sum(abs(part), -2, keep_dims), -1, keep_dims));
    const Tensor norm = where(sums > 0, sums, 1);
    const Tensor blocks = concat({concat({turned, part / norm}, -1), concat({zeros_like(turned), turned}, -1)}, -2);
    const Tensor unscaled = norm * slice(slice(matrix_exp(blocks), -2, 0, n), -1, n, 2 * n);
    return where(finite, size, std::numeric_limits<double>::quiet_NaN()) * unscaled;
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::matrix_exp(inputs[0], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

}  // namespace

Tensor matrix_power(const Operand& operand, std::int64_t n) {
  const CallScope scope("matrix_power", operand.where());
  const Tensor x = square_matrices(operand, "matrix_power");
  if (n == 0) return broadcast_to(eye(x.size(-1), {}, x.dtype()), x.shape());
  Tensor square = n < 0 ? inverse(x) : x, result;  // x^1, x^2, x^4, ...
  for (auto rest = n < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);;) {
    if (rest & 1) result = result.defined() ? matmul(result, square) : square;
    if ((rest >>= 1) == 0) return result;
    square = matmul(square, square);
  }
}

Tensor matrix_exp(const Operand& x) {
  const CallScope scope("matrix_exp", x.where());
  return record(x.where(), MatrixExp{}, square_matrices(x, "matrix_exp"));
}

Tensor logdet(const Operand& x) {
  const CallScope scope("logdet", x.where());
  const auto [sign, logarithm] = slogdet(square_matrices(x, "logdet"));
  return where(sign < 0, std::numeric_limits<double>::quiet_NaN(), logarithm);
}

}  // namespace xgrad
