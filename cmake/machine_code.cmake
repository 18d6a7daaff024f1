# Machine code is assembled where Xbyak is (see dependencies.cmake); elsewhere programs are interpreted.
if(TARGET xgrad_xbyak)
  list(FILTER xgrad_sources EXCLUDE REGEX "autograd/engine/machine/no_assembler.cpp$")
else()
  list(FILTER xgrad_sources EXCLUDE REGEX "autograd/engine/machine/")
  list(APPEND xgrad_sources ${PROJECT_SOURCE_DIR}/autograd/engine/machine/no_assembler.cpp)
endif()
