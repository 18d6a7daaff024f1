#include "data/checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "data/background.hpp"
#include "data/checkpoint_directory.hpp"

namespace xgrad::data {

namespace {

constexpr const char *own_name = "checkpoint", *random_name = "default_rng";

/// The part of a name before the first dot.
std::string owner_of(const std::string& name) { return name.substr(0, name.find('.')); }
std::string rest_of(const std::string& name) {
  const std::size_t dot = name.find('.');
  return dot == std::string::npos ? "" : name.substr(dot + 1);
}

/// Puts everything back that was loaded before something failed.
class Restoring {
 public:
  void load(Stateful& object, const std::vector<NamedTensor>& saved, const Location& where) {
    before_.push_back({&object, object.state()});
    object.load_state(saved, where);
  }
  void restore(const Location& where) {
    for (auto& [object, state] : before_) object->load_state(state, where);
  }

 private:
  std::vector<std::pair<Stateful*, std::vector<NamedTensor>>> before_;
};

/// All Tensors of a file; nothing, and a line on stderr, where it is damaged.
std::optional<std::vector<NamedTensor>> read_whole(const std::string& path, const Location& where) {
  std::optional<SafetensorsFile> file;
  std::vector<NamedTensor> saved;
  try {
    file.emplace("resume", path, where);
    saved = file->read();
  } catch (const Error& error) {
    std::fprintf(stderr, "xgrad: %s; it is skipped\n", error.what());
    return {};
  }
  check_version(file->metadata(), "resume", path, where);
  return saved;
}

}  // namespace

/// What another thread uses meanwhile.
struct Checkpoint::Writing {
  CheckpointDirectory directory;
  bool is_best = false;
  SafetensorsImage image;  // held here, so that only this thread counts handles
  Background background;   // the last: it waits for the thread that uses the others
};

Checkpoint::Checkpoint(const std::string& directory, const CheckpointOptions& options, const Location& where)
    : options_(options), latest_(std::chrono::steady_clock::now()) {
  check<ValueError>(options.every_steps >= 0, where, "Checkpoint: every_steps = ", options.every_steps, " is negative");
  check<ValueError>(options.every_seconds >= 0 && std::isfinite(options.every_seconds), where,
                    "Checkpoint: every_seconds = ", options.every_seconds, " is not a time");
  writing_.reset(new Writing{{directory, options.keep, where}, false, {}, {}});
  keep(random_name, detail::default_rng_state(), where);
}

Checkpoint::~Checkpoint() = default;

void Checkpoint::add(const std::string& name, Stateful& object, const Location& where) {
  insert({name, &object, nullptr}, where);
}

void Checkpoint::keep(const std::string& name, std::unique_ptr<Stateful> object, const Location& where) {
  Stateful* const known = object.get();
  insert({name, known, std::move(object)}, where);
}

void Checkpoint::insert(Item item, const Location& where) {
  check<ValueError>(!item.name.empty() && item.name.find('.') == std::string::npos && is_utf8(item.name), where,
                    "add: the name ", printable(item.name), " is empty, has a dot, or is not UTF-8");
  const bool taken = item.name == own_name || std::ranges::find(items_, item.name, &Item::name) != items_.end();
  check<ValueError>(!taken, where, "add: the name ", printable(item.name), " is taken");
  items_.push_back(std::move(item));
}

std::vector<NamedTensor> Checkpoint::state() const {
  std::vector<double> best;
  if (best_) best.push_back(*best_);
  std::vector<NamedTensor> all = {{"checkpoint.steps", tensor(steps_)}, {"checkpoint.best", tensor(best, float64)}};
  for (const Item& item : items_)
    for (NamedTensor& each : item.object->state())
      all.push_back({item.own && each.name.empty() ? item.name : item.name + '.' + each.name, std::move(each.value)});
  return all;
}

void Checkpoint::load(const std::vector<NamedTensor>& saved, const Location& where) {
  std::string differences;
  for (const NamedTensor& each : saved)
    if (const std::string owner = owner_of(each.name);
        owner != own_name && std::ranges::find(items_, owner, &Item::name) == items_.end())
      differences += "\n  " + each.name + ": nothing was added as " + owner;
  std::vector<std::vector<NamedTensor>> parts;
  for (const Item& item : items_) {
    std::vector<NamedTensor>& part = parts.emplace_back();
    for (const NamedTensor& each : saved)
      if (owner_of(each.name) == item.name) part.push_back({rest_of(each.name), each.value});
    if (part.empty() && !item.object->state().empty()) differences += "\n  " + item.name + ": missing";
  }
  check<FormatError>(differences.empty(), where, "resume: the checkpoint does not have what was added:", differences);
  Restoring loaded;
  try {
    for (std::size_t i = 0; i < items_.size(); ++i) loaded.load(*items_[i].object, parts[i], where);
  } catch (...) {
    loaded.restore(where);
    throw;
  }
}

std::optional<std::string> Checkpoint::resume(const Location& where) {
  collect(true);
  const std::vector<CheckpointDirectory::Found> found = writing_->directory.find(where);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto saved = read_whole(found[i].path, where);
    if (!saved) continue;
    const auto own = [&](const char* name) {
      const auto at = std::ranges::find(*saved, name, &NamedTensor::name);
      check<FormatError>(at != saved->end() && at->value.ndim() <= 1 && at->value.numel() <= 1, where,
                         "resume: ", printable(found[i].path), " is not a checkpoint: it has no ", name);
      return at->value.to_vector<double>(where);
    };
    const std::vector<double> steps = own("checkpoint.steps"), best = own("checkpoint.best");
    load(*saved, where);
    steps_ = steps.empty() ? 0 : static_cast<std::int64_t>(steps[0]);
    best_ = best.empty() ? std::optional<double>() : best[0];
    std::vector<std::string> older;  // this one included
    for (std::size_t k = found.size(); k-- > i;)
      if (!found[k].best) older.push_back(found[k].path);
    writing_->directory.resume(std::move(older));
    latest_ = std::chrono::steady_clock::now();
    return found[i].path;
  }
  check<FormatError>(found.empty(), where, "resume: none of the ", found.size(), " checkpoints is whole");
  writing_->directory.resume({});
  return {};
}

