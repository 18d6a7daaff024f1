#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "autograd/core/error.hpp"

namespace xgrad {

/// Takes bytes in order.
class ByteSink {
 public:
  virtual void write(const void* from, std::uint64_t bytes) = 0;
  void write(const std::string& text) { write(text.data(), text.size()); }

 protected:
  ~ByteSink() = default;
};

/// An IoError because the disk or the quota is full, or the file would be larger than is allowed.
struct NoRoomError : IoError {
  using IoError::IoError;
};

/// A file that appears whole or not at all. It has no name while it is written (where the file system knows files
/// without one, else a hidden one that ends in .part), is forced to the disk, takes the name of `path`, and then the
/// directory is forced to the disk. Without `commit`, or when that throws before the file has its name, whatever was at
/// `path` stays.
///
/// A file that is replaced hands its permissions, owner and group on (not its extended attributes and access control
/// lists); a new one has those that umask leaves. What dead processes have left of files that they were writing is
/// removed from the directory.
///
/// ValueError for a path with a zero byte. IoError when the file cannot be created or written, and for what replacing
/// would not treat as its owner expects: a symbolic link, one of several hard links, a file that is read-only, one
/// whose owner cannot be kept, and what is not a regular file.
class OutputFile final : public ByteSink {
 public:
  OutputFile(const char* operation, const std::string& path, const Location& where);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  using ByteSink::write;
  void write(const void* from, std::uint64_t bytes) override;
  void commit();

 private:
  struct Existing;
  [[noreturn]] void refuse(const char* what) const;
  Existing look() const;
  void create(const Existing& existing);
  bool create_named(unsigned mode);
  void take_name();
  void close() noexcept;

  const char* operation_;
  std::string path_;
  std::string name_;       // of the file, in the directory
  std::string temporary_;  // its hidden name before that, if it has one
  Location where_;
  int directory_ = -1;
  int descriptor_ = -1;
};

/// ValueError for a path with a zero byte, where the system would end it.
void check_path(const char* operation, const std::string& path, const Location& where);

/// Makes a directory and missing ones above it, and forces them to the disk. IoError when that fails.
void make_directory(const char* operation, const std::string& path, const Location& where);

/// Removes a file and forces its directory to the disk. IoError when that fails, and for a file that does not exist.
void remove_file(const char* operation, const std::string& path, const Location& where);

}  // namespace xgrad
