# What takes part in every operation is an object library, with flags of its own. The other rooms are written with Tensors:
# what they record takes longer than they do, and with -O1 they are compiled in two thirds of the time.
file(GLOB_RECURSE xgrad_composing_sources CONFIGURE_DEPENDS autograd/inspect/*.cpp autograd/solve/*.cpp
     autograd/check/*.cpp nn/*.cpp optim/*.cpp report/*.cpp)
set(xgrad_computing_sources ${xgrad_sources})
list(REMOVE_ITEM xgrad_computing_sources ${xgrad_composing_sources})

add_library(xgrad_computing OBJECT ${xgrad_computing_sources})
target_compile_features(xgrad_computing PRIVATE cxx_std_20)
target_include_directories(xgrad_computing PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(xgrad_computing PRIVATE xgrad_flags xgrad_headers ZLIB::ZLIB PNG::PNG)
set_target_properties(xgrad_computing PROPERTIES POSITION_INDEPENDENT_CODE ${BUILD_SHARED_LIBS})

# xgrad_compile_options(OPTIONS...): for both parts of the library.
function(xgrad_compile_options)
  target_compile_options(xgrad PRIVATE ${ARGN})
  target_compile_options(xgrad_computing PRIVATE ${ARGN})
endfunction()
