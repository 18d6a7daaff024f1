#include "autograd/engine/driver.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "autograd/engine/fault.hpp"
#include "autograd/engine/interpreter.hpp"
#include "autograd/engine/machine/machine_code.hpp"
#include "autograd/engine/narrow.hpp"
#include "autograd/engine/tier.hpp"
#include "autograd/engine/verify_program.hpp"
#include "autograd/engine/wide.hpp"

namespace xgrad::fused {

namespace {

// Making machine code takes some 30 us: as long as interpreting so much.
constexpr std::int64_t many_elements = 200'000, many_runs = 300;

}  // namespace

struct Compiled::State {
  explicit State(Program p)
      : program(std::move(p)),
        functions(tile_functions(set, program.dtype)),
        analysis(program),
        once(analysis.once, functions),
        wide(program, analysis, functions),
        registers(program.registers) {}

  bool is_flat(const Binding& binding) const;
  bool is_narrow(const Binding& binding) const;
  void bind(const Binding& binding);
  void take_over(const Binding& binding, bool in_parts);
  template <class T>
  void fix_registers(const Binding& binding);
  void begin(const Binding& binding, bool in_parts);
  void run(const Binding& binding);

  const Program program;
  const InstructionSet set = instruction_set();  // the plans of another one are others
  const TileFunctions& functions;
  const Analysis analysis;
  const RowCode once;
  const WideRows wide;
  std::unique_ptr<NarrowRows> narrow;  // where rows are narrow
  Kernels kernels;
  Aliases aliases, bound;
  TierChoice tier;
  bool asked = false, machine = false;  // whether machine code was asked for, and came
  std::int64_t elements = 0, runs = 0;
  std::vector<double> registers;  // room for as many numbers of the dtype
  Partials partials;
};

/// Kernels know which pointers are equal: others where that changes.
void Compiled::State::bind(const Binding& binding) {
  bound.resize(program.pointers.size());
  for (std::size_t p = 0; p < bound.size(); ++p) {
    std::size_t first = p;
    if (program.pointers[p].shape != Pointer::Shape::scratch)
      for (first = 0; binding.pointers[first] != binding.pointers[p];) ++first;
    bound[p] = static_cast<std::uint16_t>(first);
  }
  const TierChoice chosen = chosen_tier();
  if (kernels.phases.size() != program.phases.size() ||
      (bound != aliases && !planted("kernels are kept when other pointers become equal")) ||
      (chosen.changes != tier.changes && !planted("a change of tier is overlooked"))) {
    aliases = bound;
    tier = chosen;
    asked = machine = false;
    narrow.reset();
    kernels = {};
    for (std::size_t i = 0; i < program.phases.size(); ++i)
      kernels.phases.push_back(interpret(program, i, aliases, set));
  }
  if (is_narrow(binding) && !narrow) narrow = std::make_unique<NarrowRows>(program, analysis, aliases, functions);
}

bool Compiled::State::is_flat(const Binding& binding) const {
  return analysis.flat ||
         (analysis.flat_row && (binding.rows == 1 || planted("rows are one long row whatever they share")));
}
bool Compiled::State::is_narrow(const Binding& binding) const {
  return !is_flat(binding) && binding.columns > 0 && binding.columns < narrow_columns && binding.rows > 1;
}

void Compiled::State::take_over(const Binding& binding, bool in_parts) {
  elements += binding.rows * binding.columns;
  runs += 1;
  if (asked || tier.choice == Tier::interpreted) return;
  if (tier.choice == Tier::compiled && elements < many_elements && runs < many_runs) return;
  asked = true;
  try {
    Kernels made;
    bool any = false;
    for (std::size_t i = 0; i < program.phases.size(); ++i) {
      made.phases.push_back(compile(program, i, aliases, set));
      any = any || made.phases.back();
      if (!made.phases.back()) made.phases.back() = interpret(program, i, aliases, set);
    }
    const auto& several = wide.unrolled();
    if (any && several && binding.rows >= several->rows && (in_parts || !is_flat(binding)))
      made.unrolled = compile(
          several->program, 0,
          several->aliases(planted("several rows are compiled for other aliases") ? Aliases(aliases.size()) : aliases),
          set);
    kernels = std::move(made);
    machine = any;
  } catch (const std::bad_alloc&) {
    // It stays interpreted.
  }
}

template <class T>
void Compiled::State::fix_registers(const Binding& binding) {
  T* fixed = reinterpret_cast<T*>(registers.data());
  for (const Load& load : program.loads)
    if (load.source == Load::Source::argument) fixed[load.register_] = static_cast<T>(binding.arguments[load.index]);
  once.run(fixed);
}

void Compiled::State::begin(const Binding& binding, bool in_parts) {
  bind(binding);
  program.dtype == float32 ? fix_registers<float>(binding) : fix_registers<double>(binding);
  if (is_narrow(binding)) return;
  take_over(binding, in_parts);
  wide.begin(binding, partials);
}

void Compiled::State::run(const Binding& binding) {
  if (is_narrow(binding)) return narrow->run(binding, registers.data(), partials);
  if (is_flat(binding)) return run_flat(program, binding, *kernels.phases[0], registers.data());
  wide.run(binding, {0, binding.rows, 0, binding.columns}, kernels, registers.data(), partials);
}

Compiled::Compiled(Program program) : state_(std::make_unique<State>(std::move(program))) {}
Compiled::Compiled(Compiled&& other) noexcept = default;
Compiled& Compiled::operator=(Compiled&& other) noexcept = default;
Compiled::~Compiled() = default;

const Program& Compiled::program() const { return state_->program; }
bool Compiled::is_machine_code() const { return state_->machine; }
Parts Compiled::parts() const { return state_->analysis.parts; }

void verify(const Compiled& compiled) {
  const Compiled::State& state = *compiled.state_;
  verify_analysis(state.program, state.analysis);
  if (const auto& several = state.wide.unrolled()) verify_unrolled(state.program, *several);
}

void prepare(Compiled& compiled, const Binding& binding) { compiled.state_->bind(binding); }

void execute(Compiled& compiled, const Binding& binding) {
  compiled.state_->begin(binding, false);
  compiled.state_->run(binding);
}

void begin_parts(Compiled& compiled, const Binding& binding) { compiled.state_->begin(binding, true); }

void execute_part(const Compiled& compiled, const Binding& binding, const Rectangle& part) {
  Compiled::State& state = *compiled.state_;
  state.wide.run(binding, part, state.kernels, state.registers.data(), state.partials);
}

}  // namespace xgrad::fused
