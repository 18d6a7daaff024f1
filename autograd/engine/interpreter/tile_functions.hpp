#pragma once

// The loops of the interpreter: one for each step and instruction set.

#include <cstdint>

#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// Does one step on n elements. What a, b and c are stands at each function below.
using TileFunction = void (*)(void* out, const void* a, const void* b, const void* c, std::int64_t n);

inline constexpr int codes = static_cast<int>(Code::accumulate) + 1;

/// The loops for one dtype on one instruction set. Null where there is none.
struct TileFunctions {
  /// For each code of a result or an accumulation: out[i] = code(a[i], b[i], c[i]). By the set of those operands that
  /// are one number for all i: 1 for a, 2 for b, 4 for c.
  TileFunction elements[codes][7];
  /// For each reduction: takes n more elements of a, the first of them for lane 0, into the lanes at out.
  /// max and min keep one number there.
  TileFunction reduce[codes];
  /// For each reduction: out[i] = reduction of the i-th row of a, whose number of columns (int64) is at c: from 1
  /// to 63.
  TileFunction reduce_rows[codes];
  /// out[i] = a[i * columns + b[i]], of numbers; of the bytes of masks, as masks; with the number of columns at c.
  TileFunction gather, gather_mask;
  /// out[i * columns + b[i]] = a[i], with the number of columns at c.
  TileFunction scatter;
  /// out[i * columns + j] = a[i], with the number of columns at c. It may write up to 64 bytes beyond.
  TileFunction spread;
  /// out[i] = mask of the byte a[i]; and back.
  TileFunction load_mask, store_mask;
  /// out[i] = a + i, for the double at a.
  TileFunction count;
  /// out[i] += a[i], of doubles.
  TileFunction add_to_doubles;
  /// out[i] = a[i], of int64.
  TileFunction from_integers;
};

const TileFunctions& tile_functions(InstructionSet set, DType dtype);

// For tile_functions.cpp: null where the build does not have the instruction set.
const TileFunctions* generic_functions(DType dtype);
const TileFunctions* avx2_functions(DType dtype);
const TileFunctions* avx512_functions(DType dtype);

}  // namespace xgrad::fused
