// Family index, and `where`.

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/reference_check/call.hpp"

namespace xgrad::reference {

namespace {

/// An index vector, repeated over the other axes of `shape`.
Tensor spread(const Tensor& index, std::int64_t axis, const Shape& shape) {
  Shape line = Shape::filled(shape.ndim(), 1);
  line[axis < 0 ? axis + shape.ndim() : axis] = index.numel();
  return broadcast_to(reshape(index, line), shape);
}

Tensors slice_rule(const Call& call) {
  Tensor x = call["input"];
  for (auto range : call.args.rows("ranges")) {
    range.resize(4);
    if (!range[0]) throw FormatError("args.ranges: a range has no dim");
    x = slice(x, *range[0], range[1], range[2], range[3].value_or(1));
  }
  return {x};
}

Tensors index_add_rule(const Call& call) {
  const Tensor &x = call["input"], &source = call["source"];
  const double alpha = call.args.number("alpha", 1);
  return {scatter_add(x, call.axis(), spread(call["index"], call.axis(), source.shape()),
                      alpha == 1 ? source : alpha * source)};
}

Tensors embedding_rule(const Call& call) {
  const Tensor &index = call["input"], &weight = call["weight"];
  std::vector<std::int64_t> shape(index.shape().begin(), index.shape().end());
  shape.push_back(weight.size(1));
  const Tensor rows = reshape(take(weight, reshape(index, {-1})), shape);
  if (!call.args.has("padding_idx")) return {rows};
  const std::int64_t given = call.args.integer("padding_idx"), padding = given < 0 ? given + weight.size(0) : given;
  return {where(unsqueeze(index == padding, -1), stop_gradient(rows), rows)};
}

}  // namespace

void add_indexing(Rules& rules) {
  rules["slice"] = slice_rule;
  rules["select"] = [](const Call& call) {
    return Tensors{select(call["input"], call.axis(), call.args.integer("index"))};
  };
  rules["index_select"] =
      lifted([](const Call& call) { return Tensors{take(call["input"], reshape(call["index"], {-1}), call.axis())}; });
  rules["gather"] = lifted([](const Call& call) { return Tensors{gather(call["input"], call.axis(), call["index"])}; });
  rules["scatter_add"] = lifted(
      [](const Call& call) { return Tensors{scatter_add(call["input"], call.axis(), call["index"], call["src"])}; });
  rules["index_add"] = lifted(index_add_rule);
  rules["embedding"] = embedding_rule;
  rules["where"] = [](const Call& call) { return Tensors{where(call["condition"], call["input"], call["other"])}; };
}

}  // namespace xgrad::reference
