#pragma once

// Functions of the C library, for arguments that the vector ones leave to it. Declared only: they are compiled for what
// every processor has, wherever they are called from.

namespace xgrad::fused::library {

float sin(float x);
float cos(float x);
float tan(float x);
double sin(double x);
double cos(double x);
double tan(double x);

}  // namespace xgrad::fused::library
