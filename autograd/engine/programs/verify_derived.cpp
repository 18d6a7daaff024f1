// Verifies what rows/ derives from a program before it runs it.

#include <algorithm>
#include <cstddef>

#include "autograd/core/thread_object.hpp"
#include "autograd/engine/programs/step_semantics.hpp"
#include "autograd/engine/programs/verify_program.hpp"

namespace xgrad::fused {

namespace {

using Shape = Pointer::Shape;

bool same(const RowStep& a, const RowStep& b) {
  return a.code == b.code && std::equal(std::begin(a.in), std::end(a.in), std::begin(b.in)) && a.out == b.out;
}

/// Verifies an Analysis: the registers that it takes for the same in all rows, and its lists.
class AnalysisVerifier {
 public:
  void run(const Program& program, const Analysis& analysis) {
    program_ = &program;
    analysis_ = &analysis;
    fixed_.assign(program.registers, 0);
    all_full_ = true;
    row_steps();
    pointers();
    flags();
  }

 private:
  void row_steps() {
    for (const Load& load : program_->loads) fixed_[load.register_] = load.source == Load::Source::argument;
    std::size_t once = 0, before = 0;
    for (const RowStep& step : program_->before) {
      bool fixed = true;
      for (int k = 0; k < arity(step.code); ++k) fixed = fixed && fixed_[step.in[k]];
      fixed_[step.out] = fixed;
      const std::vector<RowStep>& steps = fixed ? analysis_->once : analysis_->before;
      std::size_t& next = fixed ? once : before;
      if (next >= steps.size() || !same(steps[next++], step)) violated("analysis: a row step runs at another time");
    }
    if (once != analysis_->once.size() || before != analysis_->before.size() || fixed_ != analysis_->fixed)
      violated("analysis: a register is not what it is taken for");
  }

  void pointers() {
    std::size_t sums = 0, scratch = 0;
    const auto next_is = [](const std::vector<std::uint16_t>& list, std::size_t next, std::size_t p) {
      return next < list.size() && list[next] == p;
    };
    for (std::size_t p = 0; p < program_->pointers.size(); ++p) {
      const Pointer& at = program_->pointers[p];
      if (at.accumulator && !next_is(analysis_->accumulators, sums++, p)) violated("analysis: sums over rows differ");
      if (at.shape == Shape::scratch && !next_is(analysis_->scratch, scratch++, p))
        violated("analysis: scratch differs");
      all_full_ = all_full_ && at.shape == Shape::full;
    }
    if (sums != analysis_->accumulators.size()) violated("analysis: sums over rows differ");
    if (scratch != analysis_->scratch.size()) violated("analysis: scratch differs");
  }

  void flags() const {
    bool by_rows = false, along = program_->phases.size() != 1;
    along = along || !program_->row_stores.empty() || !program_->element_stores.empty();
    for (const Load& load : program_->loads) {
      by_rows = by_rows || load.source != Load::Source::argument;
      along = along || load.source == Load::Source::element;
    }
    for (const Phase& phase : program_->phases) {
      by_rows = by_rows || !phase.after.empty();
      for (const Step& step : phase.steps) along = along || is_reduction(step.code) || step.code == Code::column;
    }
    const bool sums = !analysis_->accumulators.empty(), own = sums || !analysis_->scratch.empty();
    if (analysis_->flat && (along || by_rows || !all_full_)) violated("analysis: the program is not one long row");
    if (analysis_->flat_row && (along || by_rows || own)) violated("analysis: one row is not a long one");
    if (analysis_->parts != Parts::none && along) violated("analysis: the program cannot be run in parts");
    if (analysis_->parts == Parts::any && sums) violated("analysis: the program cannot be run on some of its rows");
  }

