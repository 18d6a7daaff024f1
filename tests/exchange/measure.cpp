#include "tests/exchange/measure.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/transform/grad.hpp"
#include "data/npz.hpp"
#include "data/safetensors.hpp"
#include "tests/apart.hpp"

namespace xgrad::exchange {

namespace {

using ByName = std::map<std::string, Tensor>;

ByName by_name(const std::vector<NamedTensor>& tensors) {
  ByName map;
  for (const auto& [name, value] : tensors) map.emplace(name, value);
  return map;
}

Tensors in_order(const ByName& values, const std::string& start) {
  Tensors found;
  for (auto at = values.find(start + ".0"); at != values.end();
       at = values.find(start + '.' + std::to_string(found.size())))
    found.push_back(at->second);
  return found;
}

/// The names of what is neither a Parameter nor a random stream; a buffer is whatever else the state has.
std::vector<NamedTensor> buffers(const nn::Module& module) {
  std::vector<NamedTensor> found = module.state();
  std::erase_if(found, [](const NamedTensor& item) {
    return item.name.ends_with("rng") || Parameter::holder(item.value).defined();
  });
  return found;
}

double difference(const Tensor& a, const Tensor& b) {
  const std::vector<double> ours = a.to_vector(), theirs = b.to_vector();
  double largest = 0, magnitude = 1;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    largest = std::max(largest, apart(ours[i], theirs[i]));
    magnitude = std::max(magnitude, std::abs(theirs[i]));
  }
  return largest / magnitude;
}

void compare(const ByName& ours, const ByName& theirs, Comparison& result) {
  for (const auto& [name, value] : theirs) {
    if (name.starts_with("input.") || name.starts_with("cotangent.")) continue;
    const auto found = ours.find(name);
    if (found == ours.end())
      result.wrong.push_back(name + " is not there");
    else if (found->second.shape() != value.shape() || found->second.dtype() != value.dtype())
      result.wrong.push_back(name + " has another shape or dtype");
    else
      result.largest = std::max(result.largest, difference(found->second, value));
  }
  for (const auto& [name, value] : ours)
    if (!theirs.contains(name)) result.wrong.push_back(name + " is there as well");
}

/// Whether the module has the values of `state`, rounded to so many bits after the leading one.
void compare_state(nn::Module& module, const ByName& state, int bits, const std::string& file, Comparison& result) {
  const ByName loaded = by_name(module.state());
  for (const auto& [name, value] : state) {
    const std::vector<double> exact = value.to_vector(), found = loaded.at(name).to_vector();
    for (std::size_t i = 0; i < exact.size(); ++i) {
      // Half a unit in the last place; below the smallest normal number of float16 it is that of the smallest.
      const double most = bits == 0 ? 0 : std::max(std::ldexp(std::abs(exact[i]), -bits - 1), std::ldexp(1, -25));
      if (apart(found[i], exact[i]) <= most) continue;
      result.wrong.push_back(name + " has other values in the " + file + " file");
      break;
    }
  }
}

}  // namespace

std::vector<NamedTensor> measure(const Layer& layer, nn::Module& module, const Tensors& inputs,
                                 const Tensors& cotangents) {
  module.train(layer.training);
  module.zero_gradients();
  std::vector<Parameter> sources;  // an undefined one for what has no derivative
  Tensors arguments;
  for (const Tensor& input : inputs) {
    sources.push_back(is_floating(input.dtype()) ? Parameter(input) : Parameter());
    arguments.push_back(sources.back().defined() ? Tensor(sources.back()) : input);
  }
  const Tensors outputs = layer.call(module, arguments);
  Tensor loss = sum(outputs.at(0) * cotangents.at(0));
  for (std::size_t i = 1; i < outputs.size(); ++i) loss = loss + sum(outputs[i] * cotangents.at(i));
  backward(loss);

  std::vector<NamedTensor> values;
  for (std::size_t i = 0; i < outputs.size(); ++i) values.push_back({"output." + std::to_string(i), outputs[i]});
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (sources[i].defined()) values.push_back({"gradient.input." + std::to_string(i), sources[i].gradient()});
  for (const auto& [name, parameter] : module.named_parameters())
    if (parameter.gradient().defined()) values.push_back({"gradient.parameter." + name, parameter.gradient()});
  for (const auto& [name, value] : buffers(module)) values.push_back({"after." + name, value});
  return values;
}

Comparison check(const Layer& layer, const std::string& stem) {
  Comparison result;
  const auto module = layer.make();
  data::load(stem + ".safetensors", *module);
  const ByName theirs = by_name(data::load(stem + ".values.safetensors"));
  compare(by_name(measure(layer, *module, in_order(theirs, "input"), in_order(theirs, "cotangent"))), theirs, result);
  return result;
}

Comparison check_formats(const Layer& layer, const std::string& stem) {
  Comparison result;
  const auto module = layer.make();
  const ByName state = by_name(data::load(stem + ".safetensors"));
  data::load_npz(stem + ".npz", *module);
  compare_state(*module, state, 0, "npz", result);
  data::load(stem + ".bfloat16.safetensors", *module);
  compare_state(*module, state, 7, "bfloat16", result);
  data::load(stem + ".float16.safetensors", *module);
  compare_state(*module, state, 10, "float16", result);
  data::load(stem + ".safetensors", *module);
  compare_state(*module, state, 0, "safetensors", result);
  return result;
}

void write(const Layer& layer, const std::string& stem) {
  using data::FloatStorage;
  const std::string ours = stem + ".xgrad";
  const auto module = layer.make();
  data::save(ours + ".safetensors", *module);
  data::save(ours + ".float16.safetensors", *module, {.floats = FloatStorage::float16});
  data::save(ours + ".bfloat16.safetensors", *module, {.floats = FloatStorage::bfloat16});
  data::save_npz(ours + ".npz", *module);
  const std::vector<NamedTensor> theirs = data::load(stem + ".values.safetensors");
  const Tensors inputs = in_order(by_name(theirs), "input"), cotangents = in_order(by_name(theirs), "cotangent");
  std::vector<NamedTensor> values = measure(layer, *module, inputs, cotangents);
  for (const NamedTensor& item : theirs)
    if (item.name.starts_with("input.") || item.name.starts_with("cotangent.")) values.push_back(item);
  data::save(ours + ".values.safetensors", values);
}

}  // namespace xgrad::exchange
