#pragma once

#include "autograd/inspect/explain.hpp"
#include "autograd/inspect/flow.hpp"

namespace xgrad {

/// A cause, the place to blame for it, and a clause that says so.
struct Blame {
  Explanation::Cause cause = Explanation::Cause::none;
  std::string operation, clause;
  Location where{};
};

/// Why no element of the gradient by `input` is other than zero.
Blame blame_zero(const Flow& flow, const Entry& input);
/// Where its size is lost, if it is tiny.
Blame blame_tiny(const Flow& flow, const Entry& input);
/// What stops many of the elements, of a gradient that is there; no cause where nothing stands out.
Blame blame_part(const Flow& flow, const Entry& input, const DerivativeAgain& derivative);

}  // namespace xgrad
