#pragma once

// For the kernels' own .cpp files: the families of functions of two elements. Each says whether `f` is of its family.

#include "autograd/kernels/kernels.hpp"

namespace xgrad::kernels {

bool arithmetic(Instruction f, const View& a, const View& b, const View& y, const Location& where);
bool comparison(Instruction f, const View& a, const View& b, const View& y);
bool logical(Instruction f, const View& a, const View& b, const View& y);

}  // namespace xgrad::kernels
