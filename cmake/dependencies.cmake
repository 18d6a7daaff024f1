# What the library is built from, each as a target. What has no package file of its own gets its target here.

# xgrad_find_header(NAME HEADER PACKAGE [REQUIRED]): the target xgrad_NAME, where HEADER is found.
function(xgrad_find_header name header package)
  string(TOUPPER XGRAD_${name}_INCLUDE_DIR directory)
  find_path(${directory} ${header} PATH_SUFFIXES ${name} openblas)
  if(${directory})
    add_library(xgrad_${name} INTERFACE IMPORTED GLOBAL)
    target_include_directories(xgrad_${name} INTERFACE ${${directory}})
  elseif("REQUIRED" IN_LIST ARGN)
    message(FATAL_ERROR "xgrad needs ${header}, which is not found: install it (Debian: ${package}), or say where it is "
                        "by -D${directory}=DIRECTORY")
  endif()
endfunction()

xgrad_find_header(cblas cblas.h libopenblas-dev REQUIRED)  # what BLAS it is, for about()
xgrad_find_header(xxhash xxhash.h libxxhash-dev REQUIRED)  # used as a header alone
xgrad_find_header(xsimd xsimd/xsimd.hpp libxsimd-dev REQUIRED)  # the engine's lanes
# Machine code is assembled by Xbyak, headers only. Without it, or on another processor, programs are interpreted.
if(XGRAD_MACHINE_CODE AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  xgrad_find_header(xbyak xbyak/xbyak.h libxbyak-dev)
  if(NOT TARGET xgrad_xbyak)
    message(STATUS "Xbyak is not found: programs are interpreted")
  endif()
endif()

find_package(xtensor REQUIRED)
find_package(xtensor-blas REQUIRED)
find_package(BLAS REQUIRED)
find_package(LAPACK REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(Threads REQUIRED)

# What the sources of the library see of others, as headers; none of it is seen by who uses the library.
add_library(xgrad_headers INTERFACE)
target_link_libraries(xgrad_headers INTERFACE xtensor xtensor-blas nlohmann_json::nlohmann_json xgrad_cblas xgrad_xxhash
                                              xgrad_xsimd $<TARGET_NAME_IF_EXISTS:xgrad_xbyak>)
