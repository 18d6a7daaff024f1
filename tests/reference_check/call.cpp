#include "tests/reference_check/call.hpp"

#include <algorithm>

#include "autograd/core/error.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad::reference {

bool Call::has(const std::string& name) const {
  return std::any_of(inputs.begin(), inputs.end(), [&](const auto& input) { return input.first == name; });
}

const Tensor& Call::operator[](const std::string& name) const {
  for (const auto& input : inputs)
    if (input.first == name) return input.second;
  throw FormatError("there is no input " + name);
}

Tensor Call::optional(const std::string& name) const { return has(name) ? (*this)[name] : Tensor(); }

Tensors Call::list(const std::string& name) const {
  Tensors tensors;
  while (has(name + "." + std::to_string(tensors.size())))
    tensors.push_back((*this)[name + "." + std::to_string(tensors.size())]);
  return tensors;
}

Axes Call::axes() const {
  if (!args.has("dim")) return all_axes;
  const std::vector<std::int64_t> dims = args.integers("dim");
  return dims.empty() ? all_axes : Axes(dims);
}

Rule lifted(Rule rule) {
  return [rule = std::move(rule)](const Call& call) {
    if (!call.args.has("dim") || call["input"].ndim() > 0) return rule(call);
    Call vectors = call;
    for (auto& [name, tensor] : vectors.inputs)
      if (tensor.ndim() == 0) tensor = reshape(tensor, {1});
    Tensors results = rule(vectors);
    for (Tensor& result : results)
      if (result.numel() == 1) result = reshape(result, {});
    return results;
  };
}

const Rules& rules() {
  static const Rules all = [] {
    Rules table;
    add_elementwise(table);
    add_reductions(table);
    add_products(table);
    add_shapes(table);
    add_indexing(table);
    add_losses(table);
    add_clipping(table);
    return table;
  }();
  return all;
}

}  // namespace xgrad::reference
