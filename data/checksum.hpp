#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "data/file.hpp"

namespace xgrad::data {

/// XXH3 with 64 bits of the bytes that it is given (Collet, xxHash).
class Checksum {
 public:
  Checksum();
  ~Checksum();
  void add(const void* from, std::uint64_t bytes);
  /// As 16 hexadecimal digits.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Bytes go nowhere but into the checksum.
class ChecksumSink final : public ByteSink {
 public:
  using ByteSink::write;
  void write(const void* from, std::uint64_t bytes) override { checksum.add(from, bytes); }
  Checksum checksum;
};

/// Bytes of another source, which go into the checksum as they are read.
class ChecksumSource final : public ByteSource {
 public:
  explicit ChecksumSource(ByteSource& source) : source_(source) {}
  std::uint64_t size() const override { return source_.size(); }
  std::uint64_t offset() const override { return source_.offset(); }
  void read(void* to, std::uint64_t bytes) override {
    source_.read(to, bytes);
    checksum.add(to, bytes);
  }
  Checksum checksum;

 private:
  ByteSource& source_;
};

}  // namespace xgrad::data
