# What `cmake --install` puts where, and what find_package(xgrad) finds. The headers keep their names:
# `#include "nn/linear.hpp"` is the same text in the tree and against the installed library.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(xgrad_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/xgrad)

install(TARGETS xgrad EXPORT xgradTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/xgrad)
install(EXPORT xgradTargets NAMESPACE xgrad:: DESTINATION ${xgrad_package_dir})
install(DIRECTORY autograd nn optim data report DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/xgrad
        FILES_MATCHING PATTERN "*.hpp" PATTERN "kernels" EXCLUDE PATTERN "mnist-small" EXCLUDE)

configure_package_config_file(cmake/xgradConfig.cmake.in ${PROJECT_BINARY_DIR}/xgradConfig.cmake
                              INSTALL_DESTINATION ${xgrad_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xgradConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/xgradConfig.cmake ${PROJECT_BINARY_DIR}/xgradConfigVersion.cmake
        DESTINATION ${xgrad_package_dir})
