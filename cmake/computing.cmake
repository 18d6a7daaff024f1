# What takes part in every operation is in object libraries, with flags of their own; the engine in one of itself. The
# other rooms and operations are written with Tensors, recorded seldom, or read and write files, but for what looks at each
# element: what they record takes longer than they do, and with -O1 they are compiled in two thirds of the time.
set(seldom_recorded adaptive_pooling densities distances einsum gamma interpolation linalg masked matrices matrix_functions
    matrix_norms order orthogonal scans spectral statistics stirling transposed_convolution unpooling)
set(seldom_transformed batch curvature explain functional line linearize taken taylor vmap)
set(not_by_elements background checkpoint checkpoint_directory checkpoint_values contents file idx_header image load_options npy_header
    npz safetensors safetensors_file safetensors_header zip_contents zip_reader zip_writer)
foreach(list seldom_recorded seldom_transformed not_by_elements)
  list(JOIN ${list} "|" ${list})
endforeach()
set(xgrad_composing_sources ${xgrad_sources})
list(FILTER xgrad_composing_sources INCLUDE REGEX
     "/(autograd/(inspect/|solve/|check/|ops/(${seldom_recorded})\\.cpp|transform/(${seldom_transformed})\\.cpp)|nn/|optim/|report/|data/(${not_by_elements})\\.cpp)")
if(xgrad_sanitizers)  # see sanitizers.cmake
  set(xgrad_composing_sources ${xgrad_sources})
  list(FILTER xgrad_composing_sources EXCLUDE REGEX "/(autograd/(core|kernels|engine|tape)|data)/")
endif()
set(xgrad_computing_sources ${xgrad_sources})
list(REMOVE_ITEM xgrad_computing_sources ${xgrad_composing_sources})
set(xgrad_engine_sources ${xgrad_sources})
list(FILTER xgrad_engine_sources INCLUDE REGEX "/autograd/engine/")
list(REMOVE_ITEM xgrad_computing_sources ${xgrad_engine_sources})

foreach(part computing engine)
  add_library(xgrad_${part} OBJECT ${xgrad_${part}_sources})
  target_compile_features(xgrad_${part} PRIVATE cxx_std_20)
  target_include_directories(xgrad_${part} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(xgrad_${part} PRIVATE xgrad_flags xgrad_headers ZLIB::ZLIB PNG::PNG)
  set_target_properties(xgrad_${part} PROPERTIES POSITION_INDEPENDENT_CODE ${BUILD_SHARED_LIBS})
endforeach()

# xgrad_compile_options(OPTIONS...): for all parts of the library.
function(xgrad_compile_options)
  foreach(part xgrad xgrad_computing xgrad_engine)
    target_compile_options(${part} PRIVATE ${ARGN})
  endforeach()
endfunction()
