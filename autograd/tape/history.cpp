#include "autograd/tape/history.hpp"

#include <algorithm>

#include "autograd/core/thread_object.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/numbering.hpp"

namespace xgrad {

namespace {

constexpr std::size_t least_room = 1024, usual_room = 4096, most_room = 1 << 16;
// Without assignments, histories are released when so many entries have been recorded.
constexpr std::uint64_t most_unreleased = 1 << 14;
// The most pending entries that no derivative can need, such as those of a loop that only adds up.
std::size_t most_untracked() { return Tape::current().most_pending / 32; }

}  // namespace

History& History::current() noexcept {
  static constinit thread_local ThreadObject<History> history;
  return *history;
}

History::~History() { detail::tape.next = detail::tape.end = nullptr; }

void History::make_room() {
  History& history = current();
  if (history.sifting_) {
    history.new_.emplace_back();
    detail::tape.next = &history.new_.back();
    detail::tape.end = detail::tape.next + 1;
    return;
  }
  history.look([](const Place&) {});
  history.due_ = detail::tape.sequence - history.released_at_ > most_unreleased && history.is_worth_it();
  history.release_if_due();
  detail::tape.crowded = detail::tape.crowded || history.is_crowded();
}

std::span<const History::Place> History::places() const {
  if (sifting_ || !detail::tape.next) return {};
  return {places_.data(), detail::tape.next};
}

void History::use(std::size_t size) {
  // Returns early while there cannot be too many.
  const std::size_t untracked = most_untracked() > untracked_ ? most_untracked() - untracked_ : 0;
  const std::size_t room = std::max({least_room, std::min(size / 2, most_room), std::min(untracked, usual_room)});
  if (places_.size() < size + room) {
    places_.reserve(size + std::max(room, size / 4));
    places_.resize(size + room);
  }
  detail::tape.next = places_.data() + size;
  detail::tape.end = detail::tape.next + room;
}

// Keeps, of the places from `first` on, those that pass, in order. Releasing entries may run a user's code, which may
// record; those entries are added at the end.
template <class Passes>
void History::sift(std::size_t first, Passes passes) {
  if (sifting_) return;
  const Place *at = places_.data() + first, *const end = places_.data() + places().size();
  Place* kept = places_.data() + first;
  sifting_ = true;
  detail::tape.next = detail::tape.end = nullptr;
  const auto go_on = [this](const Place* after) {
    sifting_ = false;
    use(static_cast<std::size_t>(after - places_.data()) + new_.size());
    std::ranges::copy(new_, detail::tape.next - new_.size());
    new_.clear();
  };
  try {
    for (; at != end; ++at) {
      const Place place = *at;
      if (passes(place)) *kept++ = place;
    }
  } catch (...) {
    go_on(std::copy(at, end, kept));
    throw;
  }
  go_on(kept);
}

// A handle to this entry if it is still alive: another thread may be destroying it.
Tensor History::lock(const Place& place) {
  Tensor locked = Tensor::try_share(place.entry);
  if (locked.defined() && place.entry->sequence.load(std::memory_order_relaxed) != place.sequence) return {};
  return locked;
}

// Drops entries that no longer matter, and shows pending ones that somebody holds. It needs no handle to see whether an
// entry is alive and has inputs: only this thread writes what is read here, or it is atomic. Entries before the first
// one that was pending last time are visited only when half as many new ones have been recorded.
template <class See>
void History::look(See see) {
  if (sifting_) return;
  if (Tape::current().sequence - swept_at_ > places().size() / 2) {
    computed_ = 0;
    swept_at_ = Tape::current().sequence;
  }
  std::size_t kept = computed_ = std::min(computed_, places().size());
  bool any_pending = false;
  pending_ = untracked_ = 0;
  sift(computed_, [&](const Place& place) {
    const EntryHead& entry = *place.entry;
    if (entry.handles() == 0 || entry.sequence.load(std::memory_order_relaxed) != place.sequence) return false;
    const bool has_value = entry.evaluated.load(std::memory_order_acquire);
    if (has_value || (entry.tracked && entry.computed > 0)) {
      kept += entry.tracked;
      if (!any_pending) computed_ = kept;
      if (!has_value && entry.held()) see(place);
      return entry.tracked;
    }
    any_pending = true;
    ++pending_;
    untracked_ += !entry.tracked;
    if (entry.held()) see(place);
    return true;
  });
}

std::vector<Tensor> History::held() {
  std::vector<Tensor> found;
  look([&](const Place& place) {
    Tensor locked = lock(place);
    if (!locked.defined() || locked.evaluated()) return;
    if (found.empty()) found.reserve(32);
    found.push_back(std::move(locked));
  });
  return found;
}

std::vector<Tensor> History::stops_with_value(std::uint64_t from) {
  std::vector<Tensor> found;
  const auto add = [&](const Place& place) {
    if (place.entry->evaluated.load(std::memory_order_acquire)) return;
    Tensor locked = lock(place);
    if (!locked.defined() || locked.evaluated() || locked.tracked()) return;
    const Entry& entry = *locked.entry();
    if (entry.kind == Lowering::Kind::alias && entry.input(0).entry()->stopped && entry.input(0).evaluated() &&
        dynamic_cast<const Identity*>(entry.primitive) != nullptr)
      found.push_back(std::move(locked));
  };
  const std::span<const Place> all = places();  // in the order of recording
  std::ranges::for_each(std::ranges::lower_bound(all, from, {}, &Place::sequence), all.end(), add);
  return found;
}

bool History::is_worth_it() const { return places().size() <= 4 * (Tape::current().sequence - released_at_) + 1024; }

void History::release_if_due() {
  if (due_ && !Tape::current().undivided) release(Tape::current().sequence, false);
}

void History::after_assignment() {
  const std::uint64_t previous = std::exchange(horizon_, Tape::current().sequence);
  if (places().empty() || places().front().sequence > previous)
    released_at_ = horizon_;
  else if (is_worth_it())
    release(previous, true);
}

namespace {
// Whether derivatives by this Tensor may be asked for at any time: it is the value of a Parameter, also of one with a
// Substitution or one that is destroyed, or a result of track().
bool is_source(const Tensor& tensor) {
  if (tensor.entry()->source) return true;
  if (tensor.entry()->input_count > 0 || tensor.entry()->released) return false;
  const Parameter parameter = Parameter::holder(tensor);
  return !parameter.defined() || parameter.holds(tensor);
}
}  // namespace

// Releases histories. A backward pass numbers its entries and holds them by address, so nothing is released during one
// (Undivided). After an assignment intermediate values and old values of Parameters do not count as something to ask
// derivatives by, even if somebody holds them, because a sum of all losses would keep them all; they become outdated.
void History::release(std::uint64_t last, bool assigned) {
  due_ = false;
  released_at_ = Tape::current().sequence;
  Numbering wanted;
  computed_ = 0;
  sift(0, [&](const Place& place) {
    if (place.sequence > last) return true;
    const Tensor locked = lock(place);
    if (!locked.defined()) return false;
    Entry& entry = *locked.entry();
    const auto can_be_asked = [&](const Tensor& input) {
      return input.tracked() && (wanted.find(input.entry()) != Numbering::absent ||
                                 (input.entry()->held() && (!assigned || is_source(input))));
    };
    const bool is_wanted = std::ranges::any_of(entry.input_span(), can_be_asked);
    if (is_wanted)
      wanted.mark(&entry);
    else if (entry.tracked)
      for (const Tensor& input : entry.input_span()) input.entry()->outdated = true;
    if (is_wanted || !entry.tracked || entry.segment != 0 || !locked.evaluated()) return true;
    entry.cut();
    entry.released = !entry.source;  // a result of track() stays, as a leaf
    return false;
  });
}

bool History::is_crowded() const {
  const Tape& tape = Tape::current();
  return pending_ > tape.most_pending || (untracked_ > most_untracked() && !tape.undivided);
}

void History::look_at_memory() noexcept {
  if (live_memory() > most_memory_) Tape::current().crowded = true;
}

bool History::is_time(const Entry& recorded) {
  if (Tape::current().undivided && pending_ <= Tape::current().most_pending) return false;
  const bool same = operation_ == recorded.primitive->name() && line_.line() == recorded.where.line() &&
                    line_.column() == recorded.where.column() && line_.file_name() == recorded.where.file_name();
  return operation_ == nullptr || same || ++waited_ > 2 * most_untracked() || live_memory() > 2 * most_memory_;
}

void History::settled(const Entry& recorded) {
  line_ = recorded.where;
  operation_ = recorded.primitive->name();
  waited_ = 0;
  look([](const Place&) {});
  if (is_worth_it()) release(Tape::current().sequence, false);
  constexpr std::size_t least = std::size_t{1} << 26;
  const std::size_t live = live_memory();
  most_memory_ = live + std::max(least, live);
}

}  // namespace xgrad
