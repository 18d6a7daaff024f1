#include "autograd/ops/index.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

// Indices that are known already are checked when they are recorded, the others when they are used.
void check_known_indices(const Tensor& index, std::int64_t size, const char* operation, const Location& where) {
  if (index.evaluated()) kernels::check_indices(index.entry()->view(), size, operation, where);
}

struct ScatterAdd : Operation<ScatterAdd> {  // y = 0; y[index[i][j]][j] += source[i][j]
  static constexpr auto id = "scatter_add";
  std::int64_t axis, size;
  ScatterAdd(std::int64_t axis_, std::int64_t size_) : axis(axis_), size(size_) {}

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    Shape shape = inputs[0].shape();
    shape[axis] = size;
    check_shape(shape, item_size(inputs[0].dtype()), id, where);
    return {shape, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return input == 0 ? gather(g, axis, inputs[1]) : Tensor();
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::scatter_add(inputs[0], inputs[1], axis, y, where);
  }
  Lowering lower() const override { return {.kind = Lowering::Kind::place, .moves = true, .axis = axis}; }
  Tensor batched(const Examples& examples) const override {
    return record_spread(ScatterAdd(axis + 1, size), examples);
  }
  void describe(Fields& fields) const override {
    fields("axis", axis);
    fields("size", size);
  }
};

struct Gather : Operation<Gather> {  // y[i][j] = x[index[i][j]][j]
  static constexpr auto id = "gather";
  std::int64_t axis;
  explicit Gather(std::int64_t axis_) : axis(axis_) {}

  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[1].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    if (input == 1) return {};
    return record(Location::current(), ScatterAdd(axis, inputs[0].size(axis)), g, inputs[1]);
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::gather(inputs[0], inputs[1], axis, y, where);
  }
  Lowering lower() const override { return {.kind = Lowering::Kind::pick, .moves = true, .axis = axis}; }
  // What is the same for all examples is not repeated: their indices follow each other along the axis.
  Tensor batched(const Examples& examples) const override {
    const Tensor &x = examples.inputs[0], &index = examples.inputs[1];
    if (examples.mapped[0]) return record_spread(Gather(axis + 1), examples);
    Shape joined = examples.one.shape(), apart = examples.one.shape();
    joined[axis] *= examples.count;
    const Tensor picked = record(Location::current(), Gather(axis), x, reshape(moveaxis(index, 0, axis), joined));
    std::vector<std::int64_t> sizes(apart.begin(), apart.end());
    sizes.insert(sizes.begin() + axis, examples.count);
    return moveaxis(reshape(picked, sizes), axis, 0);
  }
  void describe(Fields& fields) const override { fields("axis", axis); }
};

struct OneHot : Operation<OneHot> {  // y[i][c] = 1 where index[i] = c, else 0
  static constexpr auto id = "one_hot";
  std::int64_t classes;
  DType dtype;
  OneHot(std::int64_t classes_, DType dtype_) : classes(classes_), dtype(dtype_) {}

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    const Shape& index = inputs[0].shape();
    std::vector<std::int64_t> sizes(index.begin(), index.end());
    sizes.push_back(classes);
    check_shape(sizes, item_size(dtype), id, where);
    return {sizes, dtype};
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::one_hot(inputs[0], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void describe(Fields& fields) const override {
    fields("classes", classes);
    fields("dtype", static_cast<std::int64_t>(dtype));
  }
};

void check_index(const Tensor& x, const Tensor& index, std::int64_t axis, const char* operation,
                 const Location& where) {
  check<DTypeError>(index.dtype() == int64, where, operation, ": indices must be i64, got ", describe(index));
  check<ShapeError>(x.ndim() == index.ndim(), where, operation, ": needs as many index axes as data axes: data ",
                    describe(x), ", index ", describe(index));
  for (std::int64_t i = 0; i < x.ndim(); ++i)
    check<ShapeError>(i == axis || index.shape()[i] <= x.shape()[i], where, operation, ": index size ",
                      index.shape()[i], " is larger than data size ", x.shape()[i], " at axis ", i, ": data ",
                      describe(x), ", index ", describe(index));
}

}  // namespace

