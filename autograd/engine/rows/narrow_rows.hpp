#pragma once

// Runs rows of few columns in tiles of whole rows: all phases go over one tile before the next, and a register is a
// vector with a number for each row of the tile.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "autograd/engine/cpu/thread_memory.hpp"
#include "autograd/engine/interpreter/tile_code.hpp"
#include "autograd/engine/programs/program_analysis.hpp"
#include "autograd/engine/rows/narrow_phase.hpp"
#include "autograd/engine/rows/partial_sums.hpp"
#include "autograd/engine/rows/row_code.hpp"

namespace xgrad::fused {

/// Reductions along these rows take the columns one by one; else they are as PhaseKernel says. A tile has as many rows
/// as fit into 4 KiB, in multiples of 64 bytes of numbers. Sums over rows add the same place of 16 tiles in the
/// program's dtype, then the places of a tile in double, in rising order.
class NarrowRows {
 public:
  /// With `machine`, phases are machine code for that instruction set where there is any; else all are interpreted.
  NarrowRows(const Program& program, const Analysis& analysis, const Aliases& aliases, const TileFunctions& functions,
             std::optional<InstructionSet> machine = {});
  bool is_machine_code() const { return !kernels_.empty(); }

  /// `fixed` has the numbers of the registers that do not depend on the row.
  void run(const Binding& binding, const void* fixed, Partials& partials) const;

 private:
  struct Layout;
  template <class T>
  class Walk;
  template <class T>
  void run_as(const Binding& binding, const T* fixed, Partials& partials) const;

  /// Adds machine code for a phase. Returns whether there is any.
  bool add_kernel(const NarrowPhase& made, const TileFunctions& functions, InstructionSet set);
  void resolve_places();
  void add_loads(const TileFunctions& functions);
  void add_row_steps(const std::vector<RowStep>& steps, const TileFunctions& functions);
  void add_row_stores(const TileFunctions& functions);
  void add_element_stores(const TileFunctions& functions);
  std::uint16_t place_of(std::uint16_t register_) const;

  const Program& program_;
  const Analysis& analysis_;
  Places places_;
  std::vector<TileInstruction> instructions_;  // one without a function runs kernel number `out`
  std::vector<std::unique_ptr<PhaseKernel>> kernels_;
  std::uint16_t slots_ = 0;         // the number of slots
  std::uint16_t row_operands_ = 0;  // the place of the first; spare vectors follow the last
  bool counts_columns_ = false;
};

}  // namespace xgrad::fused
