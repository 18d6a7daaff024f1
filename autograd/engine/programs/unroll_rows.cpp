#include "autograd/engine/programs/unroll_rows.hpp"

#include <algorithm>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/programs/step_semantics.hpp"

namespace xgrad::fused {

namespace {

constexpr std::size_t most_streams = 24, most_steps = 64;

bool is_full(const Pointer& pointer) { return pointer.shape == Pointer::Shape::full; }

bool is_same_for_rows(const Program& program) {
  if (program.phases.size() != 1 || !program.phases[0].after.empty()) return false;
  if (!program.row_stores.empty() || !program.element_stores.empty()) return false;
  for (const Load& load : program.loads)
    if (load.source != Load::Source::argument) return false;
  for (const Pointer& pointer : program.pointers)
    if (pointer.placed) return false;
  return std::none_of(program.phases[0].steps.begin(), program.phases[0].steps.end(),
                      [](const Step& step) { return is_reduction(step.code); });
}

class Unrolling {
 public:
  Unrolling(const Program& program, int rows) : from_(program), sums_(program.pointers.size()) {
    result_.rows = rows;
    Program& to = result_.program;
    to = program;
    to.pointers.clear();
    for (const Pointer& pointer : program.pointers) {
      result_.first.push_back(static_cast<std::uint16_t>(to.pointers.size()));
      for (int i = is_full(pointer) ? rows : 1; i > 0; --i) to.pointers.push_back({pointer.shape, pointer.mask, false});
    }
    to.phases[0].steps.clear();
    for (int row = 0; row < rows; ++row) add_row(row);
    for (std::size_t p = 0; p < sums_.size(); ++p)
      if (sums_[p].kind == Ref::Kind::value) add({Code::store, {sums_[p]}, result_.first[p]});
  }

  Unrolled run() { return std::move(result_); }

 private:
  Ref add(const Step& step) {
    std::vector<Step>& steps = result_.program.phases[0].steps;
    steps.push_back(step);
    return {Ref::Kind::value, static_cast<std::uint16_t>(steps.size() - 1)};
  }
  std::uint16_t pointer(std::uint16_t p, int row) const {
    return static_cast<std::uint16_t>(result_.first[p] + (is_full(from_.pointers[p]) ? row : 0));
  }

  void add_row(int row) {
    std::vector<Ref> values;
    const auto moved = [&](Ref ref) {
      if (ref.kind == Ref::Kind::value) return values[ref.index];
      if (ref.kind == Ref::Kind::pointer)
        ref.index = pointer(ref.index, planted("several rows read the operands of the first") ? 0 : row);
      return ref;
    };
    for (Step step : from_.phases[0].steps) {
      const std::uint16_t out = step.out;
      for (Ref& ref : step.in) ref = moved(ref);
      if (step.code == Code::store) step.out = pointer(out, row);
      if (step.code != Code::accumulate) {
        values.push_back(add(step));
        continue;
      }
      Ref& sum = sums_[out];
      if (sum.kind == Ref::Kind::none) sum = {Ref::Kind::pointer, result_.first[out]};
      sum = add({Code::add, {sum, step.in[0], {}}});
      values.push_back(sum);
    }
  }

  const Program& from_;
  std::vector<Ref> sums_;  // by accumulator: the sum of the rows so far
  Unrolled result_;
};

}  // namespace

Aliases Unrolled::aliases(const Aliases& of_one) const {
  Aliases result(program.pointers.size());
  for (std::size_t p = 0; p < of_one.size(); ++p) {
    const std::size_t end = p + 1 < first.size() ? first[p + 1] : result.size();
    for (std::size_t i = first[p]; i < end; ++i)
      result[i] = static_cast<std::uint16_t>(first[of_one[p]] +
                                             (planted("several rows are aliases of the first") ? 0 : i - first[p]));
  }
  return result;
}

std::optional<Unrolled> unrolled(const Program& program) {
  if (!is_same_for_rows(program)) return {};
  const auto streams =
      static_cast<std::size_t>(std::count_if(program.pointers.begin(), program.pointers.end(), is_full));
  const std::size_t steps = program.phases[0].steps.size();
  for (const std::size_t rows : {4u, 2u})
    if (streams * rows <= most_streams && steps * rows <= most_steps)
      return Unrolling(program, static_cast<int>(rows)).run();
  return {};
}

}  // namespace xgrad::fused
