#include "autograd/ops/matmul.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul_transposed.hpp"
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

// (..., m, k)(..., k, n) -> (..., m, n) with equal leading axes. Factors may be given transposed, as (..., k, m) and
// (..., n, k): so the derivative by each of them is one product, too. `axes` of the lowering has the numbers of those.
struct Matmul : Operation<Matmul> {
  static constexpr auto id = "matmul";
  bool transposed_a = false, transposed_b = false;
  Matmul() = default;
  Matmul(bool a, bool b) : transposed_a(a), transposed_b(b) {}

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    const Tensor &a = inputs[0], &b = inputs[1];
    Shape shape = a.shape();
    const std::int64_t axes = a.ndim();
    if (transposed_a) shape[axes - 2] = shape[axes - 1];
    shape[axes - 1] = b.shape()[axes - (transposed_b ? 2 : 1)];
    check_shape(shape, item_size(a.dtype()), id, where);
    return {shape, a.dtype()};
  }
  // Of y = A B the cotangents g B^T and A^T g; of a factor that is given transposed the transposes of these.
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    const Tensor &a = inputs[0], &b = inputs[1];
    if (input == 0) return transposed_a ? product(b, transposed_b, g, true) : product(g, false, b, !transposed_b);
    return transposed_b ? product(g, true, a, transposed_a) : product(a, !transposed_a, g, false);
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    Laid a(inputs[0], transposed_a, where), b(inputs[1], transposed_b, where);
    kernels::matmul(a.view(), b.view(), y);
  }
  Lowering lower() const override {
    Lowering lowering{Lowering::Kind::contraction};
    if (transposed_a) lowering.axes.insert(0);
    if (transposed_b) lowering.axes.insert(1);
    return lowering;
  }
  // One matrix for all examples: their rows or columns are joined to one matrix. A depth of 1 needs no sum.
  Tensor batched(const Examples& examples) const override {
    if (transposed_a || transposed_b) {
      const auto laid = [&](std::size_t i, bool transposed) {
        return transposed ? turned(examples.inputs[i]) : examples.inputs[i];
      };
      const Tensor inputs[] = {laid(0, transposed_a), laid(1, transposed_b)};
      return Matmul().batched({examples.count, inputs, examples.mapped, examples.one});
    }
    const Tensor &a = examples.inputs[0], &b = examples.inputs[1];
    if (a.size(-1) == 1) return mul(a, b);
    if (!examples.mapped[1] && b.ndim() == 2) return matmul(a, b);
    if (!examples.mapped[0] && a.ndim() == 2) return swapped(matmul(swapped(b), swapped(a)));
    return record_spread(*this, examples);
  }
  void describe(Fields& fields) const override {
    fields("transposed", static_cast<std::int64_t>(transposed_a) + 2 * static_cast<std::int64_t>(transposed_b));
  }

 private:
  // The matrices of a factor as they are multiplied, for the reference kernel.
  class Laid {
   public:
    Laid(const View& given, bool transposed, const Location& where)
        : given_(given), shape_(given.shape), transposed_(transposed) {
      if (!transposed) return;
      const std::int64_t axes = shape_.ndim();
      std::swap(shape_[axes - 2], shape_[axes - 1]);
      Shape order = Shape::filled(axes, 0);
      for (std::int64_t axis = 0; axis < axes; ++axis) order[axis] = axis;
      std::swap(order[axes - 2], order[axes - 1]);
      memory_ = Buffer::allocate(static_cast<std::size_t>(given.numel()) * item_size(given.dtype), id, where);
      kernels::permute(given, order, view());
    }
    Laid(const Laid&) = delete;
    View view() const { return {transposed_ ? memory_.data() : given_.data, shape_, given_.dtype}; }

   private:
    const View& given_;
    Shape shape_;
    bool transposed_;
    Buffer memory_;
  };

  // Of a transposition that is to be read transposed, its input is read.
  static Tensor product(const Tensor& a, bool turn_a, const Tensor& b, bool turn_b) {
    const auto is_turned = [](const Tensor& x) { return x.entry()->kind == Lowering::Kind::transposition; };
    if (turn_a && is_turned(a)) return product(turned(a), false, b, turn_b);
    if (turn_b && is_turned(b)) return product(a, turn_a, turned(b), false);
    return record(Location::current(), Matmul(turn_a, turn_b), a, b);
  }
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

Tensor matmul_transposed(const Operand& a, const Operand& b) {
  OperandTensor held_a(a), held_b(b);
  const Tensor &lhs = *held_a, &rhs = *held_b;
  const bool plain = lhs.ndim() == 2 && rhs.ndim() == 2 && lhs.dtype() == rhs.dtype() && lhs.dtype() != boolean &&
                     lhs.shape()[1] == rhs.shape()[1];
  if (!plain) return matmul(a, transpose(Operand(rhs, a.where())));
  return record(a.where(), Matmul(false, true), held_a.take(), held_b.take());
}

}  // namespace xgrad
