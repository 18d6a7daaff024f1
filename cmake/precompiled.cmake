# Reading the standard library's headers takes half of the time that most of the sources take. They are precompiled for
# GCC without sanitizers: what the others build shows that each source includes what it uses. Files with flags of their
# own read them themselves.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT xgrad_sanitizers)
  foreach(part xgrad xgrad_computing)
    target_precompile_headers(${part} PRIVATE <algorithm> <array> <atomic> <cmath> <cstdint> <cstring> <functional>
                                              <limits> <map> <memory> <numeric> <optional> <set> <span> <stdexcept>
                                              <string> <string_view> <tuple> <unordered_map> <utility> <variant>
                                              <vector>)
  endforeach()
  target_precompile_headers(xgrad_engine REUSE_FROM xgrad_computing)
  set(with_flags ${xgrad_sources})
  list(FILTER with_flags INCLUDE REGEX "_avx(2|512)\\.cpp$|/engine/about\\.cpp$")
  set_property(SOURCE ${with_flags} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
endif()
