#pragma once

// Rows one after the other, each through all phases.

#include <memory>
#include <span>
#include <vector>

#include "autograd/engine/analysis.hpp"

namespace xgrad::fused {

class WideRows {
 public:
  WideRows(const Program& program, const Analysis& analysis, const TileFunctions& functions);

  /// `fixed` has the numbers of the registers that do not depend on the row.
  void run(const Binding& binding, std::span<const std::unique_ptr<PhaseKernel>> kernels, const void* fixed,
           Partials& partials) const;

 private:
  struct Layout;
  template <class T>
  class Walk;
  template <class T>
  void run_as(const Binding& binding, std::span<const std::unique_ptr<PhaseKernel>> kernels, const T* fixed,
              Partials& partials) const;

  const Program& program_;
  const Analysis& analysis_;
  const TileFunctions& functions_;
  RowCode before_;
  bool by_columns_;             // no column depends on another
  std::vector<RowCode> after_;  // of each phase
};

/// Everything as one long row.
void run_flat(const Program& program, const Binding& binding, const PhaseKernel& kernel, void* registers);

}  // namespace xgrad::fused
