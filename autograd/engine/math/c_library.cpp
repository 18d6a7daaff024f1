#include "autograd/engine/math/c_library.hpp"

#include <cmath>

namespace xgrad::fused::library {

float sin(float x) { return std::sin(x); }
float cos(float x) { return std::cos(x); }
float tan(float x) { return std::tan(x); }
double sin(double x) { return std::sin(x); }
double cos(double x) { return std::cos(x); }
double tan(double x) { return std::tan(x); }

}  // namespace xgrad::fused::library
