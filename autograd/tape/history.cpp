#include "autograd/tape/history.hpp"

#include <algorithm>

#include "autograd/tape/leaf.hpp"
#include "autograd/tape/numbering.hpp"

namespace xgrad {

namespace {

constexpr std::size_t least_room = 256;
// Pending entries that no derivative can want: what a loop without a step adds up. There may be fewer of them.
std::size_t most_untracked() { return Tape::current().most_pending / 32; }

constinit thread_local bool ended = false;
constinit thread_local Tape::Place scrap{};

}  // namespace

History* History::current() noexcept {
  if (ended) return nullptr;
  static thread_local History history;
  return &history;
}

History::~History() {
  ended = true;
  detail::tape.first = detail::tape.next = detail::tape.end = nullptr;
}

void History::make_room() {
  if (History* history = current()) {
    history->look();
    history->due_ = true;
    history->release_if_due();
    detail::tape.crowded = detail::tape.crowded || history->is_crowded();
  } else {
    detail::tape.first = detail::tape.next = &scrap;
    detail::tape.end = &scrap + 1;
  }
}

std::span<const History::Place> History::recent() const { return {detail::tape.first, detail::tape.next}; }

void History::set_room(std::size_t room) {
  if (recent_.size() < room) recent_.resize(room);
  detail::tape.first = detail::tape.next = recent_.data();
  detail::tape.end = recent_.data() + room;
}

// A handle, if this entry still lives: other threads may be destroying what they held the last handle to.
Tensor History::lock(const Place& place) {
  Tensor locked = Tensor::try_share(place.entry);
  if (locked.defined() && place.entry->sequence.load(std::memory_order_relaxed) != place.sequence) return {};
  return locked;
}

// Whether it lives and has inputs, as far as can be seen without a handle: nobody but this thread writes what is read
// here, or it is atomic.
bool History::is_of_interest(const Place& place) {
  const Entry& entry = *place.entry;
  return entry.handles() != 0 && entry.sequence.load(std::memory_order_relaxed) == place.sequence &&
         (!entry.evaluated.load(std::memory_order_acquire) || (entry.tracked && !entry.released));
}

template <class Visit>
void History::visit(Visit visit) const {
  if (worth_looking()) std::ranges::for_each(older_, visit);
  std::ranges::for_each(recent(), visit);
}

std::vector<Tensor> History::held() {
  std::vector<Tensor> found;
  visit([&](const Place& place) {
    if (place.entry->evaluated.load(std::memory_order_acquire) || !place.entry->held()) return;
    Tensor locked = lock(place);
    if (locked.defined() && !locked.evaluated()) found.push_back(std::move(locked));
  });
  return found;
}

std::vector<Tensor> History::stops_of(const Entry& source) {
  std::vector<Tensor> found;
  visit([&](const Place& place) {
    if (place.sequence < source.sequence || place.entry->evaluated.load(std::memory_order_acquire)) return;
    Tensor locked = lock(place);
    if (!locked.defined() || locked.evaluated() || locked.tracked()) return;
    const Entry& entry = *locked.entry();
    if (entry.kind == Lowering::Kind::alias && entry.input(0).entry() == &source &&
        entry.primitive->name() == Identity::id)
      found.push_back(std::move(locked));
  });
  return found;
}

// Moves what is recent to the older ones, and drops those that are of no interest any more.
void History::look() {
  std::erase_if(older_, [](const Place& place) { return !is_of_interest(place); });
  std::ranges::copy_if(recent(), std::back_inserter(older_), is_of_interest);
  pending_ = untracked_ = 0;
  for (const Place& place : older_) {
    const bool pending = !place.entry->evaluated.load(std::memory_order_relaxed);
    pending_ += pending;
    untracked_ += pending && !place.entry->tracked;
  }
  set_room(std::max(least_room, older_.size() / 2));
}

void History::release_if_due() {
  if (due_ && !Tape::current().undivided) release(Tape::current().sequence);
}

void History::after_assignment() {
  if (worth_looking()) {
    look();
    release(horizon_);
  }
  horizon_ = Tape::current().sequence;
}

// A walk back numbers its entries and holds them by their addresses: nothing is released meanwhile (Undivided).
void History::release(std::uint64_t last) {
  due_ = false;
  Numbering wanted;
  for (const Place& place : older_) {
    if (place.sequence > last) break;
    const Tensor locked = lock(place);
    if (!locked.defined()) continue;
    Entry& entry = *locked.entry();
    const auto can_be_asked = [&](const Tensor& input) {
      return input.tracked() && (input.entry()->held() || wanted.find(input.entry()) != Numbering::absent);
    };
    if (std::ranges::any_of(entry.input_span(), can_be_asked)) {
      wanted.mark(&entry);
    } else if (entry.tracked && entry.segment == 0 && locked.evaluated()) {
      entry.cut();
      entry.released = true;
    }
  }
}

bool History::is_crowded() const {
  const Tape& tape = Tape::current();
  return pending_ > tape.most_pending || (untracked_ > most_untracked() && !tape.undivided);
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
  look();
  set_most_memory();
}

void History::set_most_memory() {
  constexpr std::size_t least = std::size_t{1} << 26;
  const std::size_t live = live_memory();
  most_memory_ = live + std::max(least, live);
}

}  // namespace xgrad
