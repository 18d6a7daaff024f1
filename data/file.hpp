#pragma once

// Files as the readers and writers of this room see them.

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>

#include "autograd/core/location.hpp"

namespace xgrad::data {

/// A regular file, open for reading. Everything that goes wrong names the operation and the path.
class InputFile {
 public:
  /// IoError when it cannot be opened or is not a regular file.
  InputFile(const char* operation, const std::string& path, const Location& where);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::uint64_t size() const { return size_; }
  std::uint64_t offset() const { return offset_; }
  /// The next `bytes` bytes. FormatError when the file ends before.
  void read(void* to, std::uint64_t bytes);
  /// The descriptor, which is the caller's from now on.
  int detach();

 private:
  const char* operation_;
  std::string path_;
  Location where_;
  int descriptor_;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
};

/// A file that appears whole or not at all: it is written under a temporary name beside `path`, forced to the disk
/// and then renamed. Without `commit` the temporary file is removed and whatever was at `path` stays.
class OutputFile {
 public:
  /// IoError when it cannot be created, or when something other than a regular file is at `path`.
  OutputFile(const char* operation, const std::string& path, const Location& where);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* from, std::uint64_t bytes);
  void write(const std::string& text) { write(text.data(), text.size()); }
  void commit();

 private:
  [[noreturn]] void refuse(const char* what) const;

  const char* operation_;
  std::string path_;
  std::string temporary_;
  Location where_;
  int descriptor_ = -1;
};

/// A text on its way into a message: in quotes, shortened, unprintable characters escaped. It refers to the text.
struct Printable {
  const std::string& text;
};
std::ostream& operator<<(std::ostream& out, Printable from);
inline Printable printable(const std::string& text) { return {text}; }

/// a * b; false when it does not fit 63 bits.
bool multiply(std::uint64_t& a, std::uint64_t b);

}  // namespace xgrad::data
