#pragma once

#include <functional>

#include "optim/transformation.hpp"

namespace xgrad::optim {

/// A function to make small, and where to start.
struct Problem {
  Tensors initial;                             ///< Tensors or the values of Parameters
  std::function<Tensor(const Tensors&)> loss;  ///< of one element
};

struct Unrolled {
  Tensor loss;                 ///< at the final parameters
  Tensors parameters;          ///< the final ones
  std::vector<Tensor> losses;  ///< before each step
};

/// Records `steps` steps of a rule as one function of the initial parameters and the rule's hyperparameters, through
/// which derivatives of any order flow:
///
///     Parameter rate{tensor(0.1)};
///     const Tensor hypergradient = grad(unroll(problem, optim::adam(rate), 5), rate);
///
/// Nothing but Tensors is changed. Where a gradient is exactly 0, sqrt(v) in adaptive rules has an infinite derivative:
/// give them an `eps_root`.
Unrolled unroll_all(const Problem& problem, const Transformation& rule, std::int64_t steps,
                    const Location& where = Location::current());
/// The loss at the final parameters.
Tensor unroll(const Problem& problem, const Transformation& rule, std::int64_t steps,
              const Location& where = Location::current());

}  // namespace xgrad::optim
