#pragma once

// What happens to derivatives on their way back: their values are those of ordinary functions, their rules are one's
// own.

#include <functional>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// x, whose cotangent g becomes change(g), a Tensor of the same shape and dtype: to look at it, to clip it, to scale
/// it. It is called in each backward pass that comes by, and what it does is recorded where further derivatives are
/// wanted.
Tensor change_cotangent(const Operand& x, std::function<Tensor(const Tensor& g)> change);
/// x, whose cotangent is multiplied by a factor. (A factor 0 is not stop_gradient: zeros flow.)
Tensor scale_gradient(const Operand& x, double factor);
/// x, whose cotangent is multiplied by -factor: as in adversarial training.
Tensor reverse_gradient(const Operand& x, double factor = 1);

/// The cotangents of all arguments, from that of the result: one for each, undefined where none flows.
using CotangentRule =
    std::function<std::vector<Tensor>(const Tensor& g, const std::vector<Tensor>& xs, const Tensor& y)>;
/// f(xs), with this rule in place of the derivatives of what f is made of. The rule is made of Tensor operations and is
/// differentiated itself where further derivatives are wanted. GraphError where it gives another number of cotangents
/// than there are arguments.
Tensor custom_gradient(const std::function<Tensor(const std::vector<Tensor>&)>& f, CotangentRule rule,
                       const std::vector<Tensor>& xs, const Location& where = Location::current());

}  // namespace xgrad
