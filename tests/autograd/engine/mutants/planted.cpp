#include <cstdlib>
#include <cstring>

#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused {

bool planted(const char* fault) noexcept {
  static const char* const chosen = std::getenv("XGRAD_FAULT");
  return chosen != nullptr && std::strcmp(chosen, fault) == 0;
}

}  // namespace xgrad::fused
