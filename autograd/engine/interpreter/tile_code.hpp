#pragma once

// Phases as lists of loops over tiles, and where their values are.

#include <cstdint>
#include <vector>

#include "autograd/engine/interpreter/tile_functions.hpp"
#include "autograd/engine/programs/phase_kernel.hpp"

namespace xgrad::fused {

/// One loop. Operands are numbers of places: see Places.
struct TileInstruction {
  TileFunction function;
  std::uint16_t out, in[3];
  bool by_rows = false;  // n is the number of rows of the tile, not of its elements
};

/// Numbers of what instructions work on: the program's pointers, its registers, then these, then the slots.
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

/// How the rows lie in a tile.
enum class TileShape : std::uint8_t {
  part,  // a part of one row: registers are single numbers, reductions go on from tile to tile
  rows   // several whole rows: what depends on the row is as many numbers
};

struct TileCode {
  std::vector<TileInstruction> instructions;
  int slots = 0;
};

/// The instructions of a phase. `single[r]` says whether register r is one number throughout (rows) and is not looked
/// at otherwise.
TileCode tile_code(const Program& program, const Phase& phase, const Aliases& aliases, const TileFunctions& functions,
                   TileShape shape, const std::vector<char>& single);

/// The loop for a step whose operands are elements, or single numbers where `single` says so; null if there is none.
TileFunction element_function(const TileFunctions& functions, Code code, int single);

}  // namespace xgrad::fused
