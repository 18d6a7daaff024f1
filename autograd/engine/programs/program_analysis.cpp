#include "autograd/engine/programs/program_analysis.hpp"

#include <algorithm>
#include <new>

#include "autograd/core/thread_object.hpp"
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
    if (pointer.accumulator || pointer.shape == Pointer::Shape::scratch ||
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
  }
}

RowCode::RowCode(const std::vector<RowStep>& steps, const TileFunctions& functions) {
  for (const RowStep& step : steps)
    if (!join(step))
      instructions_.push_back({what_of(step.code),
                               element_function(functions, step.code, 0),
                               step.out,
                               {step.in[0], step.in[1], step.in[2]}});
}

RowCode::What RowCode::what_of(Code code) {
  switch (code) {
    case Code::add:
      return What::add;
    case Code::sub:
      return What::sub;
    case Code::mul:
      return What::mul;
    case Code::div:
      return What::div;
    default:
      return What::call;
  }
}

bool RowCode::join(const RowStep& step) {
  const bool adds = step.code == Code::add, subtracts = step.code == Code::sub;
  if (!(adds || subtracts) || instructions_.empty() || instructions_.back().what != What::mul) return false;
  Instruction& last = instructions_.back();
  const bool first = step.in[0] == last.out, second = step.in[1] == last.out;
  if (first == second && (first || !planted("a sum joins a product that it does not read")))
    return false;  // it does not read the product, or twice
  last.what = adds ? What::mul_add : first ? What::mul_sub : What::sub_mul;
  last.product = planted("the product inside a step is not kept") ? step.out : last.out;
  last.in[2] = step.in[first ? 1 : 0];
  last.out = step.out;
  return true;
}

char* thread_memory(std::size_t bytes) {
  struct Release {
    void operator()(char* memory) const { ::operator delete (memory, std::align_val_t{64}); }
  };
  struct More {
    std::unique_ptr<char, Release> memory;
    std::size_t size = 0;
  };
  // Enough for most programs: they must not fail when they overwrite what somebody still needs if they do.
  alignas(64) thread_local char from_start[std::size_t{1} << 16];
  if (bytes <= sizeof from_start) return from_start;
  static constinit thread_local ThreadObject<More> more;
  if (more->size < bytes) {
    *more = More();
    more->memory.reset(static_cast<char*>(::operator new (bytes, std::align_val_t{64})));
    more->size = bytes;
  }
  return more->memory.get();
}

}  // namespace xgrad::fused
