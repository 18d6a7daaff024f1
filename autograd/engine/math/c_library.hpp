#pragma once

// Functions of the C library, for arguments that the vector functions do not handle. They are only declared here, so
// that they are compiled for the generic instruction set, whoever calls them.

namespace xgrad::fused::library {

float sin(float x);
float cos(float x);
float tan(float x);
double sin(double x);
double cos(double x);
double tan(double x);

}  // namespace xgrad::fused::library
