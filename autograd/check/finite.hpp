#pragma once

#include "autograd/tape/tape.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Throws a ValueError when an element of `tensor` is NaN or infinite. The error tells where that began: the first
/// entry in tape order that makes a NaN (or, without any NaN, an infinity) of inputs that have none, the index of the
/// element, and the line that recorded it; for a NaN that came from an infinity, also where the infinity began.
/// Evaluates the whole history. A Tensor that was evaluated without being tracked has none: check before, or use a
/// FiniteScope.
void check_finite(const Tensor& tensor, const Location& where = Location::current());

/// While it lives, every entry of this thread is evaluated as it is recorded (see EagerScope), and the first one that
/// makes a NaN or an infinity of finite inputs throws a ValueError with the line that recorded it; in a backward pass
/// this is the line of the entry whose derivative is taken. Infinities that `where` would discard later count, too.
class FiniteScope {
 public:
  FiniteScope() noexcept;
  ~FiniteScope();
  FiniteScope(const FiniteScope&) = delete;
  FiniteScope& operator=(const FiniteScope&) = delete;

 private:
  EagerScope eager_;
  detail::TapeScope<Tape::Evaluate, &Tape::evaluate> inspect_;
};

}  // namespace xgrad
