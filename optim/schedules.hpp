#pragma once

// Schedules: pure functions of the number k = 0, 1, 2, ... of steps done before. Their numbers are Hyperparameters, so
// derivatives flow to them; the lengths are whole numbers. ValueError for a length that is not positive.

#include <functional>
#include <vector>

#include "optim/hyperparameter.hpp"

namespace xgrad::optim {

/// value
Schedule constant(const Hyperparameter& value);

/// initial * factor^floor(k / every)
Schedule step_decay(const Hyperparameter& initial, std::int64_t every, const Hyperparameter& factor = 0.1,
                    const Location& where = Location::current());
/// initial * factor^(number of milestones <= k). ValueError unless the milestones ascend.
Schedule multi_step_decay(const Hyperparameter& initial, std::vector<std::int64_t> milestones,
                          const Hyperparameter& factor = 0.1, const Location& where = Location::current());

struct DecayOptions {
  std::int64_t steps = 1;  ///< the time unit
  bool staircase = false;  ///< k / steps is rounded down
};
/// initial * factor^(k / steps)
Schedule exponential_decay(const Hyperparameter& initial, const Hyperparameter& factor, DecayOptions options = {},
                           const Location& where = Location::current());
/// initial / (1 + decay * k / steps)
Schedule inverse_time_decay(const Hyperparameter& initial, const Hyperparameter& decay, DecayOptions options = {},
                            const Location& where = Location::current());

struct PolynomialOptions {
  Hyperparameter power = 1;
  Hyperparameter end = 0;
};
/// end + (initial - end) * (1 - k / steps)^power, and end from `steps` on.
Schedule polynomial_decay(const Hyperparameter& initial, std::int64_t steps, const PolynomialOptions& options = {},
                          const Location& where = Location::current());

/// start + (peak - start) * k / steps, and peak from `steps` on.
Schedule linear_warmup(const Hyperparameter& peak, std::int64_t steps, const Hyperparameter& start = 0,
                       const Location& where = Location::current());

struct LinearOptions {
  Hyperparameter start_factor = 1.0 / 3;
  Hyperparameter end_factor = 1;
  std::int64_t steps = 5;
};
/// initial * a factor that goes linearly from start_factor to end_factor in `steps` steps.
Schedule linear(const Hyperparameter& initial, const LinearOptions& options = {},
                const Location& where = Location::current());

struct CosineOptions {
  Hyperparameter end = 0;
  bool rises_again = false;  ///< goes on along the cosine after `steps`, instead of staying at `end`
};
/// end + (initial - end) / 2 * (1 + cos(pi k / steps)) (Loshchilov and Hutter, "SGDR", 2017, equation 5).
Schedule cosine_decay(const Hyperparameter& initial, std::int64_t steps, const CosineOptions& options = {},
                      const Location& where = Location::current());

struct RestartOptions {
  std::int64_t growth = 1;  ///< each period is this many times as long as the one before
  Hyperparameter end = 0;
};
/// A cosine decay that starts anew after each period.
Schedule cosine_restarts(const Hyperparameter& initial, std::int64_t period, const RestartOptions& options = {},
                         const Location& where = Location::current());

struct OneCycleOptions {
  double warmup = 0.3;  ///< the part of the steps in which it rises
  Hyperparameter divisor = 25;
  Hyperparameter final_divisor = 1e4;
};
/// Along half cosines from peak / divisor up to peak, reached at step warmup * steps - 1, and down to
/// peak / divisor / final_divisor at step steps - 1 (Smith and Topin, "Super-convergence", 2018).
Schedule one_cycle(const Hyperparameter& peak, std::int64_t steps, const OneCycleOptions& options = {},
                   const Location& where = Location::current());

/// initial * factor(k)
Schedule scaled(const Hyperparameter& initial, const Schedule& factor);

/// The first schedule before boundaries[0], the second before boundaries[1], ...; each counts from its own start.
/// ValueError unless there is one boundary between any two schedules and they ascend.
Schedule join(std::vector<Schedule> schedules, std::vector<std::int64_t> boundaries,
              const Location& where = Location::current());

}  // namespace xgrad::optim
