// Families index and mask, and `where`.

#include <limits>

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/reference_check/call.hpp"

namespace xgrad::reference {

namespace {

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
  const double alpha = call.args.number("alpha", 1);
  const Tensor& source = call["source"];
  return {index_add(call["input"], call.axis(), reshape(call["index"], {-1}), alpha == 1 ? source : alpha * source)};
}

Tensor mask(const Call& call) { return call["mask"] != 0; }

Tensors masked_mean_rule(const Call& call) {
  const Tensor kept = cast(mask(call), call["input"].dtype());
  return {sum(call["input"] * kept, call.axes()) / sum(kept + zeros_like(call["input"]), call.axes())};
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
  rules["index_select"] = lifted(
      [](const Call& call) { return Tensors{index_select(call["input"], call.axis(), reshape(call["index"], {-1}))}; });
  rules["gather"] = lifted([](const Call& call) { return Tensors{gather(call["input"], call.axis(), call["index"])}; });
  rules["scatter_add"] = lifted(
      [](const Call& call) { return Tensors{scatter_add(call["input"], call.axis(), call["index"], call["src"])}; });
  rules["index_add"] = lifted(index_add_rule);
  rules["embedding"] = embedding_rule;
  rules["masked_fill"] = [](const Call& call) {
    if (call.has("value")) return Tensors{masked_fill(call["input"], mask(call), call["value"])};
    return Tensors{masked_fill(call["input"], mask(call), call.args.number("value"))};
  };
  rules["masked_select"] = [](const Call& call) { return Tensors{masked_select(call["input"], mask(call))}; };
  rules["masked_scatter"] = [](const Call& call) {
    const Tensor chosen = mask(call);
    evaluate(chosen);  // the source has as many elements as the mask takes
    return Tensors{masked_scatter(call["input"], chosen, call["source"])};
  };
  rules["masked_softmax"] = [](const Call& call) {
    const double least = -std::numeric_limits<double>::infinity();
    return Tensors{softmax(masked_fill(call["input"], call["mask"] == 0, least), call.axis())};
  };
  rules["masked_mean"] = masked_mean_rule;
  rules["where"] = [](const Call& call) { return Tensors{where(call["condition"], call["input"], call["other"])}; };
}

}  // namespace xgrad::reference
