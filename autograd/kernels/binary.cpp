#include "autograd/kernels/binary.hpp"

#include "autograd/core/fail.hpp"

namespace xgrad::kernels {

void binary(Instruction f, const View& a, const View& b, const View& y, const Location& where) {
  if (arithmetic(f, a, b, y, where) || comparison(f, a, b, y) || logical(f, a, b, y)) return;
  fail<DTypeError>(where, "binary: there is no such function of ", a.dtype, " elements");
}

}  // namespace xgrad::kernels
