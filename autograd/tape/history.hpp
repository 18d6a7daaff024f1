#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

/// The entries of a thread that have inputs: those that are pending, and those that a derivative may walk through. The
/// list does not keep them alive: it finds those that live, so that nothing is kept in vain by what somebody holds.
/// Recording adds to it, and looking through it drops what is of no interest any more. That is done at each assignment,
/// and else once for half as many new ones: mostly, it takes time in proportion to recording.
class History {
 public:
  /// Of this thread.
  static History& current() noexcept;
  /// Makes room for the next entry; sets `Tape::crowded` when too much is pending.
  static void make_room();

  /// All that is pending and held by somebody outside the tape.
  std::vector<Tensor> held();
  /// The stop_gradients that are pending, of entries marked as `stopped` that have a value, recorded from this number
  /// on.
  std::vector<Tensor> stops_with_value(std::uint64_t from);
  /// When Parameters have been assigned. Takes the inputs from what was recorded before the previous assignment, has a
  /// value, and depends on nothing that anybody could ask a derivative by: neither on the present value of a Parameter
  /// nor on the result of a track() that somebody holds.
  void after_assignment();
  /// The same for everything recorded so far, if it is time; any tracked Tensor that somebody holds counts then.
  void release_if_due();
  /// Whether what is pending and held should be computed now that `recorded` has been, since too much is pending: where
  /// that was done the time before, if it comes to that line soon, so that a loop finds its plan again.
  bool is_time(const Entry& recorded);
  /// After that was done, or has failed.
  void settled(const Entry& recorded);
  /// Sets `Tape::crowded` when all values take more memory than twice what they took when it was time before.
  void look_at_memory() noexcept;

  ~History();

 private:
  using Place = Tape::Place;

  static Tensor lock(const Place& place);
  template <class Passes>
  void sift(std::size_t first, Passes passes);
  void use(std::size_t size);
  std::span<const Place> places() const;
  template <class See>
  void look(See see);
  bool is_worth_it() const;
  void release(std::uint64_t last, bool assigned);
  bool is_crowded() const;

  std::vector<Place> places_;                // used as far as Tape::next, with room up to Tape::end
  bool sifting_ = false;                     // the list is being looked through,
  std::vector<Place> new_;                   // and this was recorded meanwhile
  std::size_t computed_ = 0;                 // so many of the first have been computed and are tracked
  std::uint64_t swept_at_ = 0;               // the latest entry when all were looked at
  std::size_t pending_ = 0, untracked_ = 0;  // when they were looked at, those pending, and those untracked and pending
  std::uint64_t horizon_ = 0;                // the latest entry when Parameters were assigned the last time
  std::uint64_t released_at_ = 0;            // the latest entry when histories were looked through
  bool due_ = false;                         // whether that should be done again
  std::size_t most_memory_ = std::size_t{1} << 26;
  Location line_{};  // where what was pending was computed the last time,
  const char* operation_ = nullptr;
  std::size_t waited_ = 0;  // and how many entries were recorded since it was time again
};

/// Computes these Tensors and whatever else of this thread is pending and held: when Parameters are assigned, nothing
/// may keep the old values but who holds them. The memory of `donated` ones may be written over (see `evaluate` in
/// engine.hpp). Defined in the engine.
void evaluate_held(std::span<const Tensor> tensors, std::span<const Tensor> donated, const Location& where);

}  // namespace xgrad
