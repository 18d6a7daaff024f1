#pragma once

// A fuzz target is a file NAME_target.cpp in this folder, which defines the two functions below; `./run fuzz NAME`
// runs it, `.ci/run` all of them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/core/error.hpp"

namespace xgrad::fuzz {

/// One run on an input. Nothing may leave it: an xgrad::Error is for the target to catch (see `refused`), and anything
/// else is a fault.
void run(std::string_view input);
/// What the fuzzer begins with: inputs that are accepted, one for each kind of thing.
std::vector<std::string> seeds();

/// Whether `f` threw an xgrad::Error, which says something. Other exceptions pass.
template <class F>
bool refused(F f) {
  try {
    f();
    return false;
  } catch (const Error& error) {
    if (error.what()[0] == '\0') __builtin_trap();
    return true;
  }
}

/// A fault, unless the condition holds.
inline void require(bool condition) {
  if (!condition) __builtin_trap();
}

/// A file with these contents, in memory; the path is good until the next call.
const std::string& as_file(std::string_view contents);
/// What `write` writes to the path that it is given.
template <class F>
std::string written(F write);
std::string contents_of(const std::string& path);
std::string scratch_path();

template <class F>
std::string written(F write) {
  const std::string path = scratch_path();
  write(path);
  return contents_of(path);
}

/// Small numbers out of an input; zeros when it is used up.
class Bytes {
 public:
  explicit Bytes(std::string_view rest) : rest_(rest) {}
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const char first = rest_.front();
    rest_.remove_prefix(1);
    return static_cast<std::uint8_t>(first);
  }
  /// 0 to count - 1.
  int below(int count) { return byte() % count; }
  /// Mostly small ones of either sign, seldom extreme ones.
  std::int64_t whole();
  /// Everything up to the next zero byte.
  std::string_view text();
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace xgrad::fuzz
