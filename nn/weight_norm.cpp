#include "nn/weight_norm.hpp"

#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"

namespace xgrad::nn {

void WeightNormRule::start(const Tensor& weight, const Location& where) {
  const CallScope scope(id, where);
  if (axis_) axis_ = normalise_axis(*axis_, weight.ndim(), id, where);
  const NoGrad untracked;
  g = Parameter(norm_of(weight), where);
}

Tensor WeightNormRule::norm_of(const Tensor& v) const {
  if (!axis_) return norm(v);
  std::vector<std::int64_t> others;
  for (std::int64_t i = 0; i < v.ndim(); ++i)
    if (i != *axis_) others.push_back(i);
  return norm(v, others, keep_dims);
}

Tensor WeightNormRule::operator()(const Tensor& v, bool) const { return v * (g / norm_of(v)); }

}  // namespace xgrad::nn
