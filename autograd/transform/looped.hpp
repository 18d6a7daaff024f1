#pragma once

#include <cstring>

#include "autograd/tape/entry.hpp"

namespace xgrad::detail {

/// The name of the call under which vmap records operations without a batching rule.
inline constexpr const char* one_after_another = "vmap, one example after another";
inline bool is_looped(const Entry& entry) { return entry.call && std::strcmp(entry.call, one_after_another) == 0; }

}  // namespace xgrad::detail