void Checkpoint::clear(const Location& where) {
  collect(true);
  writing_->directory.clear(where);
}

void Checkpoint::wait(const Location&) { collect(true); }

/// Takes what has been written in the background, or the error.
void Checkpoint::collect(bool waits) {
  try {
    if (waits) writing_->background.wait();
    if (writing_->background.poll()) writing_->image = {};
  } catch (...) {
    if (writing_->is_best) best_ = best_before_;
    throw;
  }
}

void Checkpoint::write(const std::string& path, const Location& where) {
  collect(true);
  writing_->directory.claim(where);
  writing_->is_best = path == writing_->directory.best();
  Metadata notes = state_notes();
  notes["content"] = "checkpoint";
  notes["step"] = std::to_string(steps_);
  writing_->image = make_image(state(), notes, {}, "Checkpoint", where);
  latest_ = std::chrono::steady_clock::now();
  const auto work = [path, where, &writing = *writing_] { writing.directory.write(path, writing.image, where); };
  if (options_.background) return writing_->background.start(work);
  work();
  writing_->image = {};
}

void Checkpoint::step(const Location& where) {
  writing_->directory.claim(where);
  ++steps_;
  collect(false);
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - latest_;
  if ((options_.every_steps > 0 && steps_ % options_.every_steps == 0) ||
      (options_.every_seconds > 0 && since.count() >= options_.every_seconds))
    save(where);
}

void Checkpoint::save(const Location& where) { write(writing_->directory.path_of(steps_), where); }

bool Checkpoint::save_best(double value, const Location& where) {
  collect(true);
  const bool better = !std::isnan(value) && (!best_ || (options_.higher_is_better ? value > *best_ : value < *best_));
  if (!better) return false;
  best_before_ = std::exchange(best_, value);
  try {
    write(writing_->directory.best(), where);
  } catch (...) {
    best_ = best_before_;
    throw;
  }
  return true;
}

}  // namespace xgrad::data
