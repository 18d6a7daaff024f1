#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "autograd/core/location.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// What a gradient is like, and why. Printing it gives the text.
struct Explanation {
  enum class Gradient { missing, zero, tiny, present, not_finite };
  enum class Cause {
    none,                ///< nothing is wrong
    unused,              ///< the loss was recorded from other things
    stopped,             ///< stop_gradient
    no_grad,             ///< recorded inside NoGrad
    without_graph,       ///< through a derivative that was taken without create_graph
    not_floating,        ///< through int64 or bool: a cast, a comparison, an argmax
    frozen,              ///< a Parameter that is not trainable
    untracked,           ///< not a Parameter, nor tracked
    assigned,            ///< a Parameter that got another value since
    released,            ///< the history is gone
    dead,                ///< every unit of a relu is off
    saturated,           ///< an elementwise function is flat where its inputs are
    clipped,             ///< by clamp
    masked,              ///< `where` chose the other branch
    multiplied_by_zero,  ///< the other factor is 0
    small_factor,        ///< the other factor is small
    zero_derivative,     ///< round, floor, ceil, sign: constant in pieces
    not_gathered,        ///< indices that no gather has
    not_chosen,          ///< max, min, slice ... took other elements
    underflow,           ///< a product was too small for the dtype
    vanishing,           ///< many operations made it smaller, none of them by much
    cancelled,           ///< contributions add up to zero
    blocked,             ///< an operation gives zeros, for a reason of its own
    not_finite,          ///< see why_nan
  };
  Gradient gradient = Gradient::missing;
  Cause cause = Cause::none;
  std::string operation;  ///< what is to blame, `relu`
  Location where{};       ///< and the line that recorded it
  double largest = 0;     ///< the largest magnitude of the gradient
  std::int64_t zeros = 0, numel = 0;
  std::string text;

  const std::string& to_string() const { return text; }
};
std::ostream& operator<<(std::ostream& out, const Explanation& explanation);

/// In words: why the gradient of `loss` by `x`, a Parameter or a tracked Tensor, is missing, zero (in all elements) or
/// tiny (below 1e-6 of the cotangent of the loss, which is 1), with the operation and the line of the program that is
/// to blame. A zero is blamed on the operation nearest to the loss that lets nothing through; a tiny gradient on the
/// one at which the size of the cotangents drops most, on the way that carries most. The derivative is taken once more,
/// by the reference kernels; nothing is evaluated, and nothing on the tape changes. A loss of several elements stands
/// for their sum.
///
/// GraphError for undefined Tensors, ThreadError for those of another thread.
Explanation explain(const Tensor& loss, const Tensor& x, const Location& where = Location::current());

}  // namespace xgrad
