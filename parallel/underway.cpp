#include "parallel/underway.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

#include "autograd/core/fail.hpp"
#include "autograd/core/mixing.hpp"
#include "parallel/error.hpp"
#include "parallel/tree.hpp"

namespace xgrad::parallel::detail {

namespace {

using Clock = std::chrono::steady_clock;

// What a rank tells the others of its call where something is wrong.
constexpr std::size_t note_size = 256;
using Note = std::array<char, note_size>;
constexpr int note_tag = 1;

Note note_of(const std::string& text) {
  Note note{};
  std::memcpy(note.data(), text.data(), std::min(text.size(), note_size - 1));
  return note;
}

std::uint64_t mixed_text(std::uint64_t mixture, std::string_view text) {
  for (const char letter : text) mixture = mixed(mixture, static_cast<unsigned char>(letter));
  return mixed(mixture, text.size() + 256);
}

std::string listed(const std::vector<std::string>& told) {
  Text text;
  for (std::size_t rank = 0; rank < told.size(); ++rank)
    text << "\n  rank " << rank << ": " << (told[rank].empty() ? "no word" : told[rank]);
  return text.str();
}

void send_note(const std::shared_ptr<Group>& group, const std::string& text) {
  const auto note = std::make_shared<Note>(note_of(text));
  group->unfinished.push_back(note);
  keep(group);
  for (int rank = 0; rank < group->size; ++rank) {
    MPI_Request request = MPI_REQUEST_NULL;
    if (rank != group->rank) MPI_Isend(note->data(), note_size, MPI_CHAR, rank, note_tag, group->notes, &request);
  }
}

// First without sleeping, for what is nearly there; then so that others get on who share the core.
void rest(double waited) {
  if (waited < 2e-3)
    std::this_thread::yield();
  else
    std::this_thread::sleep_for(std::chrono::microseconds(waited < 0.1 ? 20 : 200));
}

}  // namespace

std::string Call::text() const {
  Text text;
  text << operation << (particulars.empty() ? "" : " (" + particulars + ')');
  if (shape) text << " of " << name(dtype) << ' ' << *shape;
  text << " at " << place(where);
  return text.str();
}

std::uint64_t Call::hash(std::uint64_t number) const {
  std::uint64_t mixture = mixed_text(mixed(17, number), operation);
  mixture = mixed_text(mixed(mixture, shape ? static_cast<std::uint64_t>(dtype) + 1 : 0), particulars);
  if (shape)
    for (const std::int64_t size : *shape) mixture = mixed(mixture, static_cast<std::uint64_t>(size));
  const std::string_view path = where.file_name();
  mixture = mixed_text(mixture, path.substr(path.rfind('/') + 1));
  return scattered(mixed(mixture, where.line()));
}

struct Underway::Memory {
  struct Told {
    std::uint64_t hash;
    double number;
  };
  std::vector<Step> steps;
  std::vector<MPI_Request> requests;
  std::array<std::uint64_t, 2> mine{}, least{};  // of what ranks are about to do
  Told told{};                                   // the same, with a number: of this rank,
  std::vector<Told> all;                         // and of all of them, where numbers are exchanged
  std::vector<Note> notes;
};

Underway::Underway(std::shared_ptr<Group> group, Call call, std::vector<Step> steps)
    : group_(std::move(group)), call_(std::move(call)), memory_(std::make_shared<Memory>()) {
  memory_->steps = std::move(steps);
  begin();
  if (group_->size == 1) return;
  // The least hash and the greatest one are the same, if all are.
  const std::uint64_t hash = call_.hash(number_);
  memory_->mine = {hash, ~hash};
  check_mpi(MPI_Iallreduce(memory_->mine.data(), memory_->least.data(), 2, MPI_UINT64_T, MPI_MIN, group_->data,
                           &memory_->requests.emplace_back()),
            "MPI_Iallreduce", call_.where);
}

Underway::Underway(std::shared_ptr<Group> group, Call call, Number number)
    : group_(std::move(group)), call_(std::move(call)), memory_(std::make_shared<Memory>()) {
  begin();
  memory_->told = {call_.hash(number_), number.value};
  memory_->all.assign(static_cast<std::size_t>(group_->size), memory_->told);
  if (group_->size == 1) return;
  constexpr int bytes = sizeof(Memory::Told);
  check_mpi(MPI_Iallgather(&memory_->told, bytes, MPI_BYTE, memory_->all.data(), bytes, MPI_BYTE, group_->data,
                           &memory_->requests.emplace_back()),
            "MPI_Iallgather", call_.where);
}

void Underway::begin() {
  start(call_.where);
  call_.where = CallScope::blame(call_.where);
  check<CommunicationError>(group_->broken.empty(), call_.where, call_.operation,
                            ": the Communicator is of no use any more since: ", group_->broken);
  number_ = ++group_->calls;
  agreed_ = group_->size == 1;
}

double Underway::sum() const {
  std::vector<double> numbers;
  for (const Memory::Told& each : memory_->all) numbers.push_back(each.number);
  combine_tree(Combine::sum, float64, numbers.data(), 1, static_cast<int>(numbers.size()));
  return numbers[0];
}

bool Underway::all_agree() const {
  if (memory_->all.empty()) return memory_->least[0] == ~memory_->least[1];
  return std::ranges::all_of(memory_->all, [&](const Memory::Told& each) { return each.hash == memory_->all[0].hash; });
}

Underway::~Underway() {
  if (!done_) abandon(call_.text() + " was left before its end");
}

// MPI may write to the memory at any time, from now on.
void Underway::abandon(const std::string& why) {
  if (group_->broken.empty()) group_->broken = why;
  note_broken(why);
  group_->unfinished.push_back(memory_);
  keep(group_);
  done_ = true;
}

bool Underway::is_complete() {
  int complete = 1;
  if (memory_->requests.empty()) return true;
  check_mpi(
      MPI_Testall(static_cast<int>(memory_->requests.size()), memory_->requests.data(), &complete, MPI_STATUSES_IGNORE),
      call_.operation.c_str(), call_.where);
  if (!complete) return false;
  memory_->requests.clear();
  return true;
}

bool Underway::poll() {
  if (++polls_ % 16 == 0 && !done_) hear();
  while (!done_ && is_complete()) {
    if (!agreed_) agree();
    if (next_ == memory_->steps.size())
      done_ = true;
    else
      memory_->steps[next_++](memory_->requests);
  }
  return done_;
}

// Where hashes differ, all ranks know it, and tell each other what theirs are of.
void Underway::agree() {
  agreed_ = true;
  if (all_agree()) return;
  memory_->steps.clear();
  const Note mine = note_of(call_.text());
  memory_->notes.resize(static_cast<std::size_t>(group_->size) + 1);
  memory_->notes.back() = mine;
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Iallgather(memory_->notes.back().data(), note_size, MPI_CHAR, memory_->notes.data(), note_size,
                           MPI_CHAR, group_->data, &request),
            "MPI_Iallgather", call_.where);
  memory_->requests.push_back(request);
  wait();
  std::vector<std::string> told;
  for (int rank = 0; rank < group_->size; ++rank)
    told.emplace_back(memory_->notes[static_cast<std::size_t>(rank)].data());
  fail<CommunicationError>(call_.where, call_.operation, ": the ranks do not do the same:", listed(told));
}

