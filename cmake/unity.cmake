# Most sources are small: what they include, and the templates that each of them instantiates anew, take most of the time
# that they take. Those of a room are compiled several at a time, so that names that a source keeps to itself, in an
# unnamed namespace, are kept to its room. The engine's sources stand alone (faulty_engine.cmake replaces some of them),
# and so do those that take long by themselves. ThreadSanitizer's build sees each source alone, without what others include.
set(xgrad_alone "/kernels/(reduce|recurrence|sort)\\.cpp$|^autograd/core/|^nn/summary")
option(XGRAD_UNITY "Compile small sources of a room together" ON)
if(NOT XGRAD_UNITY OR XGRAD_SANITIZE_THREADS)
  return()
endif()

set(rooms)
foreach(source ${xgrad_sources})
  cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE path)
  cmake_path(GET path PARENT_PATH room)
  if(room MATCHES "engine" OR path MATCHES "${xgrad_alone}")
    continue()
  endif()
  file(STRINGS ${source} reads_xtensor REGEX "#include .*(kernels/map\\.hpp|xtensor)" LIMIT_COUNT 1)
  if(reads_xtensor)  # which takes a second
    set_property(SOURCE ${source} PROPERTY UNITY_GROUP xtensor)
    continue()
  endif()
  string(MAKE_C_IDENTIFIER ${room} room)
  list(APPEND rooms ${room})
  list(APPEND sources_of_${room} ${source})
endforeach()
list(REMOVE_DUPLICATES rooms)

# A source stays in its group when others come and go, unless a room doubles.
foreach(room ${rooms})
  list(LENGTH sources_of_${room} count)
  set(groups 1)
  while(count GREATER 8)
    math(EXPR groups "2 * ${groups}")
    math(EXPR count "${count} / 2")
  endwhile()
  foreach(source ${sources_of_${room}})
    cmake_path(GET source FILENAME name)
    string(MD5 hash ${name})
    string(SUBSTRING ${hash} 0 4 hash)
    math(EXPR group "0x${hash} % ${groups}")
    set_property(SOURCE ${source} PROPERTY UNITY_GROUP ${room}_${group})
  endforeach()
endforeach()
# That a source has names of its own which others use for variables is their own business. (clang warns where a source
# alone has two of them.)
set_target_properties(xgrad xgrad_computing PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP
                      UNITY_BUILD_CODE_BEFORE_INCLUDE "#pragma GCC diagnostic ignored \"-Wshadow\"")
