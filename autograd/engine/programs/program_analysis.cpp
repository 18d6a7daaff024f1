#include "autograd/engine/programs/program_analysis.hpp"

#include <algorithm>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/programs/step_semantics.hpp"

namespace xgrad::fused {

namespace {

bool all_fixed(const RowStep& step, const std::vector<char>& fixed) {
  for (int k = 0; k < arity(step.code); ++k)
    if (!fixed[step.in[k]]) return false;
  return true;
}

bool is_flat(const Program& program, bool one_row) {
  if (program.phases.size() != 1 || !program.row_stores.empty() || !program.phases[0].after.empty()) return false;
  for (const Load& load : program.loads)
    if (load.source != Load::Source::argument) return false;
  for (const Pointer& pointer : program.pointers)
    if (pointer.accumulator || pointer.placed || pointer.shape == Pointer::Shape::scratch ||
        (pointer.shape == Pointer::Shape::vector && !one_row && !planted("rows that share a vector are one long row")))
      return false;
  return std::none_of(program.phases[0].steps.begin(), program.phases[0].steps.end(), [](const Step& step) {
    return (step.code == Code::column && !planted("rows with numbered columns are one long row")) ||
           is_reduction(step.code) || step.code == Code::accumulate;
  });
}

Parts parts_of(const Program& program) {
  if (program.phases.size() != 1 || !program.row_stores.empty() || !program.element_stores.empty()) return Parts::none;
  for (const Load& load : program.loads)
    if (load.source == Load::Source::element) return Parts::none;
  for (const Step& step : program.phases[0].steps)
    if (is_reduction(step.code) || (step.code == Code::column && !planted("a part of the columns counts them from 0")))
      return Parts::none;
  const bool sums = std::any_of(program.pointers.begin(), program.pointers.end(),
                                [](const Pointer& pointer) { return pointer.accumulator; });
  return sums ? Parts::columns : Parts::any;
}

}  // namespace

Analysis::Analysis(const Program& program)
    : fixed(program.registers),
      flat(is_flat(program, false)),
      flat_row(is_flat(program, true)),
      parts(parts_of(program)) {
  for (const Load& load : program.loads)
    if (load.source == Load::Source::argument) fixed[load.register_] = 1;
  for (const RowStep& step : program.before) {
    const bool once_only = all_fixed(step, fixed) || planted("numbers of a row are computed once for all");
    fixed[step.out] = once_only;
    (once_only ? once : before).push_back(step);
  }
  for (std::size_t p = 0; p < program.pointers.size(); ++p) {
    if (program.pointers[p].accumulator) accumulators.push_back(static_cast<std::uint16_t>(p));
    if (program.pointers[p].shape == Pointer::Shape::scratch) scratch.push_back(static_cast<std::uint16_t>(p));
    if (program.pointers[p].placed) placed.push_back(static_cast<std::uint16_t>(p));
  }
}

bool counts_columns(const Phase& phase) {
  return std::any_of(phase.steps.begin(), phase.steps.end(),
                     [](const Step& step) { return step.code == Code::column; });
}

}  // namespace xgrad::fused
