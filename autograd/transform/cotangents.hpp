#pragma once

// Functions with ordinary values and derivative rules of the caller's.

#include <functional>
#include <vector>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// x, whose cotangent g becomes change(g), a Tensor of the same shape and dtype: to see it, clip it or scale it. Each
/// backward pass that reaches x calls `change`; its operations are recorded if further derivatives are wanted.
Tensor change_cotangent(const Operand& x, std::function<Tensor(const Tensor& g)> change);
/// x, whose cotangent is multiplied by a factor. (A factor 0 is not stop_gradient: zeros flow.)
Tensor scale_gradient(const Operand& x, double factor);
/// x, whose cotangent is multiplied by -factor: as in adversarial training.
Tensor reverse_gradient(const Operand& x, double factor = 1);

/// Gives the cotangents of all arguments from that of the result; undefined ones are zero.
using CotangentRule =
    std::function<std::vector<Tensor>(const Tensor& g, const std::vector<Tensor>& xs, const Tensor& y)>;
/// f(xs), with this derivative rule in place of those of the operations in f. The rule consists of Tensor operations,
/// which are differentiated for further derivatives. GraphError where it gives another number of cotangents than there
/// are arguments.
Tensor custom_gradient(const std::function<Tensor(const std::vector<Tensor>&)>& f, CotangentRule rule,
                       const std::vector<Tensor>& xs, const Location& where = Location::current());

}  // namespace xgrad
