# The engine with the faults that the tests plant in it (see autograd/engine/cpu/fault.hpp), compiled again. Linked before
# the library it takes the place of the library's own.
set(xgrad_faulty_sources ${xgrad_sources})
list(FILTER xgrad_faulty_sources INCLUDE REGEX "/autograd/engine/")
add_library(xgrad_faulty_engine OBJECT ${xgrad_faulty_sources} tests/autograd/engine/mutants/planted.cpp)
target_compile_definitions(xgrad_faulty_engine PRIVATE XGRAD_PLANTED_FAULTS)
target_link_libraries(xgrad_faulty_engine PRIVATE xgrad xgrad_flags xgrad_headers)
xgrad_unity(xgrad_faulty_engine)
# Half of its time is that of loops, which need not be fast here.
target_compile_options(xgrad_faulty_engine PRIVATE $<$<CONFIG:Release>:-O1>)
