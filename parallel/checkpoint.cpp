#include "parallel/checkpoint.hpp"

#include <chrono>
#include <cstring>
#include <exception>

#include "autograd/core/fail.hpp"
#include "autograd/core/mixing.hpp"
#include "autograd/core/random.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/tape/record.hpp"
#include "parallel/error.hpp"
#include "parallel/transfers.hpp"

namespace xgrad::parallel {

using detail::Underway;
using State = std::vector<NamedTensor>;

namespace {

constexpr const char* ranks_name = "ranks";

// What the file sees of something: its state as it was gathered, and what is to become of it.
struct Snapshot : Stateful {
  State* held;
  explicit Snapshot(State* state) : held(state) {}
  std::vector<NamedTensor> state() const override { return *held; }
  void load_state(const std::vector<NamedTensor>& saved, const Location&) override { *held = saved; }
};

// Each rank's default_rng, of which the file has a row for each: [ranks, 2], key and counter.
class Streams : public Stateful {
 public:
  explicit Streams(const Communicator& ranks) : ranks_(ranks) {}
  std::vector<NamedTensor> state() const override {
    const RandomState mine = default_rng().state();
    const auto size = static_cast<std::size_t>(ranks_.size());
    const Buffer all = Buffer::allocate(size * sizeof mine, ranks_name, Location::current());
    std::memcpy(static_cast<RandomState*>(all.data()) + ranks_.rank(), &mine, sizeof mine);
    const auto slices = detail::Slices::equal(2 * ranks_.size(), int64, ranks_.size(), Location::current());
    Underway(ranks_.group(), {"Checkpoint: the random streams", Shape{ranks_.size(), 2}, int64},
             detail::gather_slices(ranks_.group(), slices, all))
        .wait();
    return {{"", make_leaf(Shape{ranks_.size(), 2}, int64, all, Location::current())}};
  }
  // A rank that there was not before gets a stream that is like no other.
  void load_state(const std::vector<NamedTensor>& saved, const Location& where) override {
    check<FormatError>(saved.size() == 1 && saved[0].value.dtype() == int64 && saved[0].value.ndim() == 2 &&
                           saved[0].value.size(0) > 0 && saved[0].value.size(1) == 2,
                       where, "resume: the checkpoint has no random streams of its ranks");
    const auto numbers = saved[0].value.to_vector<std::int64_t>(where);
    const std::int64_t rank = ranks_.rank(), there = saved[0].value.size(0);
    const auto row = static_cast<std::size_t>(2 * (rank % there));
    RandomState mine{static_cast<std::uint64_t>(numbers[row]), static_cast<std::uint64_t>(numbers[row + 1])};
    if (rank >= there) mine.key = scattered(mixed(mine.key, static_cast<std::uint64_t>(rank)));
    default_rng() = Rng(mine);
  }