Tensor gather(const Operand& x, std::int64_t axis, const Operand& index) {
  const Location& where = x.where();
  Tensor data = x.tensor();
  const Tensor at = index.tensor();
  axis = normalise_axis(axis, data.ndim(), "gather", where);
  check_index(data, at, axis, "gather", where);
  check_known_indices(at, data.size(axis), "gather", where);
  for (std::int64_t i = 0; i < data.ndim(); ++i)
    if (i != axis && at.shape()[i] < data.shape()[i]) data = slice(Operand(data, where), i, 0, at.shape()[i]);
  return record(where, Gather(axis), data, at);
}

Tensor scatter_add(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source) {
  const Location& where = x.where();
  const Tensor data = x.tensor(), at = index.tensor(), from = source.tensor();
  axis = normalise_axis(axis, data.ndim(), "scatter_add", where);
  check_index(data, at, axis, "scatter_add", where);
  check<ShapeError>(from.shape() == at.shape(), where, "scatter_add: source and index differ: source ", describe(from),
                    ", index ", describe(at));
  check<DTypeError>(from.dtype() == data.dtype(), where, "scatter_add: dtypes differ: data ", describe(data),
                    ", source ", describe(from));
  check_known_indices(at, data.size(axis), "scatter_add", where);
  Tensor added = record(where, ScatterAdd(axis, data.size(axis)), from, at);
  for (std::int64_t i = 0; i < data.ndim(); ++i)
    if (added.shape()[i] < data.shape()[i])
      added = pad(Operand(added, where), i, 0, data.shape()[i] - added.shape()[i]);
  return add(Operand(data, where), added);
}

Tensor take(const Operand& x, const Operand& index, std::int64_t axis) {
  const CallScope scope("take", x.where());
  const Tensor data = x.tensor(), at = index.tensor();
  check<DTypeError>(at.dtype() == int64, x.where(), "take: indices must be i64, got ", describe(at));
  axis = normalise_axis(axis, data.ndim(), "take", x.where());
  Shape line = Shape::filled(data.ndim(), 1), shape = data.shape();
  line[axis] = shape[axis] = at.numel();
  check_known_indices(at, data.size(axis), "take", x.where());
  const Tensor taken = gather(data, axis, broadcast_to(reshape(at, line), shape));
  std::vector<std::int64_t> sizes(data.shape().begin(), data.shape().end());
  sizes.insert(sizes.erase(sizes.begin() + axis), at.shape().begin(), at.shape().end());
  return reshape(taken, sizes);
}

Tensor index_select(const Operand& x, std::int64_t axis, const Operand& index) {
  const CallScope scope("index_select", x.where());
  const Tensor at = index.tensor();
  check<ShapeError>(at.ndim() == 1, x.where(), "index_select: needs a list of indices, got ", describe(at));
  return take(x, at, axis);
}

Tensor index_add(const Operand& x, std::int64_t axis, const Operand& index, const Operand& source) {
  const CallScope scope("index_add", x.where());
  const Tensor data = x.tensor(), at = index.tensor(), from = source.tensor();
  check<ShapeError>(at.ndim() == 1, x.where(), "index_add: needs a list of indices, got ", describe(at));
  axis = normalise_axis(axis, data.ndim(), "index_add", x.where());
  Shape line = Shape::filled(data.ndim(), 1), expected = data.shape();
  line[axis] = expected[axis] = at.numel();
  check<ShapeError>(from.shape() == expected, x.where(), "index_add: the source is ", describe(from), ", not ",
                    expected);
  return scatter_add(data, axis, broadcast_to(reshape(at, line), expected), from);
}

Tensor one_hot(const Operand& index, std::int64_t classes, DType dtype) {
  const CallScope scope("one_hot", index.where());
  const Tensor at = index.tensor();
  check<DTypeError>(at.dtype() == int64, index.where(), "one_hot: indices must be i64, got ", describe(at));
  check<ValueError>(classes >= 0, index.where(), "one_hot: ", classes, " classes");
  check_known_indices(at, classes, "one_hot", index.where());
  return record(index.where(), OneHot(classes, dtype), at);
}

}  // namespace xgrad
