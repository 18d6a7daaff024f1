// Family reduction.

#include <algorithm>
#include <limits>

#include "autograd/ops/ops.hpp"
#include "tests/reference_check/call.hpp"

namespace xgrad::reference {

namespace {

/// The values at the first extreme index along an axis, and these indices.
Tensors extreme(const Call& call, Tensor (*index_of)(const Operand&, std::int64_t, KeepDims)) {
  const Tensor& x = call["input"];
  const Tensor index = index_of(x, call.axis(), keep_dims), values = gather(x, call.axis(), index);
  if (call.keep() == KeepDims::yes) return {values, index};
  return {squeeze(values, call.axis()), squeeze(index, call.axis())};
}

/// The library refuses a variance of no more elements than the correction; here it is a division by 0.
Tensor variance(const Call& call) {
  const Tensor& x = call["input"];
  const std::int64_t correction = call.args.integer("correction", 1);
  const Tensor total = sum(x, call.axes(), keep_dims);
  const std::int64_t count = total.numel() > 0 ? x.numel() / total.numel() : 0;
  if (count > correction || count == 0) return var(x, call.axes(), correction, call.keep());
  return sum(square(x - mean(x, call.axes(), keep_dims)), call.axes(), call.keep()) / 0.0;
}

}  // namespace

void add_reductions(Rules& rules) {
  rules["sort"] = lifted([](const Call& call) {
    const auto [values, indices] =
        sort(call["input"], call.args.integer("dim", -1), call.args.flag("descending", false));
    return Tensors{values, indices};
  });
  rules["topk"] = lifted([](const Call& call) {
    const auto [values, indices] =
        topk(call["input"], call.args.integer("k"), call.args.integer("dim", -1), call.args.flag("largest", true));
    return Tensors{values, indices};
  });
  const std::pair<const char*, Tensor (*)(const Operand&, const Axes&, KeepDims)> functions[] = {
      {"sum", sum}, {"mean", mean}, {"prod", prod}, {"amax", max}, {"amin", min}};
  for (const auto& [name, function] : functions)
    rules[name] = lifted(
        [function = function](const Call& call) { return Tensors{function(call["input"], call.axes(), call.keep())}; });
  rules["max"] = lifted([](const Call& call) { return extreme(call, argmax); });
  rules["min"] = lifted([](const Call& call) { return extreme(call, argmin); });
  rules["var"] = lifted([](const Call& call) { return Tensors{variance(call)}; });
  rules["std"] = lifted([](const Call& call) {
    const std::int64_t correction = call.args.integer("correction", 1);
    const Tensor& x = call["input"];
    const std::int64_t kept = std::max<std::int64_t>(sum(x, call.axes()).numel(), 1);
    if (x.numel() / kept <= correction) return Tensors{sqrt(variance(call))};
    return Tensors{std(x, call.axes(), correction, call.keep())};
  });
  rules["cumsum"] = lifted([](const Call& call) { return Tensors{cumsum(call["input"], call.axis())}; });
  rules["cumprod"] = lifted([](const Call& call) { return Tensors{cumprod(call["input"], call.axis())}; });
  rules["norm"] = lifted([](const Call& call) {
    return Tensors{norm(call["input"], call.axes(), {call.args.number("p", 2)}, call.keep())};
  });
}

}  // namespace xgrad::reference
