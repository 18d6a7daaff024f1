#pragma once

#include <cstdint>
#include <utility>

#include "nn/steps.hpp"

namespace xgrad::nn {

/// How the results of a Parallel become one.
enum class Join {
  concat,  ///< along an axis
  sum,
};

struct ParallelOptions {
  Join join = Join::concat;
  std::int64_t axis = 1;  ///< of concat; by default that of features, or channels
};

/// f_1(x), ..., f_n(x), joined. Each branch is a step: a module (a Sequential, say), a function, a lambda.
///
///     nn::Parallel inception({.axis = 1}, narrow, wide);
///     nn::Parallel block({.join = nn::Join::sum}, nn::Sequential(first, relu, second), projection);
///
/// Modules are named by their place: `0.weight`, `1.weight`.
class Parallel : public Steps {
 public:
  template <SequentialStep... Branches>
  explicit Parallel(ParallelOptions options, Branches... branches) : Steps(std::move(branches)...), options_(options) {}

  /// ShapeError for branches whose results differ in shape (off the axis, for concat), and AxisError for an axis that
  /// they do not have; ValueError without branches.
  Tensor operator()(const Operand& x) const;

 private:
  ParallelOptions options_;
};

}  // namespace xgrad::nn
