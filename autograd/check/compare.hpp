#pragma once

#include "autograd/check/gradient_check.hpp"
#include "autograd/check/ridders.hpp"

namespace xgrad {

/// Keeps the finding that says most: a failure before an inconclusive place before agreement, then the larger gap.
class Findings {
 public:
  void add(const GradientCheckReport& found);
  const GradientCheckReport& worst() const { return worst_; }

 private:
  GradientCheckReport worst_;
  double gap_ = 0;
};

/// Completes a finding: the numeric derivative, and the verdict on the analytic one.
void judge(GradientCheckReport& found, const NumericDerivative& numeric, double tolerance);

/// Checks the derivatives of one order.
void compare_derivatives(const CheckedFunction& f, const std::vector<Tensor>& inputs,
                         const GradientCheckOptions& options, int order, Findings& findings);

}  // namespace xgrad
