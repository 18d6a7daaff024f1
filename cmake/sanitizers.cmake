# What looks on while the tests run, and what feeds the readers with inputs of its own making.
if(XGRAD_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "XGRAD_FUZZ needs clang, which libFuzzer is a part of: the compiler is ${CMAKE_CXX_COMPILER}")
  endif()
  set(XGRAD_SANITIZE ON)
endif()
if(XGRAD_SANITIZE AND XGRAD_SANITIZE_THREADS)
  message(FATAL_ERROR "AddressSanitizer and ThreadSanitizer exclude each other: XGRAD_SANITIZE or XGRAD_SANITIZE_THREADS")
endif()

if(XGRAD_SANITIZE)
  set(xgrad_sanitizers -fsanitize=address,undefined)
  set(xgrad_unchecked_pointers -fno-sanitize=null,alignment,pointer-overflow,object-size)
  target_compile_options(xgrad_flags INTERFACE -fno-sanitize-recover=all)
  # Of a program that may lie anywhere three million addresses are put in whenever a test starts, a quarter of what most
  # tests take.
  target_link_options(xgrad_flags INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>)
elseif(XGRAD_SANITIZE_THREADS)
  set(xgrad_sanitizers -fsanitize=thread)
else()
  set(xgrad_sanitizers)
endif()

if(xgrad_sanitizers)
  target_compile_options(xgrad_flags INTERFACE ${xgrad_sanitizers} -fno-omit-frame-pointer)
  target_link_options(xgrad_flags INTERFACE ${xgrad_sanitizers})
  target_compile_definitions(xgrad_flags INTERFACE XGRAD_SANITIZED)
endif()

option(XGRAD_SANITIZE_OPTIMISED "Optimise all that sanitizers look at: for fuzz targets that run for hours" OFF)

# xgrad_sanitize_library(): optimising what the sanitizers add takes most of the time of the build, and pays only where
# much is computed or read. The others are compiled without.
function(xgrad_sanitize_library)
  if(NOT xgrad_sanitizers)
    return()
  endif()
  if(XGRAD_SANITIZE_OPTIMISED)
    xgrad_compile_options(-O2)
  else()
    target_compile_options(xgrad PRIVATE -O0)
    target_compile_options(xgrad_computing PRIVATE -O1)
    target_compile_options(xgrad_engine PRIVATE -O1)
  endif()
  if(XGRAD_SANITIZE)
    # Lanes convert numbers that do not fit, too: what comes of them is not chosen. (GCC does not look at this.)
    add_library(xgrad_engine_flags INTERFACE)  # linked last, so that its flags come behind those that it takes back
    target_compile_options(xgrad_engine_flags INTERFACE -fno-sanitize=float-cast-overflow)
    target_link_libraries(xgrad_engine PRIVATE xgrad_engine_flags)
    # Checks of every pointer, beside those of the memory that it points to, take half of the time that these take.
    set(loops ${xgrad_sources})
    list(FILTER loops INCLUDE REGEX "/autograd/engine/(products/kernels|interpreter/loops)_[a-z0-9]+\\.cpp$")
    set_property(SOURCE ${loops} APPEND PROPERTY COMPILE_OPTIONS ${xgrad_unchecked_pointers})
  endif()
  if(XGRAD_FUZZ)
    xgrad_compile_options(-fsanitize=fuzzer-no-link)
  endif()
endfunction()
