#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

/// The entries of a thread that have inputs: pending ones, and those that a derivative may visit. The list does not
/// keep them alive; it finds those that are, to compute what is pending and to release histories. Recording adds
/// entries, and each pass over the list drops those that no longer matter. There is a pass at each assignment, and else
/// when half as many new entries were recorded, so that passes take time in proportion to recording.
class History {
 public:
  /// The History of this thread.
  static History& current() noexcept;
  /// Makes room for the next entry; sets `Tape::crowded` when too much is pending.
  static void make_room();

  /// All pending entries that somebody outside the tape holds.
  std::vector<Tensor> held();
  /// The pending stop_gradients, recorded from this sequence number on, of entries that are `stopped` and have a value.
  std::vector<Tensor> stops_with_value(std::uint64_t from);
  /// To be called after Parameters were assigned. Releases the inputs of entries that were recorded before the previous
  /// assignment, have a value, and depend on nothing that a derivative can be asked by: neither on the present value of
  /// a Parameter nor on a result of track() that somebody holds.
  void after_assignment();
  /// The same for all entries so far, if enough were recorded; here any tracked Tensor that somebody holds counts, too.
  void release_if_due();
  /// Whether too much is pending and should be computed now, after `recorded`. It waits a little for the line of the
  /// program where that was done last time, so that a loop finds its plan again.
  bool is_time(const Entry& recorded);
  /// To be called after that was done, or has failed.
  void settled(const Entry& recorded);
  /// Sets `Tape::crowded` if all values take more than twice the memory that they took last time.
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

  std::vector<Place> places_;                // used up to Tape::next, with room up to Tape::end
  bool sifting_ = false;                     // whether a pass over the list is going on
  std::vector<Place> new_;                   // what was recorded during the pass
  std::size_t computed_ = 0;                 // the number of entries at the front that are computed and tracked
  std::uint64_t swept_at_ = 0;               // the latest entry at the last pass over all
  std::size_t pending_ = 0, untracked_ = 0;  // at the last pass: pending entries; untracked ones of them
  std::uint64_t horizon_ = 0;                // the latest entry at the last assignment
  std::uint64_t released_at_ = 0;            // the latest entry when histories were released
  bool due_ = false;                         // whether histories should be released again
  std::size_t most_memory_ = std::size_t{1} << 26;
  Location line_{};  // where what was pending was computed the last time,
  const char* operation_ = nullptr;
  std::size_t waited_ = 0;  // and how many entries were recorded since it was time again
};

/// Computes these Tensors and all pending entries of this thread that somebody holds, so that after an assignment no
/// pending entry keeps old values alive. The memory of `donated` ones may be overwritten (see `evaluate` in
/// engine.hpp). Defined in the engine.
void evaluate_held(std::span<const Tensor> tensors, std::span<const Tensor> donated, const Location& where);

}  // namespace xgrad
