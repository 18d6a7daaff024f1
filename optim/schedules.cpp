#include "optim/schedules.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "autograd/core/fail.hpp"

namespace xgrad::optim {

namespace {

void check_length(std::int64_t steps, const char* schedule, const char* name, const Location& where) {
  check<ValueError>(steps > 0, where, schedule, ": ", name, " = ", steps, " is not positive");
}

void check_ascending(const std::vector<std::int64_t>& steps, const char* schedule, const Location& where) {
  const bool ascending = std::ranges::adjacent_find(steps, std::ranges::greater_equal{}) == steps.end();
  check<ValueError>(ascending && (steps.empty() || steps[0] > 0), where, schedule,
                    ": the steps are not positive and ascending");
}

/// From `from` to `to` along half a cosine, for t in [0, 1].
Scalar half_cosine(const Scalar& from, const Scalar& to, double t) {
  return to + (from - to) * (0.5 * (1 + std::cos(std::numbers::pi * t)));
}

double ratio(std::int64_t a, std::int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

double time_of(std::int64_t step, const DecayOptions& options) {
  const double time = ratio(step, options.steps);
  return options.staircase ? std::floor(time) : time;
}

}  // namespace

Schedule constant(const Hyperparameter& value) {
  return [value](std::int64_t step) { return value.at(step); };
}

Schedule step_decay(const Hyperparameter& initial, std::int64_t every, const Hyperparameter& factor,
                    const Location& where) {
  check_length(every, "step_decay", "every", where);
  return [=](std::int64_t step) { return initial.at(step) * pow(factor.at(step), step / every); };
}

Schedule multi_step_decay(const Hyperparameter& initial, std::vector<std::int64_t> milestones,
                          const Hyperparameter& factor, const Location& where) {
  check_ascending(milestones, "multi_step_decay", where);
  return [=](std::int64_t step) {
    const auto passed = std::ranges::upper_bound(milestones, step) - milestones.begin();
    return initial.at(step) * pow(factor.at(step), passed);
  };
}

Schedule exponential_decay(const Hyperparameter& initial, const Hyperparameter& factor, DecayOptions options,
                           const Location& where) {
  check_length(options.steps, "exponential_decay", "steps", where);
  return [=](std::int64_t step) { return initial.at(step) * pow(factor.at(step), time_of(step, options)); };
}

Schedule inverse_time_decay(const Hyperparameter& initial, const Hyperparameter& decay, DecayOptions options,
                            const Location& where) {
  check_length(options.steps, "inverse_time_decay", "steps", where);
  return [=](std::int64_t step) { return initial.at(step) / (1 + decay.at(step) * time_of(step, options)); };
}

Schedule polynomial_decay(const Hyperparameter& initial, std::int64_t steps, const PolynomialOptions& options,
                          const Location& where) {
  check_length(steps, "polynomial_decay", "steps", where);
  return [=](std::int64_t step) {
    const Scalar end = options.end.at(step);
    if (step >= steps) return end;
    return end + (initial.at(step) - end) * pow(1 - ratio(step, steps), options.power.at(step));
  };
}

Schedule linear_warmup(const Hyperparameter& peak, std::int64_t steps, const Hyperparameter& start,
                       const Location& where) {
  check_length(steps, "linear_warmup", "steps", where);
  return [=](std::int64_t step) {
    const Scalar high = peak.at(step), low = start.at(step);
    return step >= steps ? high : low + (high - low) * ratio(step, steps);
  };
}

Schedule linear(const Hyperparameter& initial, const LinearOptions& options, const Location& where) {
  check_length(options.steps, "linear", "steps", where);
  return [=](std::int64_t step) {
    const Scalar start = options.start_factor.at(step), end = options.end_factor.at(step);
    const double t = ratio(std::min(step, options.steps), options.steps);
    return initial.at(step) * (start + (end - start) * t);
  };
}

Schedule cosine_decay(const Hyperparameter& initial, std::int64_t steps, const CosineOptions& options,
                      const Location& where) {
  check_length(steps, "cosine_decay", "steps", where);
  return [=](std::int64_t step) {
    const std::int64_t at = options.rises_again ? step : std::min(step, steps);
    return half_cosine(initial.at(step), options.end.at(step), ratio(at, steps));
  };
}

Schedule cosine_restarts(const Hyperparameter& initial, std::int64_t period, const RestartOptions& options,
                         const Location& where) {
  check_length(period, "cosine_restarts", "period", where);
  check_length(options.growth, "cosine_restarts", "growth", where);
  return [=](std::int64_t step) {
    std::int64_t at = step, length = period;
    if (options.growth == 1) at %= period;
    for (; at >= length; length *= options.growth) at -= length;
    return half_cosine(initial.at(step), options.end.at(step), ratio(at, length));
  };
}

Schedule one_cycle(const Hyperparameter& peak, std::int64_t steps, const OneCycleOptions& options,
                   const Location& where) {
  check_length(steps, "one_cycle", "steps", where);
  check<ValueError>(options.warmup >= 0 && options.warmup <= 1, where, "one_cycle: warmup = ", options.warmup,
                    " is not in [0, 1]");
  return [=](std::int64_t step) {
    const double last = static_cast<double>(steps - 1);
    const double top = std::max(0.0, options.warmup * static_cast<double>(steps) - 1);
    const double at = std::min(static_cast<double>(step), last);
    const Scalar high = peak.at(step), low = high / options.divisor.at(step);
    if (at < top) return half_cosine(low, high, at / top);
    const double t = last > top ? (at - top) / (last - top) : 0;
    return half_cosine(high, low / options.final_divisor.at(step), t);
  };
}

Schedule scaled(const Hyperparameter& initial, const Schedule& factor) {
  return [=](std::int64_t step) { return initial.at(step) * factor(step); };
}

Schedule join(std::vector<Schedule> schedules, std::vector<std::int64_t> boundaries, const Location& where) {
  check<ValueError>(schedules.size() == boundaries.size() + 1, where, "join: ", schedules.size(), " schedules and ",
                    boundaries.size(), " boundaries");
  check_ascending(boundaries, "join", where);
  return [=](std::int64_t step) {
    const auto passed = static_cast<std::size_t>(std::ranges::upper_bound(boundaries, step) - boundaries.begin());
    return schedules[passed](passed == 0 ? step : step - boundaries[passed - 1]);
  };
}

}  // namespace xgrad::optim
