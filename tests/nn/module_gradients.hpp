#pragma once

#include <catch2/catch.hpp>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "nn/module.hpp"

namespace xgrad {

/// Compares the first and second derivatives of call(inputs) by the inputs and by all Parameters of the module with
/// numeric ones.
template <class Call>
void check_module_gradients(nn::Module& module, const std::vector<Tensor>& inputs, const Call& call) {
  std::vector<Tensor> at = inputs;
  std::vector<Parameter> parameters = module.parameters();
  for (const Parameter& parameter : parameters) at.push_back(parameter.value());
  const auto f = [&](const std::vector<Tensor>& xs) {
    DifferentiableUpdates keep;
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].assign(xs[inputs.size() + i]);
    return call({xs.begin(), xs.begin() + static_cast<std::ptrdiff_t>(inputs.size())});
  };
  const auto report = check_gradient(f, at, {.order = 2});
  INFO(report.text());
  CHECK(report.verdict == Verdict::pass);
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].assign(at[inputs.size() + i]);
}

}  // namespace xgrad
