# Files that are compiled for more than every processor of the architecture has. The program asks before it runs them.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties(autograd/engine/interpreter/loops_avx2.cpp autograd/engine/math/lanes_avx2.cpp autograd/engine/products/kernels_avx2.cpp
                              PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
  # GCC warns of what its own intrinsics leave undefined on purpose.
  set_source_files_properties(
    autograd/engine/interpreter/loops_avx512.cpp autograd/engine/math/lanes_avx512.cpp autograd/engine/products/kernels_avx512.cpp
    PROPERTIES COMPILE_OPTIONS
               "-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mavx2;-mfma;$<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized;-Wno-maybe-uninitialized>")
endif()
