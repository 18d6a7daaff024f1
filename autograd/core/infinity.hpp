#pragma once

#include <limits>

namespace xgrad {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace xgrad
