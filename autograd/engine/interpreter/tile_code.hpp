#pragma once

// Translates phases into lists of loops over tiles.

#include <cstdint>
#include <vector>

#include "autograd/engine/interpreter/tile_functions.hpp"
#include "autograd/engine/programs/phase_kernel.hpp"

namespace xgrad::fused {

/// One loop. Its operands and its result are numbers of places (see Places).
struct TileInstruction {
  TileFunction function;
  std::uint16_t out, in[3];
  bool by_rows = false;  // whether n counts the rows of the tile, not its elements
};

/// How places are numbered: the program's pointers, its registers, then these, then the slots.
struct Places {
  explicit Places(const Program& program)
      : registers(static_cast<std::uint16_t>(program.pointers.size())),
        first_column(static_cast<std::uint16_t>(registers + program.registers)),
        columns(static_cast<std::uint16_t>(first_column + 1)),
        lanes(static_cast<std::uint16_t>(first_column + 2)),
        slots(static_cast<std::uint16_t>(lanes + program.registers)) {}

  std::uint16_t registers;
  std::uint16_t first_column;  // of the tile, as a double (wide rows); numbers of all columns (narrow rows)
  std::uint16_t columns;       // of the rows, an int64
  std::uint16_t lanes;         // of the reduction into each register (wide rows)
  std::uint16_t slots;
};

/// What a tile consists of.
enum class TileShape : std::uint8_t {
  part,  // a part of one row: registers are single numbers, reductions go on from tile to tile
  rows   // several whole rows: what depends on the row is as many numbers
};

struct TileCode {
  std::vector<TileInstruction> instructions;
  int slots = 0;
};

/// The instructions of a phase. For TileShape::rows, `single[r]` says whether register r is one number for all rows.
TileCode tile_code(const Program& program, const Phase& phase, const Aliases& aliases, const TileFunctions& functions,
                   TileShape shape, const std::vector<char>& single);

/// The loop for a step. Operand k is a single number where bit k of `single` is set, else elements. Null if there is
/// none.
TileFunction element_function(const TileFunctions& functions, Code code, int single);

}  // namespace xgrad::fused