// A rank sleeps only until the others are there: from then on messages are on their way, and long ones get on a piece
// at a time, at each look.
void Underway::wait() {
  constexpr int looks = 8;
  const auto begin = Clock::now();
  for (int turn = 1; !poll(); ++turn) {
    if (turn % looks != 0) continue;
    const double waited = std::chrono::duration<double>(Clock::now() - begin).count();
    if (waited > group_->timeout) give_up(text_of("waited ", group_->timeout, " s for the other ranks"));
    if (agreed_)
      std::this_thread::yield();
    else
      rest(waited);
  }
}

// Whether another rank has given up: then this one need not wait for it. What that rank did before may still be on its
// way, and completes.
void Underway::hear() {
  if (group_->size == 1) return;
  int there = 0;
  check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, note_tag, group_->notes, &there, MPI_STATUS_IGNORE), "MPI_Iprobe", call_.where);
  if (!there) return;
  if (!heard_) heard_ = Clock::now();
  if (Clock::now() - *heard_ > std::chrono::milliseconds(500)) give_up("another rank has waited in vain, or failed");
}

void Underway::give_up(const std::string& why) {
  const std::shared_ptr<Group> group = group_;
  std::vector<std::string> told(static_cast<std::size_t>(group->size));
  told[static_cast<std::size_t>(group->rank)] = call_.text();
  abandon(call_.text());
  const std::string all = listed(what_others_tell(std::move(told)));
  group->broken = text_of(call_.text(), ": ", why, ':', all);
  fail<CommunicationError>(call_.where, call_.operation, ": ", why, ':', all);
}

// Each rank that gives up tells all others, and hears for a while who else does.
std::vector<std::string> Underway::what_others_tell(std::vector<std::string> told) {
  send_note(group_, told[static_cast<std::size_t>(group_->rank)]);
  const auto end = Clock::now() + std::chrono::duration<double>(std::clamp(group_->timeout / 2, 0.2, 2.0));
  const auto missing = [&] { return std::ranges::any_of(told, &std::string::empty); };
  while (missing() && Clock::now() < end) {
    int there = 0;
    MPI_Status status;
    if (MPI_Iprobe(MPI_ANY_SOURCE, note_tag, group_->notes, &there, &status) != MPI_SUCCESS) break;
    if (there) {
      Note note{};
      MPI_Recv(note.data(), note_size, MPI_CHAR, status.MPI_SOURCE, note_tag, group_->notes, MPI_STATUS_IGNORE);
      note.back() = 0;
      told[static_cast<std::size_t>(status.MPI_SOURCE)] = note.data();
    } else {
      rest(1);
    }
  }
  // What was sent has to get on its way.
  for (int turn = 0, there = 0; turn < 100; ++turn) {
    MPI_Iprobe(MPI_ANY_SOURCE, note_tag, group_->notes, &there, MPI_STATUS_IGNORE);
    rest(1);
  }
  return told;
}

void tell_others(const std::shared_ptr<Group>& group, const std::string& error) noexcept {
  try {
    if (group->broken.empty()) send_note(group, "fails: " + error);
  } catch (const std::bad_alloc&) {
    // They wait for as long as the timeout says.
  }
}

}  // namespace xgrad::parallel::detail
