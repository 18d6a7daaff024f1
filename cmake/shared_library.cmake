# With BUILD_SHARED_LIBS: libxgrad.so.0.1.0, which programs look for as libxgrad.so.0.1 (before 1.0 every minor version
# may change what programs were compiled against).
set(hide_engine ON)
if(XGRAD_BUILD_TESTS)
  set(hide_engine OFF)
endif()
option(XGRAD_HIDE_ENGINE "A shared library shows nothing of its engine, which the tests look into" ${hide_engine})

set_target_properties(xgrad PROPERTIES VERSION ${PROJECT_VERSION}
                                       SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
if(BUILD_SHARED_LIBS)
  # A program does not replace functions of the library by its own, so that the library may inline them.
  xgrad_compile_options(-fno-semantic-interposition)
endif()
if(BUILD_SHARED_LIBS AND XGRAD_HIDE_ENGINE)
  if(XGRAD_BUILD_TESTS)
    message(FATAL_ERROR "The tests look into the engine: XGRAD_BUILD_TESTS or XGRAD_HIDE_ENGINE")
  endif()
  set(exports ${PROJECT_SOURCE_DIR}/cmake/exports.map)
  target_link_options(xgrad PRIVATE -Wl,--version-script=${exports})
  set_target_properties(xgrad PROPERTIES LINK_DEPENDS ${exports})
endif()
