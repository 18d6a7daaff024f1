#pragma once

#include <new>

#include "autograd/core/location.hpp"

namespace xgrad {

/// Throws the LimitError that takes the place of std::bad_alloc, which no function of the library throws.
[[noreturn, gnu::cold]] void no_memory(const char* operation, const Location& where);

}  // namespace xgrad
