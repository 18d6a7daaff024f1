# Tests of what is installed. A shared library that hides its engine has these alone. Another project finds the installed
# library, by CMake or pkg-config, or takes this one in as a subdirectory.
if(xgrad_sanitizers OR NOT XGRAD_INSTALL)
  return()
endif()
set(package ${CMAKE_CURRENT_LIST_DIR})
set(prefix ${CMAKE_CURRENT_BINARY_DIR}/installed)
add_test(NAME "the library installs" COMMAND ${package}/install_anew.sh ${CMAKE_COMMAND} ${PROJECT_BINARY_DIR} ${prefix})
set_tests_properties("the library installs" PROPERTIES FIXTURES_SETUP installation LABELS once)

# package_test(NAME COMMAND...): a test that needs the installed library.
function(package_test name)
  add_test(NAME "${name}" COMMAND ${ARGN})
  set_tests_properties("${name}" PROPERTIES FIXTURES_REQUIRED installation LABELS once
                                            SKIP_REGULAR_EXPRESSION "SKIPPED:")
endfunction()
package_test("public headers are installed, and compile" ${package}/installed_headers.sh ${CMAKE_CXX_COMPILER} ${prefix}
             ${PROJECT_SOURCE_DIR})
package_test("licences are installed beside what they are for" ${package}/licences.sh ${prefix})
package_test("another project uses the installed library"
             ${CMAKE_CTEST_COMMAND} --build-and-test ${package} ${CMAKE_CURRENT_BINARY_DIR}/consumer
             --build-generator ${CMAKE_GENERATOR} --build-options -DCMAKE_PREFIX_PATH=${prefix}
             --test-command ${CMAKE_CURRENT_BINARY_DIR}/consumer/consumer)
package_test("another project uses the installed library by pkg-config" ${package}/pkg_config.sh ${CMAKE_CXX_COMPILER}
             ${prefix} ${package}/consumer.cpp)

# Taken in as sources, the library adds nothing to what that project installs, and says what is missing.
add_test(NAME "another project takes this one in"
         COMMAND ${package}/taken_in.sh ${CMAKE_COMMAND} ${CMAKE_GENERATOR} ${PROJECT_SOURCE_DIR}
                 ${CMAKE_CURRENT_BINARY_DIR}/consumer_tree)
add_test(NAME "a header that is missing is named"
         COMMAND ${package}/missing_header.sh ${CMAKE_COMMAND} ${CMAKE_GENERATOR} ${PROJECT_SOURCE_DIR}
                 ${CMAKE_CURRENT_BINARY_DIR}/missing_header)
set_tests_properties("another project takes this one in" "a header that is missing is named" PROPERTIES LABELS once)

if(BUILD_SHARED_LIBS AND XGRAD_HIDE_ENGINE)
  add_test(NAME "a shared library shows what is xgrad's, without its engine"
           COMMAND ${package}/exports.sh $<TARGET_FILE:xgrad>)
endif()
