#pragma once

// Deflated bytes (RFC 1951), bare or in gzip's wrapping (RFC 1952), through zlib, some at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "autograd/core/location.hpp"
#include "data/file.hpp"

namespace xgrad::data {

/// As many bytes as so many deflated ones can give.
std::uint64_t most_inflated(std::uint64_t packed);

/// The contents of one deflated stream, which begins where `file` is.
class Inflation {
 public:
  enum class Wrapping { none, gzip };

  /// The stream may take up to `packed` bytes of the file. `what` names it in messages: "is gzip-compressed".
  /// LimitError when there is no memory for it.
  Inflation(InputFile& file, std::uint64_t packed, Wrapping wrapping, std::string what, const char* operation,
            const std::string& path, const Location& where);
  ~Inflation();
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;

  /// Up to `bytes` bytes; fewer only at the end of the stream. FormatError where it is damaged or cut off.
  std::size_t read_some(void* to, std::size_t bytes);
  /// Whether the stream has come to its end, which may be seen only when more than its contents is asked for.
  bool ended() const { return ended_; }
  /// How many of the packed bytes lie behind the end of the stream.
  std::uint64_t left() const;
  /// Whether the next of them are these two.
  bool continues_with(unsigned char first, unsigned char second);
  /// Another stream begins behind the end of this one.
  void restart();

 private:
  struct State;
  void fill();
  void refuse(const char* reason) const;

  InputFile& file_;
  std::uint64_t unread_;  // packed bytes that are still in the file
  std::string what_;
  const char* operation_;
  std::string path_;
  Location where_;
  std::uint64_t given_ = 0;
  bool ended_ = false;
  std::unique_ptr<State> state_;
};

}  // namespace xgrad::data
