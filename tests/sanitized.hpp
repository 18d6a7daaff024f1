// A sanitizer looks on, which makes everything take up to thirty times as long: fewer random cases are tried then.

#pragma once

namespace xgrad {

#ifdef XGRAD_SANITIZED
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

}  // namespace xgrad
