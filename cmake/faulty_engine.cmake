# The engine with the faults that the tests plant in it (see autograd/engine/cpu/fault.hpp): those of its sources that have
# any, compiled again. Linked before the library they take the place of the library's own.
set(xgrad_faulty_sources)
foreach(source ${xgrad_sources})
  if(source MATCHES "/autograd/engine/")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    file(STRINGS ${source} includes_faults REGEX "#include .*engine/(cpu/fault|interpreter/tile_loops|products/kernels_of)\\.hpp")
    if(includes_faults)
      list(APPEND xgrad_faulty_sources ${source})
    endif()
  endif()
endforeach()
add_library(xgrad_faulty_engine OBJECT ${xgrad_faulty_sources} tests/autograd/engine/mutants/planted.cpp)
target_compile_definitions(xgrad_faulty_engine PRIVATE XGRAD_PLANTED_FAULTS)
target_link_libraries(xgrad_faulty_engine PRIVATE xgrad xgrad_flags)
target_include_directories(xgrad_faulty_engine SYSTEM PRIVATE ${xtensor_INCLUDE_DIRS} ${xtensor_blas_INCLUDE_DIRS}
                                                              ${xgrad_xbyak_dirs})
