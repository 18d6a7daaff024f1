#include "autograd/check/compare.hpp"

#include <algorithm>
#include <cmath>

#include "autograd/check/directional.hpp"
#include "autograd/check/place.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"

namespace xgrad {

namespace {

constexpr double most_error = 1e-8;  // of a numeric derivative, relative to max(1, |a|, |n|), to rely on it

int weight(Verdict verdict) { return verdict == Verdict::fail ? 2 : verdict != Verdict::pass; }

}  // namespace

void Findings::add(const GradientCheckReport& found) {
  const double gap = std::abs(found.analytic - found.numeric);
  if (weight(found.verdict) < weight(worst_.verdict)) return;
  if (found.verdict == worst_.verdict && worst_.order > 0 && !(gap > gap_)) return;
  worst_ = found;
  gap_ = gap;
}

void judge(GradientCheckReport& found, const NumericDerivative& numeric, double tolerance) {
  found.numeric = numeric.value;
  found.error_estimate = numeric.error;
  const double scale = std::max({1.0, std::abs(found.analytic), std::abs(found.numeric)});
  found.reason = numeric.trouble;
  if (found.reason.empty() && std::isfinite(found.analytic) && !(numeric.error <= most_error * scale))
    found.reason = "the numeric derivative is uncertain";
  if (!found.reason.empty())
    found.verdict = Verdict::inconclusive;
  else if (!(std::abs(found.analytic - found.numeric) <= tolerance * scale + 10 * numeric.error))
    found.verdict = Verdict::fail;
}

namespace {

/// One order of a check.
class Check {
 public:
  Check(const CheckedFunction& f, const std::vector<Tensor>& inputs, const GradientCheckOptions& options, int order)
      : function_(f, order, options.seed), inputs_(inputs), options_(options), order_(order) {}

  void run(Findings& findings) {
    const std::vector<Tensor> gradients = function_.gradient(inputs_);
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (!gradients[i].defined()) continue;
      const std::int64_t count = inputs_[i].numel();
      const bool all = count <= options_.all_elements_up_to;
      Rng rng(options_.seed + i + 1);
      for (std::int64_t k = 0; k < (all ? count : options_.directions); ++k) {
        const Tensor direction = all ? basis(inputs_[i], k) : scaled(random_like(inputs_[i], rng));
        findings.add(compare(i, all ? k : -1, gradients[i], direction));
      }
    }
  }

 private:
  static Tensor basis(const Tensor& x, std::int64_t k) {
    std::vector<double> elements(static_cast<std::size_t>(x.numel()));
    elements[static_cast<std::size_t>(k)] = 1;
    return tensor(elements, x.shape(), x.dtype());
  }
  // To length about 1.
  static Tensor scaled(const Tensor& direction) {
    return direction / std::sqrt(static_cast<double>(direction.numel()));
  }

  GradientCheckReport compare(std::size_t input, std::int64_t element, const Tensor& gradient,
                              const Tensor& direction) const {
    GradientCheckReport found;
    found.order = order_;
    found.input = input;
    found.along_direction = element < 0;
    if (element >= 0) found.index = place_of(element, inputs_[input].shape());
    found.analytic =
        element >= 0 ? gradient.data<double>()[static_cast<std::size_t>(element)] : inner_product(gradient, direction);
    std::vector<Tensor> moved = inputs_;
    const auto along = [&](double step) {
      moved[input] = inputs_[input] + step * direction;
      evaluate(moved[input]);
      return function_.value(moved);
    };
    judge(found, numeric_derivative(along), options_.tolerance);
    return found;
  }

  Directional function_;
  const std::vector<Tensor>& inputs_;
  const GradientCheckOptions& options_;
  int order_;
};

}  // namespace

void compare_derivatives(const CheckedFunction& f, const std::vector<Tensor>& inputs,
                         const GradientCheckOptions& options, int order, Findings& findings) {
  Check(f, inputs, options, order).run(findings);
}

}  // namespace xgrad
