#pragma once

#include "autograd/core/location.hpp"

namespace xgrad {

/// The line in which it is called.
inline unsigned line(const Location& here = Location::current()) { return here.line(); }

}  // namespace xgrad
