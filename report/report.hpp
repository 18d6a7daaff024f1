#pragma once

// report/: progress bars, curves and pictures.
//   in:  numbers as training goes on.
//   out: what people look at.

#include "report/curve.hpp"
#include "report/digits.hpp"
#include "report/progress.hpp"
