#pragma once

#include <array>
#include <cstdint>

namespace xgrad {

/// The state of a stream of random numbers: a key, and how many of its blocks are used.
struct RandomState {
  std::uint64_t key = 0;
  std::uint64_t counter = 0;
  friend bool operator==(const RandomState&, const RandomState&) = default;
};

namespace detail {
/// How many examples one recorded operation stands for; each draws numbers of its own (see vmap).
inline constinit thread_local std::uint64_t examples_at_once = 1;
}  // namespace detail

/// A counter-based source of randomness (Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as
/// easy as 1, 2, 3", 2011). Passed explicitly to whatever is random; equal states give equal numbers on every
/// machine and for any number of threads.
class Rng {
 public:
  explicit Rng(std::uint64_t seed = 0) : state_{seed, 0} {}
  explicit Rng(RandomState state) : state_(state) {}

  /// Reserves `blocks` blocks of four 32-bit numbers and returns where they start; inside vmap, so many for each
  /// example.
  RandomState reserve(std::uint64_t blocks) {
    const RandomState start = state_;
    state_.counter += blocks * detail::examples_at_once;
    return start;
  }
  /// An independent source, derived from this one.
  Rng split();
  /// 64 random bits; a number of the program, which is the same for all examples of a vmap.
  std::uint64_t bits();
  /// A whole number in [0, bound), without bias.
  std::uint64_t below(std::uint64_t bound);

  const RandomState& state() const { return state_; }
  void set_state(RandomState state) { state_ = state; }

 private:
  RandomState state_;
};

/// The block of four 32-bit numbers at `counter` of the stream `key`.
std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter);

/// The source used where none is given (initialisers, Dropout); one per thread, seeded with 0.
Rng& default_rng();
/// Restarts the default source of this thread from `seed`.
void seed(std::uint64_t seed);

}  // namespace xgrad
