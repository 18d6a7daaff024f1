#pragma once

// What all readers have in common: how their calls fail.

#include <new>
#include <stdexcept>
#include <string>

#include "autograd/core/location.hpp"

namespace xgrad::data {

/// For what is read in pieces: few calls, and little memory.
constexpr std::size_t piece_size = 1 << 16;

[[noreturn]] void refuse_memory(const char* operation, const std::string& path, const Location& where);

/// Calls `read`, which is all that a reader does with a file. Errors inside it name the operation and the user's line,
/// and where there is no memory for it, that is a LimitError.
template <class Read>
auto reading(const char* operation, const std::string& path, const Location& where, Read read) {
  const CallScope scope(operation, where);
  try {
    return read();
  } catch (const std::bad_alloc&) {
    refuse_memory(operation, path, where);
  } catch (const std::length_error&) {
    refuse_memory(operation, path, where);
  }
}

}  // namespace xgrad::data
