// Joins Tensors into one, and splits one into several.

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

struct Concat : Operation<Concat> {  // joined along an axis
  static constexpr auto id = "concat";
  std::int64_t axis;
  std::vector<std::int64_t> starts;  // where each input begins
  Concat(std::int64_t axis_, const std::vector<Tensor>& inputs) : axis(axis_) {
    std::int64_t start = 0;
    for (const Tensor& input : inputs) {
      starts.push_back(start);
      if (input.defined() && axis < input.ndim() && __builtin_add_overflow(start, input.shape()[axis], &start)) break;
    }
  }
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    Shape shape = inputs[0].shape();
    shape[axis] = 0;
    for (const Tensor& input : inputs) {
      bool fits = input.ndim() == shape.ndim();
      for (std::int64_t i = 0; fits && i < shape.ndim(); ++i) fits = i == axis || input.shape()[i] == shape[i];
      check<ShapeError>(fits, where, "concat: shapes differ off axis ", axis, ": ", xgrad::describe(inputs[0]), " and ",
                        xgrad::describe(input));
      check<DTypeError>(input.dtype() == inputs[0].dtype(), where,
                        "concat: dtypes differ: ", xgrad::describe(inputs[0]), " and ", xgrad::describe(input));
      check<LimitError>(!__builtin_add_overflow(shape[axis], input.shape()[axis], &shape[axis]), where,
                        "concat: the size of axis ", axis, " overflows");
    }
    check_shape(shape, item_size(inputs[0].dtype()), id, where);
    return {shape, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return slice(g, axis, starts[input], starts[input] + inputs[input].size(axis));
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::concat(inputs, axis, y);
  }
  Tensor batched(const Examples& examples) const override {
    std::vector<Tensor> inputs;
    for (std::size_t i = 0; i < examples.inputs.size(); ++i) inputs.push_back(spread(examples, i));
    return concat(inputs, axis + 1);
  }
  Lowering lower() const override { return {.moves = true, .joins = true, .axis = axis}; }
  void describe(Fields& fields) const override { fields("axis", axis); }  // the starts follow from the inputs
};

}  // namespace

Tensor concat(const std::vector<Tensor>& tensors, std::int64_t axis, const Location& where) {
  check<ValueError>(!tensors.empty(), where, "concat: no Tensors");
  check<GraphError>(tensors[0].defined(), where, "concat: an input is undefined");
  const std::int64_t at = normalise_axis(axis, tensors[0].ndim(), "concat", where);
  return tensors.size() == 1 ? tensors[0] : record(where, Concat(at, tensors), tensors);
}

Tensor stack(const std::vector<Tensor>& tensors, std::int64_t axis, const Location& where) {
  const CallScope scope("stack", where);
  check<ValueError>(!tensors.empty(), where, "stack: no Tensors");
  std::vector<Tensor> rows;
  rows.reserve(tensors.size());
  for (const Tensor& tensor : tensors) rows.push_back(unsqueeze(Operand(tensor, where), axis));
  return concat(rows, axis, where);
}

std::vector<Tensor> split(const Operand& x, std::int64_t size, std::int64_t axis) {
  const Tensor input = x.tensor();
  check<ValueError>(size > 0, x.where(), "split: the size ", size, " is not positive");
  const std::int64_t total = input.size(axis, x.where());
  std::vector<std::int64_t> sizes;
  for (std::int64_t start = 0; start < total; start += size) sizes.push_back(std::min(size, total - start));
  if (sizes.empty()) sizes.push_back(0);
  return split(Operand(input, x.where()), sizes, axis);
}

std::vector<Tensor> split(const Operand& x, const std::vector<std::int64_t>& sizes, std::int64_t axis) {
  const Tensor input = x.tensor();
  const std::int64_t total = input.size(axis, x.where());
  std::int64_t start = 0;
  std::vector<Tensor> pieces;
  for (const std::int64_t size : sizes) {
    check<ShapeError>(size >= 0 && size <= total - start, x.where(), "split: sizes ", Shape(sizes),
                      " do not add up to axis ", axis, " of ", describe(input));
    pieces.push_back(slice(Operand(input, x.where()), axis, start, start + size));
    start += size;
  }
  check<ShapeError>(start == total, x.where(), "split: sizes ", Shape(sizes), " do not add up to axis ", axis, " of ",
                    describe(input));
  return pieces;
}

}  // namespace xgrad
