#pragma once

#include "autograd/core/error.hpp"

namespace xgrad::parallel {

/// Ranks that do not do the same, or one that others wait for in vain.
struct CommunicationError : Error {
  using Error::Error;
};

}  // namespace xgrad::parallel
