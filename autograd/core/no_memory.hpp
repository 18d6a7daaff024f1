#pragma once

#include <new>

#include "autograd/core/location.hpp"

namespace xgrad {

/// Throws the LimitError that takes the place of a std::bad_alloc: that leaves no function of the library.
[[noreturn, gnu::cold]] void no_memory(const char* operation, const Location& where);

}  // namespace xgrad
