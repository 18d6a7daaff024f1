#include "autograd/ops/orthogonal.hpp"

#include <algorithm>

#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/linalg.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/matrices.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

// r with zeros on its diagonal where only rounding errors are left of a column, so that a solve reports it as singular.
Tensor without_negligible(const Tensor& r, const Tensor& x) {
  const Tensor least = negligible_part(x) * norm(stop_gradient(r), -2, keep_dims);
  const Tensor diagonal = broadcast_to(eye(r.size(-2), r.size(-1), r.dtype()) != 0, r.shape());
  return where(logical_and(diagonal, abs(r) <= least), 0, r);
}

Tensor triangle_of(const Tensor& q, const Tensor& x) { return triu(matmul(transpose(q), x)); }

struct Orthonormal : Operation<Orthonormal> {  // y^T y = 1, and y^T x has a triangle of zeros below its diagonal
  static constexpr auto id = "orthonormal";
  std::int64_t columns;
  explicit Orthonormal(std::int64_t count) : columns(count) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {with_sizes(batch_of(inputs[0]), {inputs[0].size(-2), columns}), inputs[0].dtype()};
  }
  // (g - y S) r^-T, with S the lower triangle of g^T y and its transposed. (Walter and Lehmann, "Algorithmic
  // differentiation of linear algebra functions", 2010)
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    const Tensor& x = inputs[0];
    check<LinalgError>(columns == x.size(-1), Location::current(), "qr: of ", columns, " orthonormal columns only ",
                       x.size(-1), ", those that span the columns of ", xgrad::describe(x), ", have a derivative");
    const Tensor product = matmul(transpose(g), y);
    const Tensor along = g - matmul(y, tril(product) + transpose(tril(product, -1)));
    const Tensor r = without_negligible(triangle_of(y, x), x);
    return transpose(triangular_solve(r, transpose(along), {.upper = true}));
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::orthonormalise(inputs[0], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void describe(Fields& fields) const override { fields("columns", columns); }
};

struct PseudoInverse : Operation<PseudoInverse> {
  static constexpr auto id = "pinv";
  double rtol;
  explicit PseudoInverse(double relative) : rtol(relative) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {with_sizes(batch_of(inputs[0]), {inputs[0].size(-1), inputs[0].size(-2)}), inputs[0].dtype()};
  }
  // (1 - x y) g^T y y^T + y^T y g^T (1 - y x) - y^T g y^T, as the rank is constant. (Golub and Pereyra, "The
  // differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate", 1973)
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    const Tensor &x = inputs[0], turned = transpose(y), gradient = transpose(g);
    const Tensor inside = matmul(matmul(turned, g), turned);
    const Tensor left = matmul(matmul(gradient, y), turned), right = matmul(matmul(turned, y), gradient);
    return (left - matmul(x, matmul(y, left))) + (right - matmul(matmul(right, y), x)) - inside;
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::pinv(inputs[0], rtol, y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void describe(Fields& fields) const override { fields("rtol", rtol); }
};

}  // namespace

OrthogonalFactors qr(const Operand& operand, QrMode mode) {
  const CallScope scope("qr", operand.where());
  const Tensor x = matrices(operand, "qr");
  const std::int64_t m = x.size(-2), n = x.size(-1);
  const Tensor first = n > m ? slice(x, -1, 0, m) : x;
  const Tensor q = record(operand.where(), Orthonormal(mode == QrMode::complete ? m : std::min(m, n)), first);
  return {q, triangle_of(q, x)};
}

Tensor lstsq(const Operand& left, const Operand& right) {
  const CallScope scope("lstsq", left.where());
  const Tensor a = matrices(left, "lstsq"), given = right.tensor();
  const bool vector = given.ndim() == 1;
  const Tensor b = vector ? unsqueeze(given, 1) : given;
  check<DTypeError>(a.dtype() == b.dtype(), left.where(), "lstsq: dtypes differ: ", describe(a), " and ",
                    describe(given));
  check<ShapeError>(b.ndim() >= 2 && b.size(-2) == a.size(-2), left.where(), "lstsq: the matrices are ", describe(a),
                    ", the right sides ", describe(given));
  const bool tall = a.size(-2) >= a.size(-1);
  const auto [q, r] = qr(tall ? a : transpose(a));
  const Tensor triangle = without_negligible(r, a);
  const Tensor x = tall ? triangular_solve(triangle, matmul(transpose(q), b), {.upper = true})
                        : matmul(q, triangular_solve(triangle, b, {.upper = true, .transposed = true}));
  return vector ? squeeze(x, -1) : x;
}

Tensor pinv(const Operand& operand, std::optional<double> rtol) {
  const CallScope scope("pinv", operand.where());
  const Tensor x = matrices(operand, "pinv");
  const double relative = rtol.value_or(static_cast<double>(std::max(x.size(-2), x.size(-1))) * epsilon(x.dtype()));
  check<ValueError>(relative >= 0, operand.where(), "pinv: rtol is ", relative);
  return record(operand.where(), PseudoInverse(relative), x);
}

}  // namespace xgrad
