#pragma once

// Files as the readers and writers of this room see them.

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>

#include "autograd/core/location.hpp"

namespace xgrad::data {

/// Bytes that are read one after the other.
class ByteSource {
 public:
  /// How many there are, from the first to the last; at most, where that is known only once they were inflated.
  virtual std::uint64_t size() const = 0;
  virtual std::uint64_t offset() const = 0;
  /// The next `bytes` bytes. FormatError when there are not so many.
  virtual void read(void* to, std::uint64_t bytes) = 0;

 protected:
  ~ByteSource() = default;
};

/// Where bytes go, one after the other.
class ByteSink {
 public:
  virtual void write(const void* from, std::uint64_t bytes) = 0;
  void write(const std::string& text) { write(text.data(), text.size()); }

 protected:
  ~ByteSink() = default;
};

/// A regular file, open for reading. Everything that goes wrong names the operation and the path.
class InputFile final : public ByteSource {
 public:
  /// IoError when it cannot be opened or is not a regular file; ValueError for a path with a zero byte.
  InputFile(const char* operation, const std::string& path, const Location& where);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::uint64_t size() const override { return size_; }
  std::uint64_t offset() const override { return offset_; }
  void read(void* to, std::uint64_t bytes) override;
  /// Up to `bytes` bytes; fewer only at the end. IoError when the system cannot read them.
  std::uint64_t read_some(void* to, std::uint64_t bytes);
  /// Goes on reading at `offset`.
  void seek(std::uint64_t offset);

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
class OutputFile final : public ByteSink {
 public:
  /// IoError when it cannot be created, or when something other than a regular file is at `path`.
  OutputFile(const char* operation, const std::string& path, const Location& where);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  using ByteSink::write;
  void write(const void* from, std::uint64_t bytes) override;
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

bool is_utf8(const std::string& text);

/// a * b; false when it does not fit 63 bits.
bool multiply(std::uint64_t& a, std::uint64_t b);

}  // namespace xgrad::data
