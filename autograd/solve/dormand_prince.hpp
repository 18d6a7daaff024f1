#pragma once

#include <vector>

#include "autograd/solve/ode.hpp"

namespace xgrad::detail {

/// The solution of an initial value problem, step by step, recorded if derivatives may be taken.
class DormandPrince {
 public:
  DormandPrince(const OdeFunction& f, const Tensor& y0, const Tensor& ts, const OdeOptions& options,
                const Location& where);
  /// y at each of the times.
  std::vector<Tensor> solve();

 private:
  struct Step;  // what one attempt gives

  Tensor derivative(double time, const Tensor& y) const;
  double norm_of(const Tensor& x) const;
  double first_step();
  Step attempt(double h) const;
  std::vector<Tensor> record_step(double h, const Tensor& y, const Tensor& k1) const;
  Tensor interpolated(std::size_t number, double h, const Tensor& y, const Tensor& y1,
                      const std::vector<Tensor>& k) const;
  double next_step(double h, const Step& step);
  void look_for_stiffness(double h, const Step& step);
  [[noreturn]] void give_up(const char* reason, double h) const;

  const OdeFunction& f_;
  Tensor y_, k1_;  // where it stands
  Tensor start_;   // the first time
  const OdeOptions& options_;
  const Location& where_;
  std::vector<double> times_;   // since the first one
  std::vector<Tensor> shifts_;  // of each: zeros, with the derivatives of the time
  double first_ = 0;            // the first time
  double time_ = 0;             // since then
  std::size_t next_ = 1;        // the first of the times that is still to come
  double last_error_ = 1e-4;    // of the step before, for the controller
  bool rejected_ = false;
  std::int64_t accepted_ = 0;
  int stiff_ = 0, not_stiff_ = 0;  // steps that looked so
};

}  // namespace xgrad::detail
