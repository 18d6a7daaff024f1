# Installs the public headers: those that a user includes, and whatever these include. `source` is the tree,
# `destination` the directory of the headers, perhaps relative to the prefix, `parallel` whether parallel/ is built.
cmake_minimum_required(VERSION 3.25)

set(pending xgrad.hpp autograd/check/matcher.hpp autograd/xtensor.hpp autograd/ops/batching.hpp
    autograd/core/access.hpp)
if(parallel)
  list(APPEND pending parallel/parallel.hpp)
endif()
set(public ${pending})
while(pending)
  list(POP_FRONT pending header)
  file(STRINGS ${source}/${header} included REGEX "^#include \"")
  foreach(line ${included})
    string(REGEX REPLACE "^#include \"([^\"]*)\".*" "\\1" name "${line}")
    if(NOT name IN_LIST public)
      list(APPEND public ${name})
      list(APPEND pending ${name})
    endif()
  endforeach()
endwhile()

cmake_path(ABSOLUTE_PATH destination BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX})
foreach(header ${public})
  cmake_path(GET header PARENT_PATH folder)
  file(INSTALL ${source}/${header} DESTINATION ${destination}/${folder})
endforeach()
