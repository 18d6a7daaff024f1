# xgrad_parallel, as xgrad::parallel: training on many processes, where MPI is (Debian: libopenmpi-dev, openmpi-bin).
set(xgrad_mpi OFF)
if(XGRAD_MPI STREQUAL "AUTO")
  find_package(MPI COMPONENTS CXX)
  set(xgrad_mpi ${MPI_CXX_FOUND})
elseif(XGRAD_MPI)
  find_package(MPI REQUIRED COMPONENTS CXX)
  set(xgrad_mpi ON)
endif()
if(NOT xgrad_mpi)
  message(STATUS "parallel/ is left out: MPI is not found, or not wanted (XGRAD_MPI is ${XGRAD_MPI}; Debian: libopenmpi-dev)")
  return()
endif()
message(STATUS "parallel/ is built, with MPI ${MPI_CXX_VERSION}")

file(GLOB xgrad_parallel_sources CONFIGURE_DEPENDS parallel/*.cpp)
add_library(xgrad_parallel ${xgrad_parallel_sources})
add_library(xgrad::parallel ALIAS xgrad_parallel)
target_link_libraries(xgrad_parallel PUBLIC xgrad PRIVATE $<BUILD_INTERFACE:xgrad_flags> MPI::MPI_CXX)
# The C calls alone: the C++ ones are gone from the standard.
target_compile_definitions(xgrad_parallel PRIVATE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
target_compile_definitions(xgrad_parallel INTERFACE XGRAD_PARALLEL)
set_target_properties(xgrad_parallel PROPERTIES EXPORT_NAME parallel VERSION ${PROJECT_VERSION}
                                                SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
