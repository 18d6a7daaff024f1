#include "autograd/check/gradient_check.hpp"

#include <algorithm>

#include "autograd/check/blame.hpp"
#include "autograd/check/compare.hpp"
#include "autograd/check/directional.hpp"
#include "autograd/check/place.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"

namespace xgrad {

namespace {

/// The float32 gradients against the float64 ones.
void compare_precisions(const CheckedFunction& f, const std::vector<Tensor>& narrow, const std::vector<Tensor>& wide,
                        const GradientCheckOptions& options, Findings& findings) {
  const auto low = Directional(f, 1, options.seed).gradient(narrow);
  const auto high = Directional(f, 1, options.seed).gradient(wide);
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    if (!low[i].defined()) continue;
    const auto a = low[i].to_vector(), b = high[i].to_vector();
    for (std::size_t k = 0; k < a.size(); ++k) {
      GradientCheckReport found;
      found.order = 1;
      found.input = i;
      found.index = place_of(static_cast<std::int64_t>(k), narrow[i].shape());
      found.analytic = a[k];
      judge(found, {b[k], 0, {}}, options.float32_tolerance);
      findings.add(found);
    }
  }
}

// Values of their own, without history: what the function is evaluated at again and again.
std::vector<Tensor> snapshot(const std::vector<Tensor>& inputs, const GradientCheckOptions& options,
                             const Location& where) {
  std::vector<Tensor> result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check<GraphError>(inputs[i].defined(), where, "check_gradient: input ", i, " is an undefined Tensor");
    check<DTypeError>(inputs[i].dtype() != float32 || options.allow_float32, where, "check_gradient: input ", i, " is ",
                      describe(inputs[i]), "; numeric derivatives need f64 (cast it, or set allow_float32)");
    result.push_back(value_of(inputs[i], where));
  }
  return result;
}

}  // namespace

const char* name(Verdict verdict) {
  constexpr const char* names[] = {"pass", "fail", "inconclusive"};
  return names[static_cast<int>(verdict)];
}

GradientCheckReport check_gradient(const CheckedFunction& f, const std::vector<Tensor>& inputs,
                                   const GradientCheckOptions& options, const Location& where) {
  check<ValueError>(options.order >= 1, where, "check_gradient: the order ", options.order, " is not positive");
  check<ValueError>(options.tolerance > 0 && options.directions > 0, where,
                    "check_gradient: the tolerance and the number of directions must be positive");
  std::vector<Tensor> at = snapshot(inputs, options, where);
  Findings findings;
  if (std::any_of(at.begin(), at.end(), [](const Tensor& x) { return x.dtype() == float32; })) {
    std::vector<Tensor> wide;
    for (const Tensor& x : at) wide.push_back(x.dtype() == float32 ? value_of(cast(x, float64), where) : x);
    compare_precisions(f, at, wide, options, findings);
    at = wide;
  }
  for (int order = 1; order <= options.order && findings.worst().verdict != Verdict::fail; ++order)
    compare_derivatives(f, at, options, order, findings);
  GradientCheckReport report = findings.worst();
  if (report.verdict == Verdict::fail) blame(f, at, options, report);
  return report;
}

std::string GradientCheckReport::text() const {
  Text out;
  out.precision(17);
  out << "gradient check: " << name(verdict);
  if (order == 0) return out.str() + " (nothing to differentiate)";
  out << ", order " << order << ", input " << input;
  if (along_direction)
    out << " in a random direction";
  else
    out << " at " << Shape(index);
  out << ": analytic " << analytic << ", numeric " << numeric << ", error estimate " << error_estimate;
  if (!reason.empty()) out << "; " << reason;
  if (verdict != Verdict::fail) return out.str();
  if (primitive.empty())
    out << "; every rule on the tape is right by itself: look for a stop_gradient, NoGrad or a value read out";
  else
    out << "; to blame: the rule of " << primitive << " for its input " << primitive_input << ", recorded at "
        << place(where);
  if (primitive_order > 1)
    out << ", which is right at order 1 and wrong at order " << primitive_order
        << ": does its vjp hide what it depends on (stop_gradient, NoGrad, a value read out)?";
  return out.str();
}

}  // namespace xgrad
