#include "autograd/ops/index.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index_checks.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

// Off the axis, the index has the sizes of the data, or size 1 where it is repeated; except that an index with a single
// element along the last axis has all sizes, because the engine takes it as one index per row.
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
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const;
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::scatter_add(inputs[0], inputs[1], axis, y, where);
  }
  Lowering lower() const override { return {.kind = Lowering::Kind::scatter, .moves = true, .axis = axis}; }
  Tensor batched(const Examples& examples) const override {
    return record_with_index(ScatterAdd(axis + 1, size), examples, axis);
  }
  void describe(Fields& fields) const override {
    fields("axis", axis);
    fields("size", size);
  }
  // Records without repeating an index that is the same for all examples.
  template <class P>
  static Tensor record_with_index(P primitive, const Examples& examples, std::int64_t axis) {
    const Tensor& index = examples.inputs[1];
    if (examples.mapped[1] || index.size(axis) == 1) return record_spread(std::move(primitive), examples);
    return record(Location::current(), std::move(primitive), spread(examples, 0), unsqueeze(index, 0));
  }
};

struct Gather : Operation<Gather> {  // y[i][j] = x[index[i][j]][j]
  static constexpr auto id = "gather";
  std::int64_t axis;
  explicit Gather(std::int64_t axis_) : axis(axis_) {}

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    Shape shape = inputs[0].shape();
    shape[axis] = inputs[1].shape()[axis];
    check_shape(shape, item_size(inputs[0].dtype()), id, where);
    return {shape, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    if (input == 1) return {};
    return record(Location::current(), ScatterAdd(axis, inputs[0].size(axis)), g, inputs[1]);
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::gather(inputs[0], inputs[1], axis, y, where);
  }
  Lowering lower() const override { return {.kind = Lowering::Kind::gather, .moves = true, .axis = axis}; }
  // Data that is the same for all examples is not repeated: the examples' indices are joined along the axis.
  Tensor batched(const Examples& examples) const override {
    const Tensor &x = examples.inputs[0], &index = examples.inputs[1];
    if (examples.mapped[0]) return ScatterAdd::record_with_index(Gather(axis + 1), examples, axis);
    const Tensor behind = moveaxis(index, 0, axis);
    std::vector<std::int64_t> joined(index.shape().begin() + 1, index.shape().end());
    joined[static_cast<std::size_t>(axis)] *= examples.count;
    const Tensor gathered = record(Location::current(), Gather(axis), x, reshape(behind, joined));
    std::vector<std::int64_t> sizes(examples.one.shape().begin(), examples.one.shape().end());
    sizes.insert(sizes.begin() + axis, examples.count);
    return moveaxis(reshape(gathered, sizes), axis, 0);
  }
  void describe(Fields& fields) const override { fields("axis", axis); }
};

Tensor ScatterAdd::vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
  return input == 0 ? record(Location::current(), Gather(axis), g, inputs[1]) : Tensor();
}

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

// Indices along an axis of this shape, the same for all places off it.
Tensor at_axis(const Tensor& index, const Shape& beside, std::int64_t axis) {
  Shape line = Shape::filled(beside.ndim(), 1), whole = beside;
  line[axis] = whole[axis] = index.numel();
  const Tensor indices = reshape(index, line);
  return index.numel() == 1 ? broadcast_to(indices, whole) : indices;
}

}  // namespace

void check_known_indices(const Tensor& index, std::int64_t size, const char* operation, const Location& where) {
  if (index.evaluated()) kernels::check_indices(index.entry()->view(), size, operation, where);
}

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
  check_known_indices(at, data.size(axis), "take", x.where());
  const Tensor taken = record(x.where(), Gather(axis), data, at_axis(at, data.shape(), axis));
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
  check<DTypeError>(at.dtype() == int64, x.where(), "index_add: indices must be i64, got ", describe(at));
  check<DTypeError>(from.dtype() == data.dtype(), x.where(), "index_add: dtypes differ: data ", describe(data),
                    ", source ", describe(from));
  Shape expected = data.shape();
  expected[axis] = at.numel();
  check<ShapeError>(from.shape() == expected, x.where(), "index_add: the source is ", describe(from), ", not ",
                    expected);
  check_known_indices(at, data.size(axis), "index_add", x.where());
  return data + record(x.where(), ScatterAdd(axis, data.size(axis)), from, at_axis(at, data.shape(), axis));
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
