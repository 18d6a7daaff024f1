#include "data/checkpoint_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "autograd/core/fail.hpp"

namespace xgrad::data {

namespace {

namespace fs = std::filesystem;
constexpr const char* directory_operation = "Checkpoint";
const char *const beginning = "step-", *const ending = ".safetensors";

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return {};
  return number;
}

/// The step in a name like step-000000001500.safetensors.
std::optional<std::int64_t> step_of(std::string_view name) {
  if (!name.starts_with(beginning) || !name.ends_with(ending)) return {};
  name.remove_prefix(std::strlen(beginning));
  name.remove_suffix(std::strlen(ending));
  return number_of(name);
}

/// Paths of checkpoints with their steps, in any order; without the best.
std::vector<CheckpointDirectory::Found> list(const std::string& path, const Location& where) {
  std::vector<CheckpointDirectory::Found> found;
  std::error_code error;
  for (fs::directory_iterator item(path, error), end; !error && item != end; item.increment(error))
    if (const auto step = step_of(item->path().filename().string()))
      found.push_back({path + '/' + item->path().filename().string(), *step, false});
  check<IoError>(!error, where, directory_operation, ": ", printable(path), " cannot be listed: ", error.message());
  return found;
}

}  // namespace

CheckpointDirectory::CheckpointDirectory(std::string path, std::int64_t keep, const Location& where)
    : path_(std::move(path)), keep_(static_cast<std::size_t>(keep)) {
  check<ValueError>(keep >= 1, where, directory_operation, ": keep = ", keep, " is not at least 1");
  check<ValueError>(!path_.empty(), where, directory_operation, ": no directory is given");
  make_directory(directory_operation, path_, where);
}

CheckpointDirectory::~CheckpointDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

std::string CheckpointDirectory::path_of(std::int64_t step) const {
  char name[64];
  std::snprintf(name, sizeof name, "/%s%012lld%s", beginning, static_cast<long long>(step), ending);
  return path_ + name;
}

std::vector<CheckpointDirectory::Found> CheckpointDirectory::find(const Location& where) const {
  std::vector<Found> found = list(path_, where);
  if (fs::exists(fs::symlink_status(best()))) {
    std::optional<std::int64_t> step;
    try {
      const SafetensorsFile file("resume", best(), where);
      if (const auto note = file.metadata().find("step"); note != file.metadata().end()) step = number_of(note->second);
      check<FormatError>(step.has_value(), where, "resume: ", printable(best()), " is not a checkpoint");
      found.push_back({best(), *step, true});
    } catch (const Error& error) {
      std::fprintf(stderr, "xgrad: %s; it is skipped\n", error.what());
    }
  }
  std::ranges::sort(
      found, [](const Found& a, const Found& b) { return std::pair(a.step, !a.best) > std::pair(b.step, !b.best); });
  return found;
}

void CheckpointDirectory::claim(const Location& where) {
  if (lock_ >= 0) return;
  check<ValueError>(known_ || (list(path_, where).empty() && !fs::exists(fs::symlink_status(best()))), where,
                    directory_operation, ": ", printable(path_),
                    " has checkpoints of an earlier run: resume() goes on from them, clear() removes them");
  const int directory = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  check<IoError>(directory >= 0, where, directory_operation, ": ", printable(path_),
                 " cannot be opened: ", std::strerror(errno));
  // (Where the file system knows no locks, there is none.)
  if (::flock(directory, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ::close(directory);
    fail<IoError>(where, directory_operation, ": another process writes its checkpoints to ", printable(path_));
  }
  lock_ = directory;
  known_ = true;
}

void CheckpointDirectory::resume(std::vector<std::string> files) {
  kept_ = std::move(files);
  known_ = true;
}

void CheckpointDirectory::clear(const Location& where) {
  known_ = true;
  claim(where);
  for (const Found& file : list(path_, where)) remove_file(directory_operation, file.path, where);
  if (fs::exists(fs::symlink_status(best()))) remove_file(directory_operation, best(), where);
  kept_.clear();
}

void CheckpointDirectory::remove_oldest(const Location& where) {
  const std::string path = kept_.front();
  kept_.erase(kept_.begin());
  remove_file(directory_operation, path, where);
}

void CheckpointDirectory::write(const std::string& path, const SafetensorsImage& image, const Location& where) {
  for (;;) {
    try {
      write_image(path, image, directory_operation, where);
      break;
    } catch (const NoRoomError&) {
      if (kept_.size() < 2) throw;
      remove_oldest(where);
    }
  }
  if (path == best()) return;
  std::erase(kept_, path);
  kept_.push_back(path);
  while (kept_.size() > keep_) remove_oldest(where);
}

}  // namespace xgrad::data
