#pragma once

// Every operation of LanesOf alone, for each instruction set, and its meaning for one number: the self-check and the
// tests compare the two.

#include <cstdint>

#include "autograd/core/dtype.hpp"

namespace xgrad::fused {

enum class LaneOperation : std::uint8_t {
  // of the parameter n
  number,  // n / 10
  bits,    // a pattern shifted by n
  // of numbers
  broadcast,
  copy,  // load, store
  add,
  sub,
  mul,
  div,
  sqrt,
  floor,
  ceil,
  round,
  fma,
  fms,
  fnma,
  fma_once,
  fms_once,
  fnma_once,
  min,
  max,
  bit_and,
  bit_or,
  bit_xor,
  bit_clear,
  shift_left,
  shift_right,
  integer_add,
  integer_sub,
  equal,
  not_equal,
  less,
  less_equal,
  mask,
  load_part,
  store_part,
  widen,  // floats as doubles
  // of masks
  mask_and,
  mask_or,
  mask_xor,
  mask_not,
  // of a mask and numbers
  select,
  keep,
  call_where
};
inline constexpr int lane_operations = static_cast<int>(LaneOperation::call_where) + 1;

/// What an operation takes. Masks come first, as lanes with all bits set or none; results that are masks are such
/// lanes.
struct LaneOperands {
  enum class Parameter : std::uint8_t { none, bit, length };  // n: from 0 to the bits of a number - 1; to the lanes
  const char* name;
  int masks, numbers;
  Parameter parameter = Parameter::none;
  bool computes = true;  // whether it computes: which NaN a NaN result is does not matter then
};
const LaneOperands& operands(LaneOperation operation);

/// Does the operation on as many numbers as there are lanes.
using LaneFunction = void (*)(void* out, const void* a, const void* b, const void* c, int n);

struct LaneFunctions {
  int width;
  bool has_fma;                       // fma, fms and fnma are rounded once
  LaneFunction run[lane_operations];  // null: the dtype has no such operation
};

// Null where the build does not have the instruction set.
const LaneFunctions* generic_lanes(DType dtype);
const LaneFunctions* avx2_lanes(DType dtype);
const LaneFunctions* avx512_lanes(DType dtype);

/// The result of one lane, by plain arithmetic on its numbers: a, b and c are all lanes.
template <class T>
T meaning(LaneOperation operation, const LaneFunctions& functions, const T* a, const T* b, const T* c, int n, int lane);
/// Whether a result is the one that was wanted.
template <class T>
bool agrees(LaneOperation operation, T got, T wanted);

/// x + x, for trying call_where. Not inline, or it would be compiled for every instruction set.
float doubled(float x);
double doubled(double x);

}  // namespace xgrad::fused
