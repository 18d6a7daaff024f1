#pragma once

#include <cstdio>
#include <string>

namespace xgrad {

/// Says why a test does not run here, which makes ctest report it as skipped (see tests/CMakeLists.txt). For use before
/// anything is checked: `return skip("...")`.
inline void skip(const std::string& reason) {
  std::printf("SKIPPED: %s\n", reason.c_str());
  std::fflush(stdout);
}

}  // namespace xgrad
