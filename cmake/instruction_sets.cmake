# Files that are compiled for more than every processor of the architecture has: NAME_avx2.cpp and NAME_avx512.cpp, one
# for each room that computes with lanes. The program asks before it runs them.
set(avx2_flags -mavx2 -mfma)
# GCC warns of what its own intrinsics leave undefined on purpose.
set(avx512_flags -mavx512f -mavx512dq -mavx512bw -mavx512vl ${avx2_flags}
    $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(sets avx2 avx512)
  if(xgrad_sanitizers)
    # They see the same templates in every set, and take half of their time for the widest one, which then is not there.
    set(sets avx2)
  endif()
  foreach(set ${sets})
    set(sources ${xgrad_sources})
    list(FILTER sources INCLUDE REGEX "/autograd/engine/.*_${set}\\.cpp$")
    set_property(SOURCE ${sources} APPEND PROPERTY COMPILE_OPTIONS ${${set}_flags})
  endforeach()
endif()
# With -O3 GCC would compile the loops of a product once for each thing that may be asked in them, and once more for rows
# whose elements are adjacent, which takes a tenth of its time; the loops in which products are summed are the same. (Its
# alarm about runs that are packed is false: they are only read where they were found.)
set(products ${xgrad_sources})
list(FILTER products INCLUDE REGEX "/autograd/engine/products/kernels_[a-z0-9]+\\.cpp$")
foreach(flag -O2 -fvect-cost-model=dynamic -fsplit-loops -fpeel-loops -fipa-cp-clone -Wno-maybe-uninitialized)
  set_property(SOURCE ${products} APPEND PROPERTY COMPILE_OPTIONS $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:${flag}>)
endforeach()
