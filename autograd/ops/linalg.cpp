#include "autograd/ops/linalg.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

Tensor square_matrices(const Operand& operand, const char* call) {
  const Tensor x = operand.tensor();
  check<DTypeError>(is_floating(x.dtype()), operand.where(), call, ": needs a floating dtype, got ", describe(x));
  check<ShapeError>(x.ndim() >= 2 && x.size(-1) == x.size(-2), operand.where(), call, ": needs square matrices, got ",
                    describe(x));
  return x;
}

Shape batch_of(const Tensor& x) { return Shape(x.shape().data(), static_cast<std::size_t>(x.ndim() - 2)); }

// A number for each matrix, as a matrix of one element.
Tensor as_matrices(const Tensor& x) { return unsqueeze(unsqueeze(x, -1), -1); }

struct Cholesky : Operation<Cholesky> {  // x = y y^T of a symmetric x
  static constexpr auto id = "cholesky";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  // L^-T (P + P^T) L^-1 / 2, with P the lower triangle of L^T g, half its diagonal. (Murray, "Differentiation of the
  // Cholesky decomposition", 2016)
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor& y) const {
    const Tensor product = matmul(transpose(y), g), p = 0.5 * (tril(product) + tril(product, -1));
    const TriangularOptions transposed{.transposed = true};
    const Tensor left = triangular_solve(y, 0.5 * (p + transpose(p)), transposed);
    return transpose(triangular_solve(y, transpose(left), transposed));
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::cholesky(inputs[0], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

struct TriangularSolve : Operation<TriangularSolve> {  // a y = b
  static constexpr auto id = "triangular_solve";
  TriangularOptions options;
  explicit TriangularSolve(const TriangularOptions& o) : options(o) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[1].shape(), inputs[1].dtype()};
  }
  // b: a^-T g; a: -(a^-T g) y^T, or the transposed, in its triangle
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    TriangularOptions back = options;
    back.transposed = !options.transposed;
    const Tensor of_b = triangular_solve(inputs[0], g, back);
    if (input == 1) return of_b;
    const Tensor product = options.transposed ? matmul(y, transpose(of_b)) : matmul(of_b, transpose(y));
    const int offset = options.unit ? 1 : 0;
    return -(options.upper ? triu(product, offset) : tril(product, -offset));
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::triangular_solve(inputs[0], inputs[1], options.upper, options.transposed, options.unit, y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void describe(Fields& fields) const override {
    fields("upper", options.upper);
    fields("transposed", options.transposed);
    fields("unit", options.unit);
  }
};

struct Solve : Operation<Solve> {  // a y = b
  static constexpr auto id = "solve";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[1].shape(), inputs[1].dtype()};
  }
  // b: a^-T g; a: -(a^-T g) y^T
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    const Tensor of_b = solve(transpose(inputs[0]), g);
    return input == 1 ? of_b : -matmul(of_b, transpose(y));
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::solve(inputs[0], inputs[1], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

struct Cofactors : Operation<Cofactors> {  // y = det(x) x^-T
  static constexpr auto id = "cofactors";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  // sum(g y) x^-T - y g^T x^-T
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    const Tensor turned = transpose(inverse(inputs[0]));
    return sum(g * y, {-2, -1}, keep_dims) * turned - matmul(matmul(y, transpose(g)), turned);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::cofactors(inputs[0], y);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

template <class Self>
struct OfDeterminant : Operation<Self> {
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {batch_of(inputs[0]), inputs[0].dtype()};
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::determinant(Self::part, inputs[0], y);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(this->self(), examples); }
};
struct Det : OfDeterminant<Det> {
  static constexpr auto id = "det";
  static constexpr auto part = kernels::Determinant::whole;
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return as_matrices(g) * record(Location::current(), Cofactors{}, inputs[0]);
  }
};
struct LogAbsDet : OfDeterminant<LogAbsDet> {
  static constexpr auto id = "logabsdet";
  static constexpr auto part = kernels::Determinant::log;
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return as_matrices(g) * transpose(inverse(inputs[0]));
  }
};
struct DetSign : OfDeterminant<DetSign> {
  static constexpr auto id = "det_sign";
  static constexpr auto part = kernels::Determinant::sign;
  Tensor vjp(std::size_t, const Tensor&, std::span<const Tensor>, const Tensor&) const { return {}; }
};

// a and b, with b as matrices, in one batch; whether b was a vector.
struct System {
  Tensor a, b;
  bool vector;

  System(const Operand& left, const Operand& right, const char* call) : a(square_matrices(left, call)) {
    b = right.tensor();
    const Location& where = left.where();
    check<DTypeError>(a.dtype() == b.dtype(), where, call, ": dtypes differ: ", describe(a), " and ", describe(b));
    vector = b.ndim() == 1;
    if (vector) b = unsqueeze(b, 1);
    check<ShapeError>(b.ndim() >= 2 && b.size(-2) == a.size(-1), where, call, ": the matrices are ", describe(a),
                      ", the right sides ", describe(right.tensor()));
    const Shape batch = broadcast_shapes(batch_of(a), batch_of(b), call, where);
    const auto with = [&](std::int64_t rows, std::int64_t columns) {
      std::vector<std::int64_t> sizes(batch.begin(), batch.end());
      sizes.insert(sizes.end(), {rows, columns});
      return Shape(sizes);
    };
    a = broadcast_to(a, with(a.size(-2), a.size(-1)));
    b = broadcast_to(b, with(b.size(-2), b.size(-1)));
  }
  Tensor result(const Tensor& y) const { return vector ? squeeze(y, -1) : y; }
};

}  // namespace

Tensor cholesky(const Operand& operand) {
  const CallScope scope("cholesky", operand.where());
  const Tensor x = square_matrices(operand, "cholesky");
  return record(operand.where(), Cholesky{}, 0.5 * (x + transpose(x)));
}

Tensor triangular_solve(const Operand& a, const Operand& b, const TriangularOptions& options) {
  const CallScope scope("triangular_solve", a.where());
  const System system(a, b, "triangular_solve");
  return system.result(record(a.where(), TriangularSolve(options), system.a, system.b));
}

Tensor cholesky_solve(const Operand& b, const Operand& factor) {
  const CallScope scope("cholesky_solve", b.where());
  const Tensor right = b.tensor();
  if (right.ndim() == 1) return squeeze(cholesky_solve(unsqueeze(right, 1), factor), -1);
  return triangular_solve(factor, triangular_solve(factor, right), {.transposed = true});
}

Tensor solve(const Operand& a, const Operand& b) {
  const CallScope scope("solve", a.where());
  const System system(a, b, "solve");
  return system.result(record(a.where(), Solve{}, system.a, system.b));
}

Tensor inverse(const Operand& a) {
  const CallScope scope("inverse", a.where());
  const Tensor x = square_matrices(a, "inverse");
  return solve(x, eye(x.size(-1), {}, x.dtype()));
}

Tensor det(const Operand& a) {
  const CallScope scope("det", a.where());
  return record(a.where(), Det{}, square_matrices(a, "det"));
}

SignAndLogarithm slogdet(const Operand& a) {
  const CallScope scope("slogdet", a.where());
  const Tensor x = square_matrices(a, "slogdet");
  return {record(a.where(), DetSign{}, stop_gradient(x)), record(a.where(), LogAbsDet{}, x)};
}

}  // namespace xgrad
