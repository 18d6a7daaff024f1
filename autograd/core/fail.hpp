#pragma once

// For the library's own .cpp files: throws an error whose text is joined from parts.

#include <string>

#include "autograd/core/error.hpp"
#include "autograd/core/text.hpp"

namespace xgrad {

/// `train.cpp:42`
std::string place(const Location& where);

/// Puts the name of the outermost call in front of the text, and ` at train.cpp:42` behind it.
std::string finish_message(const std::string& text, const Location& where);

template <class E>
[[noreturn, gnu::noinline, gnu::cold]] void fail_with(const Location& where, TextParts parts) {
  const Location& blame = CallScope::blame(where);
  throw E(finish_message(join_text(parts, 17), blame), blame);
}

// By itself: what puts messages together would be in the way of every operation.
template <class E, class... Parts>
[[noreturn, gnu::noinline, gnu::cold]] void fail(const Location& where, const Parts&... parts) {
  fail_with<E>(where, {TextPart(parts)...});
}

/// Throws E unless `condition` holds.
template <class E, class... Parts>
void check(bool condition, const Location& where, const Parts&... parts) {
  if (!condition) [[unlikely]]
    fail<E>(where, parts...);
}

}  // namespace xgrad
