#pragma once

#include <cstring>

#include "autograd/tape/entry.hpp"

namespace xgrad::detail {

/// The call in whose name vmap records what has no batching rule.
inline constexpr const char* one_after_another = "vmap, one example after another";
inline bool is_looped(const Entry& entry) { return entry.call && std::strcmp(entry.call, one_after_another) == 0; }

}  // namespace xgrad::detail
