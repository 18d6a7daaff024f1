#pragma once

#include "autograd/inspect/explain.hpp"
#include "autograd/inspect/flow.hpp"

namespace xgrad {

/// A cause, the operation to blame, and a clause for it.
struct Blame {
  Explanation::Cause cause = Explanation::Cause::none;
  std::string operation, clause;
  Location where{};
};

/// Why all elements of the gradient by `input` are zero.
Blame blame_zero(const Flow& flow, const Entry& input);
/// Where the gradient loses its size, if it is tiny.
Blame blame_tiny(const Flow& flow, const Entry& input);
/// What stops many elements of a gradient; no cause if nothing stands out.
Blame blame_part(const Flow& flow, const Entry& input, const DerivativeAgain& derivative);

}  // namespace xgrad
