#include "data/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
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

}  // namespace

InputFile::InputFile(const char* operation, const std::string& path, const Location& where)
    : operation_(operation), path_(path), where_(where) {
  check_path(operation, path, where);
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
