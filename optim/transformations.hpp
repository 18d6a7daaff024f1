#pragma once

// The parts that optimisers are chained from. g is the gradient, or what the rules before made of it.

#include "optim/hyperparameter.hpp"
#include "optim/transformation.hpp"

namespace xgrad::optim {

/// factor * g, where the factor may be a Schedule. ValueError for one that is not finite.
Transformation scale(const Hyperparameter& factor, const Location& where = Location::current());
Transformation scale_by_schedule(const Schedule& factor);
/// -rate * g: the last part of most chains. ValueError for a rate that is negative or not finite.
Transformation descend(const Hyperparameter& rate, const Location& where = Location::current());

/// Rescales the gradients, all together as one vector, to a length; a zero gradient stays zero.
Transformation normalise(const Hyperparameter& length = 1, const Location& where = Location::current());
/// Each element limited to [-limit, limit].
Transformation clip_by_value(double limit, const Location& where = Location::current());
/// min(1, max_norm / (norm + 1e-6)) * g, with the p-norm of all gradients together (Pascanu, Mikolov and Bengio, 2013).
/// Gradients that are not finite are an error (see Optimizer), as they would spoil all the others.
Transformation clip_by_global_norm(const Hyperparameter& max_norm, double p = 2,
                                   const Location& where = Location::current());

struct Clipped {
  Tensors gradients;
  Tensor norm;  ///< of the gradients as they were
};
/// The same, of gradients at hand. Evaluates them; ValueError when their norm is not finite, naming the gradient that
/// is not. (Inside DifferentiableUpdates nothing is evaluated, and nothing checked.)
Clipped clip_gradients(const Tensors& gradients, const Hyperparameter& max_norm, double p = 2,
                       const Location& where = Location::current());

struct MomentumOptions {
  Hyperparameter dampening = 0;
  bool nesterov = false;
};
/// v = decay * v + (1 - dampening) * g, and v = g at a parameter's first step; the result is v, or g + decay * v for
/// Nesterov's variant, which takes no dampening (Polyak, 1964; Sutskever, Martens, Dahl and Hinton, 2013). State:
/// momentum_buffer.
Transformation momentum(const Hyperparameter& decay, const MomentumOptions& options = {},
                        const Location& where = Location::current());
Transformation nesterov(const Hyperparameter& decay, const Location& where = Location::current());

/// g + decay * parameter. As the first part of a chain this is coupled decay, an L2 penalty; just before `descend` it
/// is decoupled (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
Transformation weight_decay(const Hyperparameter& decay, const Location& where = Location::current());

}  // namespace xgrad::optim
