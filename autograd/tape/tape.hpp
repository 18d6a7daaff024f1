#pragma once

// tape/: records operations: Tensor, Parameter, entry, primitive.
//   in:  a primitive and its inputs.
//   out: an entry, with its shape, its dtype and the caller's place, not computed yet.

#include <cstdint>

#include "autograd/core/location.hpp"

namespace xgrad {

class Tensor;
struct Entry;

/// What recording depends on. There is one tape per thread.
struct Tape {
  // An entry, if it lives and this is its number.
  struct Place {
    Entry* entry;
    std::uint64_t sequence;
  };
  Place *next = nullptr, *end = nullptr;  // room in the History for what is recorded
  std::uint64_t sequence = 0;             // of the latest entry
  std::uint64_t evaluated_at = 0;         // the latest one when something was evaluated
  std::uint64_t most_pending = 1 << 16;   // entries: when there are more, those that are held are
  bool crowded = false;                   // computed; this says so
  bool undivided = false;                 // while something is recorded that should be computed as a whole
  bool grad = true;
  bool eager = false;
  bool tracing = false;       // the function of a vmap, on an example that has no value
  std::uint64_t walks = 0;    // over the tape, begun so far
  std::uint32_t thread = 0;   // 0 until the first entry
  std::uint32_t segment = 0;  // the checkpoint being recorded; 0 for none
  bool differentiable_updates = false;
  using Evaluate = void (*)(const Tensor& recorded, const Location& where);
  Evaluate evaluate = nullptr;  // what eager entries are evaluated by; null for plain evaluation

  static Tape& current() noexcept;
  /// Before the first entry of this thread.
  static void begin() noexcept;
};

namespace detail {
extern constinit thread_local Tape tape;
}
inline Tape& Tape::current() noexcept { return detail::tape; }

namespace detail {
template <class T, T Tape::*Member>
class TapeScope {
 public:
  explicit TapeScope(T value) noexcept : previous_(Tape::current().*Member) { Tape::current().*Member = value; }
  ~TapeScope() { Tape::current().*Member = previous_; }
  TapeScope(const TapeScope&) = delete;
  TapeScope& operator=(const TapeScope&) = delete;

 private:
  T previous_;
};
}  // namespace detail

/// While it lives, what this thread records is untracked.
struct NoGrad : detail::TapeScope<bool, &Tape::grad> {
  NoGrad() noexcept : TapeScope(false) {}
};
/// While it lives, what this thread records is tracked again inside a NoGrad.
struct EnableGrad : detail::TapeScope<bool, &Tape::grad> {
  EnableGrad() noexcept : TapeScope(true) {}
};
/// While it lives, every entry is evaluated as it is recorded: for debugging. `XGRAD_EAGER=1` does so everywhere.
struct EagerScope : detail::TapeScope<bool, &Tape::eager> {
  EagerScope() noexcept : TapeScope(true) {}
};
/// While it lives, what is recorded is not computed in pieces because much is pending: a backward pass, an update.
struct Undivided : detail::TapeScope<bool, &Tape::undivided> {
  Undivided() noexcept : TapeScope(true) {}
};
/// While it lives, `Parameter::assign` keeps the history of the new value, and gradients that of theirs, so that
/// derivatives flow through updates. (stop_gradient of a gradient leaves out what flows through it.)
struct DifferentiableUpdates : detail::TapeScope<bool, &Tape::differentiable_updates> {
  DifferentiableUpdates() noexcept : TapeScope(true) {}
};

}  // namespace xgrad
