#include "autograd/ops/matmul.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/operand_tensor.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

// The transposed matrices; of a transposition its input.
Tensor turned(const Tensor& x) {
  const Entry& entry = *x.entry();
  if (entry.kind == Lowering::Kind::transposition && entry.input_count == 1 && entry.input(0).tracked() == x.tracked())
    return entry.input(0);
  return transpose(x);
}

struct Matmul : Operation<Matmul> {  // (..., m, k)(..., k, n) -> (..., m, n) with equal leading axes
  static constexpr auto id = "matmul";

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    const Tensor &a = inputs[0], &b = inputs[1];
    Shape shape = a.shape();
    shape[a.ndim() - 1] = b.shape().back();
    check_shape(shape, item_size(a.dtype()), id, where);
    return {shape, a.dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return input == 0 ? record(Location::current(), Matmul{}, g, turned(inputs[1]))
                      : record(Location::current(), Matmul{}, turned(inputs[0]), g);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::matmul(inputs[0], inputs[1], y);
  }
  Lowering lower() const override { return {Lowering::Kind::contraction}; }
  // One matrix for all examples: their rows or columns are joined to one matrix. A depth of 1 needs no sum.
  Tensor batched(const Examples& examples) const override {
    const Tensor &a = examples.inputs[0], &b = examples.inputs[1];
    if (a.size(-1) == 1) return mul(a, b);
    if (!examples.mapped[1] && b.ndim() == 2) return matmul(a, b);
    if (!examples.mapped[0] && a.ndim() == 2) return swapped(matmul(swapped(b), swapped(a)));
    return record_spread(*this, examples);
  }

 private:
  // The transposed matrices; rows and columns are only reshaped.
  static Tensor swapped(const Tensor& x) {
    if (x.size(-1) != 1 && x.size(-2) != 1) return turned(x);
    Shape shape = x.shape();
    std::swap(shape[x.ndim() - 1], shape[x.ndim() - 2]);
    return reshape(x, shape);
  }
};

Shape leading(const Shape& shape) { return Shape(shape.data(), static_cast<std::size_t>(shape.ndim() - 2)); }

Shape with_matrix(const Shape& leading, std::int64_t rows, std::int64_t columns) {
  std::vector<std::int64_t> sizes(leading.begin(), leading.end());
  sizes.insert(sizes.end(), {rows, columns});
  return sizes;
}

// Operands of at least two axes, whose inner sizes agree.
Tensor product(const Tensor& a, const Tensor& b, const Location& where) {
  if (a.ndim() == 2 && b.ndim() == 2) return record(where, Matmul{}, a, b);
  const std::int64_t rows = a.size(-2), inner = a.size(-1), columns = b.size(-1);
  if (b.ndim() == 2 && inner > 0) {  // one matrix for the whole batch: the batch joins the rows
    const Tensor joined = record(where, Matmul{}, reshape(Operand(a, where), {-1, inner}), b);
    return reshape(Operand(joined, where), with_matrix(leading(a.shape()), rows, columns));
  }
  const Shape batch = broadcast_shapes(leading(a.shape()), leading(b.shape()), "matmul", where);
  return record(where, Matmul{}, broadcast_to(Operand(a, where), with_matrix(batch, rows, inner)),
                broadcast_to(Operand(b, where), with_matrix(batch, inner, columns)));
}

}  // namespace

Tensor matmul(const Operand& a, const Operand& b) {
  const Location& where = a.where();
  OperandTensor held_a(a), held_b(b);
  const Tensor &lhs = *held_a, &rhs = *held_b;
  check<ShapeError>(lhs.ndim() > 0 && rhs.ndim() > 0, where, "matmul: needs at least one axis: ", "lhs ", describe(lhs),
                    ", rhs ", describe(rhs));
  check<DTypeError>(lhs.dtype() == rhs.dtype() && lhs.dtype() != boolean, where,
                    "matmul: needs numbers of one dtype: ", "lhs ", describe(lhs), ", rhs ", describe(rhs));
  const std::int64_t inner = rhs.size(rhs.ndim() == 1 ? 0 : -2);
  check<ShapeError>(lhs.size(-1) == inner, where, "matmul: inner sizes ", lhs.size(-1), " and ", inner,
                    " differ: ", "lhs ", describe(lhs), ", rhs ", describe(rhs));
  if (lhs.ndim() == 2 && rhs.ndim() == 2) return record(where, Matmul{}, held_a.take(), held_b.take());
  const bool row = lhs.ndim() == 1, column = rhs.ndim() == 1;
  const Tensor matrix_a = row ? unsqueeze(Operand(lhs, where), 0) : held_a.take();
  const Tensor matrix_b = column ? unsqueeze(Operand(rhs, where), 1) : held_b.take();
  Tensor result = product(matrix_a, matrix_b, where);
  if (column) result = squeeze(Operand(result, where), -1);
  return row ? squeeze(Operand(result, where), column ? -1 : -2) : result;
}

}  // namespace xgrad
