#include "autograd/core/output_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/core/file_calls.hpp"
#include "autograd/core/printable.hpp"

namespace xgrad {

namespace {

// One call moves at most this much, as Linux does anyway.
constexpr std::uint64_t most_per_call = 0x7ffff000;
constexpr std::string_view temporary_beginning = ".xgrad-", temporary_end = ".part";

/// Repeats a call while signals interrupt it.
template <class Call>
auto uninterrupted(Call call) {
  for (;;)
    if (auto result = call(); result >= 0 || errno != EINTR) return result;
}

/// The path at which the kernel shows a file without a name.
std::string nameless(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

std::string fresh_name() {
  std::random_device device;
  char text[40];
  std::snprintf(text, sizeof text, "%s%08x%08x%s", temporary_beginning.data(), device(), device(),
                temporary_end.data());
  return text;
}

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

/// Locks the file, so that no other process removes it while this one writes.
bool lock(int descriptor) {
  return uninterrupted([&] { return ::flock(descriptor, LOCK_EX | LOCK_NB); }) == 0;
}

bool has_name(int descriptor) {
  struct stat status;
  return ::fstat(descriptor, &status) == 0 && status.st_nlink > 0;
}

/// Removes hidden files that no process is writing any more.
void remove_leftovers(int directory) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (!listing) {
    if (copy >= 0) ::close(copy);
    return;
  }
  while (const dirent* item = ::readdir(listing)) {
    const std::string_view name = item->d_name;
    if (!name.starts_with(temporary_beginning) || !name.ends_with(temporary_end)) continue;
    const int file = ::openat(directory, item->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) continue;
    if (lock(file)) ::unlinkat(directory, item->d_name, 0);
    ::close(file);
  }
  ::closedir(listing);
}

int open_directory(const std::string& path) {
  return uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
}

/// Forces a directory to the disk, where the file system supports that.
bool sync_directory(int directory) {
  return uninterrupted([&] { return detail::file_calls.sync(directory); }) == 0 || errno == EINVAL;
}

[[noreturn]] void fail_with(int reason, const char* operation, const std::string& path, const char* what,
                            const Location& where) {
  if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
    fail<NoRoomError>(where, operation, ": ", printable(path), " ", what, ": ", std::strerror(reason));
  fail<IoError>(where, operation, ": ", printable(path), " ", what, ": ", std::strerror(reason));
}

}  // namespace

namespace detail {

FileCalls file_calls{
    [](int directory, const char* name, int flags, mode_t mode) { return ::openat(directory, name, flags, mode); },
    [](int descriptor, const void* from, std::size_t bytes) { return ::write(descriptor, from, bytes); },
    [](int descriptor) { return ::fsync(descriptor); },
    [](int descriptor) { return ::close(descriptor); },
    [](int descriptor, int directory, const char* name) {
      return ::linkat(AT_FDCWD, nameless(descriptor).c_str(), directory, name, AT_SYMLINK_FOLLOW);
    },
    [](int directory, const char* from, const char* to) { return ::renameat(directory, from, directory, to); }};

}  // namespace detail

using detail::file_calls;

/// The file at the path before.
struct OutputFile::Existing {
  bool there;
  struct stat status;
};

OutputFile::OutputFile(const char* operation, const std::string& path, const Location& where)
    : operation_(operation), path_(path), where_(where) {
  check_path(operation, path, where);
  std::string directory;
  std::tie(directory, name_) = split(path);
  directory_ = open_directory(directory);
  if (directory_ < 0) refuse("cannot be created in its directory");
  try {
    create(look());
  } catch (...) {
    close();
    throw;
  }
}

OutputFile::Existing OutputFile::look() const {
  Existing existing{};
  struct stat& status = existing.status;
  check<IoError>(!name_.empty(), where_, operation_, ": ", printable(path_), " cannot be written: it is ",
                 path_.empty() ? "no name" : "a directory");
  existing.there = ::fstatat(directory_, name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!existing.there && errno != ENOENT) refuse("cannot be created");
  if (!existing.there) return existing;
  const bool writable = (status.st_mode & 0222) && ::faccessat(directory_, name_.c_str(), W_OK, AT_EACCESS) == 0;
  const char* reason = S_ISDIR(status.st_mode)    ? "a directory"
                       : S_ISLNK(status.st_mode)  ? "a symbolic link, which saving would replace; give its target"
                       : !S_ISREG(status.st_mode) ? "not a regular file"
                       : status.st_nlink > 1      ? "one of several hard links to a file, which saving would part; "
                                                    "remove it first"
                       : !writable                ? "read-only"
                                                  : nullptr;
  if (reason) fail<IoError>(where_, operation_, ": ", printable(path_), " cannot be written: it is ", reason);
  return existing;
}

void OutputFile::create(const Existing& existing) {
  remove_leftovers(directory_);
  const mode_t mode = existing.there ? 0600 : 0666;
  descriptor_ = uninterrupted([&] { return file_calls.open(directory_, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode); });
  // A file without a name can be linked only where the kernel shows it under /proc.
  if (descriptor_ >= 0 && ::access(nameless(descriptor_).c_str(), F_OK) != 0) ::close(std::exchange(descriptor_, -1));
  if (descriptor_ >= 0)
    lock(descriptor_);
  else if (!create_named(mode))
    refuse("cannot be created");
  if (!existing.there) return;
  const struct stat& status = existing.status;
  struct stat own;
  if (::fstat(descriptor_, &own) != 0) refuse("cannot be created");
  if ((own.st_uid != status.st_uid || own.st_gid != status.st_gid) &&
      ::fchown(descriptor_, status.st_uid, status.st_gid) != 0)
    refuse("cannot be written, because its owner and group cannot be kept");
  if (::fchmod(descriptor_, status.st_mode & 07777) != 0)
    refuse("cannot be written, because its permissions cannot be kept");
}

bool OutputFile::create_named(unsigned mode) {
  for (;;) {
    temporary_ = fresh_name();
    descriptor_ = uninterrupted(
        [&] { return file_calls.open(directory_, temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode); });
    if (descriptor_ < 0 && errno == EEXIST) continue;
    if (descriptor_ < 0) {
      temporary_.clear();
      return false;
    }
    // Another process may have found the file before it was locked here. If that one holds the lock, it removes the
    // file. Where files cannot be locked, no process removes any.
    const bool held = !lock(descriptor_) && errno == EWOULDBLOCK;
    if (!held && has_name(descriptor_)) return true;
    ::close(std::exchange(descriptor_, -1));
  }
}

OutputFile::~OutputFile() { close(); }

void OutputFile::close() noexcept {
  if (!temporary_.empty()) ::unlinkat(directory_, temporary_.c_str(), 0);
  temporary_.clear();
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  if (directory_ >= 0) ::close(std::exchange(directory_, -1));
}

void OutputFile::refuse(const char* what) const { fail_with(errno, operation_, path_, what, where_); }

void OutputFile::write(const void* from, std::uint64_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const auto put = uninterrupted([&] { return file_calls.write(descriptor_, at, std::min(bytes, most_per_call)); });
    if (put < 0) refuse("cannot be written");
    at += put;
    bytes -= static_cast<std::uint64_t>(put);
  }
}

