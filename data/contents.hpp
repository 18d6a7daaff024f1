#pragma once

// The contents of a file, be it gzip-compressed or not.

#include <optional>
#include <string>

#include "data/file.hpp"
#include "data/inflation.hpp"

namespace xgrad::data {

/// A regular file, inflated as it is read if it begins as gzip files do. Several gzip streams one after the other are
/// the contents of one after those of the other, as gzip itself has it; anything else behind one is a FormatError.
class Contents final : public ByteSource {
 public:
  /// IoError when it cannot be opened or is not a regular file.
  Contents(const char* operation, const std::string& path, const Location& where);

  std::uint64_t size() const override;
  std::uint64_t offset() const override { return offset_; }
  bool compressed() const { return inflation_.has_value(); }
  void read(void* to, std::uint64_t bytes) override;
  /// Up to `bytes` bytes; fewer only at the end. IoError when the system cannot read them, FormatError when what is
  /// compressed is damaged.
  std::uint64_t read_some(void* to, std::uint64_t bytes);
  /// FormatError unless everything has been read, which checks the checksum of what is compressed, too.
  void expect_end();
  /// Goes on at the first byte.
  void rewind();

 private:
  const char* operation_;
  std::string path_;
  Location where_;
  InputFile file_;
  std::optional<Inflation> inflation_;
  std::uint64_t offset_ = 0;
};

}  // namespace xgrad::data
