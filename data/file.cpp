#include "data/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ostream>
#include <utility>

#include "autograd/core/fail.hpp"

namespace xgrad::data {

namespace {

// One call moves at most this much, as Linux does anyway.
constexpr std::uint64_t most_per_call = 0x7ffff000;

/// Calls until it is not a signal that interrupted it.
template <class Call>
auto uninterrupted(Call call) {
  for (;;)
    if (auto result = call(); result >= 0 || errno != EINTR) return result;
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

InputFile::InputFile(const char* operation, const std::string& path, const Location& where)
    : operation_(operation), path_(path), where_(where) {
  check<ValueError>(path.find('\0') == std::string::npos, where, operation, ": the path ", printable(path),
                    " has a zero byte, where the system would cut it off");
  // Without O_NONBLOCK, opening a pipe would wait for a writer.
  descriptor_ = uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });
  check<IoError>(descriptor_ >= 0, where, operation, ": ", printable(path),
                 " cannot be opened: ", std::strerror(errno));
  struct stat status;
  const bool known = ::fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    const char* reason = !known ? std::strerror(errno) : S_ISDIR(status.st_mode) ? "Is a directory" : "Not a file";
    ::close(descriptor_);
    fail<IoError>(where, operation, ": ", printable(path), " cannot be read: ", reason);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::uint64_t InputFile::read_some(void* to, std::uint64_t bytes) {
  auto* at = static_cast<char*>(to);
  std::uint64_t have = 0;
  while (have < bytes) {
    const auto got =
        uninterrupted([&] { return ::read(descriptor_, at + have, std::min(bytes - have, most_per_call)); });
    check<IoError>(got >= 0, where_, operation_, ": ", printable(path_), " cannot be read: ", std::strerror(errno));
    if (got == 0) break;
    have += static_cast<std::uint64_t>(got);
    offset_ += static_cast<std::uint64_t>(got);
  }
  return have;
}

void InputFile::read(void* to, std::uint64_t bytes) {
  const std::uint64_t got = read_some(to, bytes);
  check<FormatError>(got == bytes, where_, operation_, ": ", printable(path_), " ends at byte ", offset_, ", where ",
                     bytes - got, " more bytes should be");
}

void InputFile::seek(std::uint64_t offset) {
  const bool moved = ::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) >= 0;
  check<IoError>(moved, where_, operation_, ": ", printable(path_), " cannot be read: ", std::strerror(errno));
  offset_ = offset;
}

OutputFile::OutputFile(const char* operation, const std::string& path, const Location& where)
    : operation_(operation), path_(path), where_(where) {
  struct stat status;
  if (::lstat(path.c_str(), &status) == 0)
    check<IoError>(S_ISREG(status.st_mode), where, operation, ": ", printable(path), " cannot be written: it is ",
                   S_ISDIR(status.st_mode)   ? "a directory"
                   : S_ISLNK(status.st_mode) ? "a symbolic link, which saving would replace; give its target"
                                             : "not a regular file");
  static std::atomic<unsigned> count{0};
  do {
    temporary_ = path + "." + std::to_string(::getpid()) + "-" + std::to_string(count++) + ".part";
    descriptor_ =
        uninterrupted([&] { return ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) {
    temporary_.clear();
    refuse("cannot be created");
  }
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::refuse(const char* what) const {
  fail<IoError>(where_, operation_, ": ", printable(path_), " ", what, ": ", std::strerror(errno));
}

void OutputFile::write(const void* from, std::uint64_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const auto put = uninterrupted([&] { return ::write(descriptor_, at, std::min(bytes, most_per_call)); });
    if (put < 0) refuse("cannot be written");
    at += put;
    bytes -= static_cast<std::uint64_t>(put);
  }
}

void OutputFile::commit() {
  if (uninterrupted([&] { return ::fsync(descriptor_); }) != 0) refuse("cannot be forced to the disk");
  if (::close(std::exchange(descriptor_, -1)) != 0) refuse("cannot be closed");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) refuse("cannot be renamed into place");
  temporary_.clear();
  // The rename itself is durable once the directory is on the disk.
  const int directory =
      uninterrupted([&] { return ::open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (directory < 0) refuse("was written, but its directory cannot be opened");
  const bool synced = uninterrupted([&] { return ::fsync(directory); }) == 0 || errno == EINVAL;
  const int reason = errno;
  ::close(directory);
  errno = reason;
  if (!synced) refuse("was written, but its directory cannot be forced to the disk");
}

std::ostream& operator<<(std::ostream& out, Printable from) {
  constexpr std::size_t most = 200;
  out << '\'';
  for (std::size_t i = 0; i < std::min(from.text.size(), most); ++i) {
    const auto byte = static_cast<unsigned char>(from.text[i]);
    char escaped[5];
    std::snprintf(escaped, sizeof escaped, byte < 0x20 || byte == 0x7f ? "\\x%02x" : "%c", byte);
    out << escaped;
  }
  return out << (from.text.size() > most ? "...'" : "'");
}

bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                               : lead >> 4 == 0xe            ? 3
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                                                             : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t code = length == 1 ? lead : lead & (0x7fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next >> 6 != 2) return false;
      code = code << 6 | (next & 0x3f);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < smallest[length] || code > 0x10ffff || (code >> 11 == 0x1b)) return false;
    i += length;
  }
  return true;
}

bool multiply(std::uint64_t& a, std::uint64_t b) {
  std::uint64_t product;
  if (__builtin_mul_overflow(a, b, &product) || product >> 63) return false;
  a = product;
  return true;
}

}  // namespace xgrad::data