  const Program* program_ = nullptr;
  const Analysis* analysis_ = nullptr;
  std::vector<char> fixed_;  // by register
  bool all_full_ = true;
};

/// Compares the steps of a program with those of the unrolled one, row by row.
class UnrolledVerifier {
 public:
  void run(const Program& program, const Unrolled& unrolled) {
    one_ = &program;
    all_ = &unrolled;
    sums_.assign(program.pointers.size(), {});
    next_ = 0;
    pointers();
    const Program& to = unrolled.program;
    check(one_->phases.size() == 1 && to.phases.size() == 1 && one_->phases[0].after.empty());
    check(one_->row_stores.empty() && one_->element_stores.empty() && to.element_stores.empty());
    check(to.dtype == one_->dtype && to.registers == one_->registers);
    for (int row = 0; row < all_->rows; ++row) add_row(row);
    for (std::size_t p = 0; p < sums_.size(); ++p)
      if (sums_[p].kind == Ref::Kind::value) expect({Code::store, {sums_[p]}, all_->first[p]});
    check(next_ == to.phases[0].steps.size());
  }

 private:
  static void check(bool holds) {
    if (!holds) violated("unrolled: several rows are not what as many single ones are");
  }
  static bool is_full(const Pointer& pointer) { return pointer.shape == Shape::full; }

  void pointers() const {
    std::size_t next = 0;
    check(all_->rows > 0 && all_->first.size() == one_->pointers.size());
    for (std::size_t p = 0; p < one_->pointers.size(); ++p) {
      check(all_->first[p] == next);
      for (int i = is_full(one_->pointers[p]) ? all_->rows : 1; i > 0; --i, ++next) {
        const Pointer wanted{one_->pointers[p].shape, one_->pointers[p].mask, false};
        check(next < all_->program.pointers.size() && all_->program.pointers[next] == wanted);
      }
    }
    check(next == all_->program.pointers.size());
  }
  std::uint16_t pointer(std::uint16_t p, int row) const {
    return static_cast<std::uint16_t>(all_->first[p] + (is_full(one_->pointers[p]) ? row : 0));
  }
  Ref expect(const Step& wanted) {
    const auto& steps = all_->program.phases[0].steps;
    check(next_ < steps.size());
    const Step& step = steps[next_];
    check(step.code == wanted.code && std::equal(std::begin(step.in), std::end(step.in), std::begin(wanted.in)));
    if (is_sink(step.code)) check(step.out == wanted.out);
    return {Ref::Kind::value, static_cast<std::uint16_t>(next_++)};
  }
  void add_row(int row) {
    values_.clear();
    for (Step step : one_->phases[0].steps) {
      check(!is_reduction(step.code));
      for (Ref& ref : step.in) {
        if (ref.kind == Ref::Kind::value)
          ref = values_[ref.index];
        else if (ref.kind == Ref::Kind::pointer)
          ref.index = pointer(ref.index, row);
      }
      if (step.code > Code::store) {  // adds to a sum over rows
        Ref& sum = sums_[step.out];
        if (sum.kind == Ref::Kind::none) sum = {Ref::Kind::pointer, all_->first[step.out]};
        sum = arity(step.code) == 1 ? expect({Code::add, {sum, step.in[0], {}}})
                                    : expect({Code::fma, {step.in[0], step.in[1], sum}});
        values_.push_back(sum);
      } else {
        if (step.code == Code::store) step.out = pointer(step.out, row);
        values_.push_back(expect(step));
      }
    }
  }

  const Program* one_ = nullptr;
  const Unrolled* all_ = nullptr;
  std::vector<Ref> sums_, values_;
  std::size_t next_ = 0;
};

}  // namespace

// The verifiers of a thread keep their memory, because many programs are verified.
void verify_analysis(const Program& program, const Analysis& analysis) {
  static constinit thread_local ThreadObject<AnalysisVerifier> verifier;
  verifier->run(program, analysis);
}
void verify_unrolled(const Program& program, const Unrolled& unrolled) {
  static constinit thread_local ThreadObject<UnrolledVerifier> verifier;
  verifier->run(program, unrolled);
}

}  // namespace xgrad::fused
