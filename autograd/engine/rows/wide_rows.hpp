#pragma once

// Runs rows in small groups: each group goes through all phases before the next one.

#include <memory>
#include <optional>
#include <vector>

#include "autograd/engine/cpu/rectangle.hpp"
#include "autograd/engine/cpu/thread_memory.hpp"
#include "autograd/engine/programs/phase_kernel.hpp"
#include "autograd/engine/programs/program_analysis.hpp"
#include "autograd/engine/programs/unroll_rows.hpp"
#include "autograd/engine/rows/partial_sums.hpp"
#include "autograd/engine/rows/placed_operands.hpp"
#include "autograd/engine/rows/row_code.hpp"

namespace xgrad::fused {

/// The kernels that run the phases of a program.
struct Kernels {
  std::vector<std::shared_ptr<const PhaseKernel>> phases;
  std::shared_ptr<const PhaseKernel> unrolled;  // its only phase, for several rows; null if there is none
};

class WideRows {
 public:
  WideRows(const Program& program, const Analysis& analysis, const TileFunctions& functions);

  /// Allocates the partial sums over rows.
  void begin(const Binding& binding, Partials& partials) const;
  /// Runs the program on a part of its rows and columns: on all, or on what Analysis::parts allows. Parts that do not
  /// overlap may run at the same time. `fixed` has the numbers of the registers that do not depend on the row.
  void run(const Binding& binding, const Rectangle& part, const Kernels& kernels, const void* fixed,
           Partials& partials) const;
  /// The program for several rows at a time, if there is one.
  const std::optional<Unrolled>& unrolled() const { return unrolled_; }

 private:
  struct Layout;
  template <class T>
  class Walk;
  template <class T>
  void run_as(const Binding& binding, const Rectangle& part, const Kernels& kernels, const T* fixed,
              Partials& partials) const;
  template <class T>
  void run_bands(const Binding& binding, const Kernels& kernels, const T* fixed, Partials& partials) const;
  std::int64_t block_rows(const Binding& binding) const;
  std::int64_t piece_columns(const Binding& binding, const Rectangle& part) const;
  std::int64_t columns_from(const PlacedLayout& placed, std::int64_t column, std::int64_t columns) const;
  std::int64_t scratch_group(std::int64_t group) const;

  const Program& program_;
  const Analysis& analysis_;
  const TileFunctions& functions_;
  RowCode before_;
  std::vector<RowCode> after_;  // by phase
  std::optional<Unrolled> unrolled_;
};

/// Runs the program on all rows and columns as one long row. `fixed` has the numbers of the registers.
void run_flat(const Program& program, const Binding& binding, const PhaseKernel& kernel, const void* fixed);

}  // namespace xgrad::fused
