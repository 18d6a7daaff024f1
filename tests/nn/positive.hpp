#pragma once

#include <string>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

namespace xgrad {

/// A rule for a Parameter that has no state: softplus of what is trained.
struct Positive {
  static constexpr auto id = "Positive";
  static constexpr auto suffix = "_raw";
  void start(const Tensor&, const Location&) {}
  Tensor operator()(const Tensor& raw, bool) const { return softplus(raw); }
  void visit(nn::Visitor&, const std::string&) {}
};

}  // namespace xgrad
