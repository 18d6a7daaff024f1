#pragma once

// tape/: records operations: Tensor, Parameter, entry, primitive.
//   in:  a primitive and its inputs.
//   out: an entry, with its shape, its dtype and the caller's place, not computed yet.

#include <cstdint>

#include "autograd/core/location.hpp"

namespace xgrad {

class Tensor;
struct Entry;

/// The state of recording; each thread has one.
struct Tape {
  // An entry by address and sequence number; it is alive if it still has that number.
  struct Place {
    Entry* entry;
    std::uint64_t sequence;
  };
  Place *next = nullptr, *end = nullptr;  // room in the History for further entries
  std::uint64_t sequence = 0;             // of the latest entry
  std::uint64_t evaluated_at = 0;         // that of the latest entry at the last evaluation
  std::uint64_t most_pending = 1 << 16;   // when more entries are pending, those that are held are computed
  bool crowded = false;                   // whether there are more, or values take too much memory
  bool undivided = false;                 // whether what is recorded now has to be computed as a whole
  bool grad = true;
  bool eager = false;
  bool tracing = false;          // whether vmap records its function, on an example without a value
  std::uint64_t numberings = 0;  // begun so far
  std::uint32_t thread = 0;      // 0 until the first entry
  std::uint32_t segment = 0;     // the checkpoint being recorded; 0 for none
  bool differentiable_updates = false;
  using Evaluate = void (*)(const Tensor& recorded, const Location& where);
  Evaluate evaluate = nullptr;  // evaluates eager entries; null for plain evaluation

  static Tape& current() noexcept;
  /// To be called before the first entry of this thread is recorded.
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

/// While a NoGrad lives, entries that this thread records are untracked.
struct NoGrad : detail::TapeScope<bool, &Tape::grad> {
  NoGrad() noexcept : TapeScope(false) {}
};
/// While an EnableGrad lives, entries are tracked again inside a NoGrad.
struct EnableGrad : detail::TapeScope<bool, &Tape::grad> {
  EnableGrad() noexcept : TapeScope(true) {}
};
/// While an EagerScope lives, every entry is evaluated as it is recorded, for debugging. `XGRAD_EAGER=1` does so
/// everywhere.
struct EagerScope : detail::TapeScope<bool, &Tape::eager> {
  EagerScope() noexcept : TapeScope(true) {}
};
/// While an Undivided lives, pending entries are not computed early, however many they are: in a backward pass, an
/// update.
struct Undivided : detail::TapeScope<bool, &Tape::undivided> {
  Undivided() noexcept : TapeScope(true) {}
};
/// While a DifferentiableUpdates lives, `Parameter::assign` keeps the history of the new value, and gradients keep
/// theirs, so that derivatives flow through updates. (stop_gradient of a gradient cuts what would flow through it.)
struct DifferentiableUpdates : detail::TapeScope<bool, &Tape::differentiable_updates> {
  DifferentiableUpdates() noexcept : TapeScope(true) {}
};

}  // namespace xgrad
