// Families shape and join.

#include <algorithm>

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "tests/reference_check/call.hpp"

namespace xgrad::reference {

namespace {

/// `dims` of a 0-d tensor may be 0 or -1; nothing moves then.
bool stays(const Call& call) { return call["input"].ndim() == 0; }

Tensors squeeze_rule(const Call& call) {
  const Tensor& x = call["input"];
  if (!call.args.has("dim") || stays(call)) return {squeeze(x)};
  std::vector<std::int64_t> dims = call.args.integers("dim");
  std::erase_if(dims, [&](std::int64_t dim) { return x.size(dim) != 1; });
  return {squeeze(x, dims)};
}

Tensors roll_rule(const Call& call) {
  const std::vector<std::int64_t> shifts = call.args.integers("shifts");
  const Tensor& x = call["input"];
  if (stays(call)) return {x};
  if (!call.args.has("dims") || call.args.integers("dims").empty()) return {roll(x, shifts.at(0))};
  return {roll(x, shifts, call.args.integers("dims"))};
}

/// The place in [0, size) that place `at` outside takes its element from.
std::int64_t source_of(std::int64_t at, std::int64_t size, const std::string& mode) {
  if (mode == "replicate") return std::clamp<std::int64_t>(at, 0, size - 1);
  if (mode == "circular") return ((at % size) + size) % size;
  if (mode != "reflect") throw FormatError("args.mode is " + mode);
  const std::int64_t period = std::max<std::int64_t>(2 * (size - 1), 1), inside = ((at % period) + period) % period;
  return std::min(inside, period - inside);
}

Tensors pad_rule(const Call& call) {
  const std::vector<std::int64_t> amounts = call.args.integers("pad");
  const std::string mode = call.args.text("mode", "constant");
  Tensor x = call["input"];
  for (std::size_t i = 0; i + 1 < amounts.size(); i += 2) {
    const std::int64_t axis = x.ndim() - 1 - static_cast<std::int64_t>(i / 2);
    const std::int64_t before = amounts[i], after = amounts[i + 1], size = x.size(axis);
    if (mode == "constant") {
      x = pad(x, axis, before, after, call.args.number("value", 0));
      continue;
    }
    std::vector<std::int64_t> sources;
    for (std::int64_t at = -before; at < size + after; ++at) sources.push_back(source_of(at, size, mode));
    x = take(x, tensor(sources), axis);
  }
  return {x};
}

Tensors cat_rule(const Call& call) {
  Tensors tensors = call.list("tensors");
  const std::int64_t ndim = std::max_element(tensors.begin(), tensors.end(), [](const Tensor& a, const Tensor& b) {
                              return a.ndim() < b.ndim();
                            })->ndim();
  if (ndim != 1) std::erase_if(tensors, [](const Tensor& x) { return x.shape() == Shape{0}; });  // joined by all
  return {concat(tensors, call.args.integer("dim", 0))};
}

Tensors split_rule(const Call& call) {
  const std::int64_t axis = call.args.integer("dim", 0);
  if (call.args.is_list("split_size")) return split(call["input"], call.args.integers("split_size"), axis);
  return split(call["input"], call.args.integer("split_size"), axis);
}

}  // namespace

void add_shapes(Rules& rules) {
  rules["transpose"] = [](const Call& call) {
    if (stays(call)) return Tensors{call["input"]};
    return Tensors{transpose(call["input"], call.args.integer("dim0"), call.args.integer("dim1"))};
  };
  rules["permute"] = [](const Call& call) { return Tensors{permute(call["input"], call.args.integers("dims"))}; };
  rules["reshape"] = [](const Call& call) { return Tensors{reshape(call["input"], call.args.integers("shape"))}; };
  rules["squeeze"] = squeeze_rule;
  rules["unsqueeze"] = [](const Call& call) { return Tensors{unsqueeze(call["input"], call.axis())}; };
  rules["expand"] = [](const Call& call) { return Tensors{broadcast_to(call["input"], call.args.integers("shape"))}; };
  rules["flip"] = [](const Call& call) {
    return Tensors{stays(call) ? call["input"] : flip(call["input"], call.args.integers("dims"))};
  };
  rules["roll"] = roll_rule;
  rules["pad"] = pad_rule;
  rules["repeat"] = [](const Call& call) { return Tensors{tile(call["input"], call.args.integers("repeats"))}; };
  rules["cat"] = cat_rule;
  rules["stack"] = [](const Call& call) { return Tensors{stack(call.list("tensors"), call.args.integer("dim", 0))}; };
  rules["split"] = split_rule;
}

}  // namespace xgrad::reference