/// Gives the file a name of its own before it replaces another one, because link() does not replace files.
void OutputFile::take_name() {
  if (temporary_.empty()) {
    if (file_calls.link(descriptor_, directory_, name_.c_str()) == 0) return;
    do {
      temporary_ = fresh_name();
      if (file_calls.link(descriptor_, directory_, temporary_.c_str()) == 0) break;
      temporary_.clear();
    } while (errno == EEXIST);
    if (temporary_.empty()) refuse("cannot be given its name");
  }
  if (file_calls.rename(directory_, temporary_.c_str(), name_.c_str()) != 0) refuse("cannot be renamed into place");
  temporary_.clear();
}

void OutputFile::commit() {
  if (uninterrupted([&] { return file_calls.sync(descriptor_); }) != 0) refuse("cannot be forced to the disk");
  // Closing a copy reports errors as closing would, and the file stays locked until it has its name.
  const int copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0 || file_calls.close(copy) != 0) refuse("cannot be closed");
  take_name();
  // The name is durable once the directory is on the disk.
  if (!sync_directory(directory_)) refuse("was written, but its directory cannot be forced to the disk");
  close();
}

void check_path(const char* operation, const std::string& path, const Location& where) {
  check<ValueError>(path.find('\0') == std::string::npos, where, operation, ": the path ", printable(path),
                    " contains a zero byte");
}

void make_directory(const char* operation, const std::string& path, const Location& where) {
  namespace fs = std::filesystem;
  check_path(operation, path, where);
  std::error_code error;
  std::vector<fs::path> missing;
  for (fs::path at = fs::absolute(path, error); !error && !fs::exists(at, error) && at.has_relative_path();
       at = at.parent_path())
    missing.push_back(at);
  if (!error) fs::create_directories(path, error);
  check<IoError>(!error, where, operation, ": ", printable(path), " cannot be created: ", error.message());
  for (const fs::path& made : missing) {
    const int directory = open_directory(made.parent_path().string());
    const bool synced = directory >= 0 && sync_directory(directory);
    const int reason = errno;
    if (directory >= 0) ::close(directory);
    if (!synced) fail_with(reason, operation, path, "was created, but cannot be forced to the disk", where);
  }
}

void remove_file(const char* operation, const std::string& path, const Location& where) {
  const int directory = open_directory(split(path).first);
  const bool removed = directory >= 0 && ::unlink(path.c_str()) == 0;
  const bool synced = removed && sync_directory(directory);
  const int reason = errno;
  if (directory >= 0) ::close(directory);
  if (!synced) fail_with(reason, operation, path, "cannot be removed", where);
}

}  // namespace xgrad
