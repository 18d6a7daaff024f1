#pragma once

#include <cstdint>

namespace xgrad {

/// The elementwise operations that row programs are made of.
enum class Instruction : std::uint8_t {
  none,
  neg,
  exp,
  log,
  log2,
  log1p,
  expm1,
  sqrt,
  sin,
  cos,
  tan,
  sinh,
  cosh,
  tanh,
  asin,
  acos,
  atan,
  gaussian,  // exp(-x^2)
  erfc,
  erf,
  abs,
  sign,
  floor,
  ceil,
  round,
  cast,
  add,
  sub,
  mul,
  div,
  pow,
  maximum,
  minimum,
  atan2,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  logical_xor,
  logical_not,
  where,
  fma,  // a * b + c, rounded once
  sum,
  prod,
  max,
  min,  // along a row, or over rows
};

}  // namespace xgrad
