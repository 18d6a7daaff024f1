#pragma once

// Rows of few columns: as many whole rows to a tile as it holds, all phases on one tile, and vectors over its rows in
// the place of registers.

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

/// Reductions along these rows take the columns one by one, else they are as PhaseKernel says. A tile has as many rows
/// as 4 KiB hold, of which there are whole vectors of 64 bytes; sums over rows add, in the program's dtype, what lies
/// at the same place of 16 tiles, and then, in double, the places of the tile in rising order.
class NarrowRows {
 public:
  /// With an instruction set, phases are machine code as far as there is any for it.
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

  /// Whether there is machine code for a phase, which is added then.
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
  std::vector<TileInstruction> instructions_;  // without a function: the kernel with the number `out`
  std::vector<std::unique_ptr<PhaseKernel>> kernels_;
  std::uint16_t slots_ = 0;         // the most that a phase needs
  std::uint16_t row_operands_ = 0;  // their first place; a vector over the rows follows them, for any use
  bool counts_columns_ = false;
};

}  // namespace xgrad::fused
