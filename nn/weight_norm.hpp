#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "nn/reparametrised.hpp"

namespace xgrad::nn {

struct WeightNormOptions {
  std::string name = "weight";           ///< of the Parameter
  std::optional<std::int64_t> axis = 0;  ///< along which each part has a norm of its own; {} for one norm of all
};

/// w = g v / |v|: see weight_norm.
class WeightNormRule {
 public:
  static constexpr auto id = "weight_norm";
  static constexpr auto suffix = "_v";

  explicit WeightNormRule(std::optional<std::int64_t> axis = 0) : axis_(axis) {}
  void start(const Tensor& weight, const Location& where);
  Tensor operator()(const Tensor& v, bool training) const;
  void visit(Visitor& visitor, const std::string& name) { visitor(name + "_g", g); }

  Parameter g;

 private:
  Tensor norm_of(const Tensor& v) const;
  std::optional<std::int64_t> axis_;
};

/// A module, one of whose Parameters is w = g v / |v|, with a norm |v| for each index of an axis (of each output, for a
/// Linear): its length g and its direction v are trained apart (Salimans, Kingma, "Weight normalization", 2016).
///
///     nn::WeightNorm<nn::Linear> layer = nn::weight_norm(nn::Linear(2, 3));
///
/// The Parameter is named `weight_v` then, and g, with size 1 off the axis, `weight_g`; at first w is what it was.
template <std::derived_from<Module> M>
using WeightNorm = Reparametrised<M, WeightNormRule>;

/// ValueError when the module has no such Parameter, AxisError when that has no such axis.
template <std::derived_from<Module> M>
WeightNorm<M> weight_norm(M module, const WeightNormOptions& options = {},
                          const Location& where = Location::current()) {
  return WeightNorm<M>(std::move(module), options.name, WeightNormRule(options.axis), where);
}

}  // namespace xgrad::nn
