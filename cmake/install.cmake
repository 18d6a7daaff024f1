# What `cmake --install` puts where, and what find_package(xgrad) and pkg-config find. The headers keep their names:
# `#include "nn/linear.hpp"` is the same text in the tree and against the installed library.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(xgrad_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/xgrad)

install(TARGETS xgrad EXPORT xgradTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/xgrad)
install(EXPORT xgradTargets NAMESPACE xgrad:: DESTINATION ${xgrad_package_dir})
if(TARGET xgrad_parallel)  # the component `parallel`
  set(parallel ON)
  install(TARGETS xgrad_parallel EXPORT xgradParallelTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/xgrad)
  install(EXPORT xgradParallelTargets NAMESPACE xgrad:: DESTINATION ${xgrad_package_dir})
else()
  set(parallel OFF)
endif()
install(CODE "set(source \"${PROJECT_SOURCE_DIR}\")\nset(parallel ${parallel})\nset(destination \"${CMAKE_INSTALL_INCLUDEDIR}/xgrad\")")
install(SCRIPT cmake/install_headers.cmake)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
# A part of MNIST, under a licence of its own, which lies beside it: mnist-small in xgrad_DATA_DIR.
set(xgrad_data_dir ${CMAKE_INSTALL_DATADIR}/xgrad)
install(DIRECTORY data/mnist-small DESTINATION ${xgrad_data_dir})

configure_package_config_file(cmake/xgradConfig.cmake.in ${PROJECT_BINARY_DIR}/xgradConfig.cmake
                              INSTALL_DESTINATION ${xgrad_package_dir} PATH_VARS xgrad_data_dir)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xgradConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/xgradConfig.cmake ${PROJECT_BINARY_DIR}/xgradConfigVersion.cmake
        DESTINATION ${xgrad_package_dir})

# For builds without CMake: c++ -std=c++20 program.cpp $(pkg-config --cflags --libs xgrad)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
           OUTPUT_VARIABLE xgrad_pc_prefix)
set(xgrad_pc_libraries ${LAPACK_LIBRARIES} ${BLAS_LIBRARIES} ${CMAKE_THREAD_LIBS_INIT})
list(TRANSFORM CMAKE_DL_LIBS PREPEND -l OUTPUT_VARIABLE libdl)
list(APPEND xgrad_pc_libraries ${libdl})
list(REMOVE_DUPLICATES xgrad_pc_libraries)
list(JOIN xgrad_pc_libraries " " xgrad_pc_libraries)
if(BUILD_SHARED_LIBS)  # which knows by itself what it needs
  set(xgrad_pc_private .private)
  set(xgrad_pc_public_libraries)
  set(xgrad_pc_private_libraries ${xgrad_pc_libraries})
else()
  set(xgrad_pc_private)
  set(xgrad_pc_public_libraries ${xgrad_pc_libraries})
  set(xgrad_pc_private_libraries)
endif()
configure_file(cmake/xgrad.pc.in xgrad.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/xgrad.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