 private:
  Communicator ranks_;
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Rank 0's bytes, on all ranks.
Buffer of_first_rank(Buffer mine, const char* what, const Communicator& ranks, const Location& where) {
  auto size = static_cast<std::int64_t>(mine.bytes());
  const Buffer length = Buffer::allocate(sizeof size, what, where);
  std::memcpy(length.data(), &size, sizeof size);
  const auto& group = ranks.group();
  Underway(group, {what, Shape{}, int64, "length", where}, detail::send_all_from(0, group, sizeof size, length)).wait();
  std::memcpy(&size, length.data(), sizeof size);
  if (ranks.rank() != 0) mine = Buffer::allocate(static_cast<std::size_t>(size), what, where);
  Underway(group, {what, {}, float32, text_of(size, " bytes"), where},
           detail::send_all_from(0, group, static_cast<std::size_t>(size), mine))
      .wait();
  return mine;
}
std::string text_of_first_rank(const std::string& text, const char* what, const Communicator& ranks,
                               const Location& where) {
  const Buffer mine = Buffer::allocate(text.size(), what, where);
  if (!text.empty()) std::memcpy(mine.data(), text.data(), text.size());
  const Buffer all = of_first_rank(mine, what, ranks, where);
  return {static_cast<const char*>(all.data()), all.bytes()};
}
bool told_by_first_rank(bool mine, const char* what, const Communicator& ranks, const Location& where) {
  return text_of_first_rank(mine ? "y" : "n", what, ranks, where) == "y";
}

State state_of_first_rank(State mine, const std::string& item, const Communicator& ranks, const Location& where) {
  const char* what = "Checkpoint: what was saved";
  mine.resize(std::stoul(text_of_first_rank(std::to_string(mine.size()), what, ranks, where)));
  for (NamedTensor& each : mine) {
    std::string layout = each.name;
    if (ranks.rank() == 0) {
      layout += '\n' + std::to_string(static_cast<int>(each.value.dtype()));
      for (const std::int64_t size : each.value.shape()) layout += ' ' + std::to_string(size);
      evaluate(each.value, where);
    }
    layout = text_of_first_rank(layout, what, ranks, where);
    const std::size_t end = layout.rfind('\n');
    std::vector<std::int64_t> numbers;
    for (std::size_t at = end + 1; at < layout.size();) {
      std::size_t length = 0;
      numbers.push_back(std::stoll(layout.substr(at), &length));
      at += length + 1;
    }
    const auto dtype = static_cast<DType>(numbers[0]);
    const Shape shape(numbers.data() + 1, numbers.size() - 1);
    const Buffer value = of_first_rank(ranks.rank() == 0 ? each.value.entry()->value : Buffer(), what, ranks, where);
    check<FormatError>(value.bytes() == static_cast<std::size_t>(shape.numel()) * item_size(dtype), where,
                       "resume: ", item, '.', layout.substr(0, end), " did not arrive whole");
    each = {layout.substr(0, end), make_leaf(shape, dtype, value, where)};
  }
  return mine;
}

}  // namespace

struct Checkpoint::Item {
  std::string name;
  Stateful* object;
  std::unique_ptr<Stateful> own;
  State state;
};

// Where the body fails on one rank, all of them get an error: that rank its own.
template <class Body>
void Checkpoint::together(const char* operation, const Location& where, Body&& body) {
  std::exception_ptr failed;
  std::string told;
  try {
    body();
  } catch (const CommunicationError&) {
    throw;
  } catch (const std::exception& error) {
    failed = std::current_exception();
    told = std::string("fails: ") + error.what();
  }
  try {
    Underway(ranks_.group(), {operation, {}, float32, told, where}, {}).wait();
  } catch (const CommunicationError&) {
    if (!failed) throw;
  }
  if (failed) std::rethrow_exception(failed);
}

Checkpoint::Checkpoint(const std::string& directory, const Communicator& ranks, const data::CheckpointOptions& options,
                       const Location& where)
    : ranks_(ranks.split(0, where)), options_(options), latest_(now()) {
  together("Checkpoint", where, [&] {
    data::CheckpointOptions of_file = options;
    of_file.every_steps = 0;
    of_file.every_seconds = 0;
    if (ranks_.rank() == 0) file_.emplace(directory, of_file, where);
    check<ValueError>(options.every_steps >= 0 && options.every_seconds >= 0, where,
                      "Checkpoint: every_steps or every_seconds is negative");
  });
  keep(ranks_name, std::make_unique<Streams>(ranks_), where);
}

Checkpoint::~Checkpoint() = default;

void Checkpoint::add(const std::string& name, Stateful& object, const Location& where) { insert(name, object, where); }

void Checkpoint::keep(const std::string& name, std::unique_ptr<Stateful> object, const Location& where) {
  insert(name, *object, where);
  items_.back()->own = std::move(object);
}

void Checkpoint::insert(const std::string& name, Stateful& object, const Location& where) {
  auto item = std::make_unique<Item>(Item{name, &object, nullptr, {}});
  together("Checkpoint: add", where, [&] {
    if (file_) file_->keep(name, std::make_unique<Snapshot>(&item->state), where);
  });
  items_.push_back(std::move(item));
}

// Of all ranks; what is saved is rank 0's.
void Checkpoint::gather(const Location& where) {
  for (const auto& item : items_) {
    Underway(ranks_.group(), {"Checkpoint: the state", {}, float32, item->name, where}, {}).wait();
    item->state = item->object->state();
  }
}

std::optional<std::string> Checkpoint::resume(const Location& where) {
  gather(where);
  std::vector<State> before;
  for (const auto& item : items_) before.push_back(item->state);
  std::string path;
  together("Checkpoint: resume", where, [&] {
    if (file_) path = file_->resume(where).value_or("");
    if (file_) steps_ = file_->steps();
  });
  path = text_of_first_rank(path, "Checkpoint: resume", ranks_, where);
  if (path.empty()) {
    let_go();
    return {};
  }
  steps_ = std::stoll(text_of_first_rank(std::to_string(steps_), "Checkpoint: resume", ranks_, where));
  for (const auto& item : items_) item->state = state_of_first_rank(item->state, item->name, ranks_, where);
  const auto load = [&](std::size_t i, const State& state) { items_[i]->object->load_state(state, where); };
  bool is_whole = false;
  try {
    together("Checkpoint: resume", where, [&] {
      for (std::size_t i = 0; i < items_.size(); ++i) load(i, items_[i]->state);
    });
    is_whole = true;
  } catch (...) {
    for (std::size_t i = 0; i < items_.size() && !is_whole; ++i) load(i, before[i]);
    throw;
  }
  let_go();
  latest_ = now();
  return path;
}

// Old values are nobody's concern any more.
void Checkpoint::let_go() {
  for (const auto& item : items_) item->state.clear();
}

void Checkpoint::clear(const Location& where) {
  together("Checkpoint: clear", where, [&] {
    if (file_) file_->clear(where);
  });
}

void Checkpoint::wait(const Location& where) {
  together("Checkpoint: wait", where, [&] {
    if (file_) file_->wait(where);
  });
}

void Checkpoint::step(const Location& where) {
  if (file_) file_->step(where);
  ++steps_;
  const bool is_late = options_.every_seconds > 0 &&
                       told_by_first_rank(now() - latest_ >= options_.every_seconds, "Checkpoint: step", ranks_, where);
  if (is_late || (options_.every_steps > 0 && steps_ % options_.every_steps == 0)) save(where);
}

void Checkpoint::save(const Location& where) {
  gather(where);
  together("Checkpoint: save", where, [&] {
    if (file_) file_->save(where);
  });
  let_go();
  latest_ = now();
}

bool Checkpoint::save_best(double value, const Location& where) {
  gather(where);
  bool better = false;
  together("Checkpoint: save_best", where, [&] {
    if (file_) better = file_->save_best(value, where);
  });
  let_go();
  return told_by_first_rank(better, "Checkpoint: save_best", ranks_, where);
}

}  // namespace xgrad::parallel
