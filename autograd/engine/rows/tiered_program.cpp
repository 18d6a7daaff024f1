#include "autograd/engine/rows/tiered_program.hpp"

#include <algorithm>
#include <utility>

#include "autograd/core/thread_object.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/programs/verify_program.hpp"
#include "autograd/engine/rows/versions.hpp"

namespace xgrad::fused {

namespace {

// Memory of a thread for the program that it runs. It grows and never shrinks.
struct Scratch {
  Aliases aliases;
  std::vector<double> registers;  // room for numbers of either dtype
  Partials partials;
};

Scratch& scratch() {
  static constinit thread_local ThreadObject<Scratch> memory;
  return *memory;
}

}  // namespace

struct Compiled::State {
  explicit State(Program p) : source(std::move(p)), pairs(fused::overwrites(source.program)), versions(source) {}

  const Program& program() const { return source.program; }
  bool is_flat(const Binding& binding) const;
  bool is_narrow(const Binding& binding) const;
  Version& bind(const Binding& binding, Scratch& memory);
  void fix_registers(const Binding& binding, Scratch& memory) const;
  template <class T>
  void fix_registers(const Binding& binding, T* fixed) const;
  const Kernels& begin(Version& version, const Binding& binding, Scratch& memory, bool in_parts);
  void run(const Binding& binding);

  const Source source;
  const std::vector<Overwrite> pairs;
  Versions versions;
};

/// Finds the version for these pointers: kernels are made for pointers that are equal in one way.
Version& Compiled::State::bind(const Binding& binding, Scratch& memory) {
  Aliases& bound = memory.aliases;
  bound.resize(program().pointers.size());
  for (std::size_t p = 0; p < bound.size(); ++p) {
    std::size_t first = p;
    if (program().pointers[p].shape != Pointer::Shape::scratch && !program().pointers[p].placed)
      for (first = 0; binding.pointers[first] != binding.pointers[p] || program().pointers[first].placed;) ++first;
    bound[p] = static_cast<std::uint16_t>(first);
  }
  if (memory.registers.size() < program().registers) memory.registers.resize(program().registers);
  Version& version = versions.version(bound);
  if (is_narrow(binding))
    version.interpret_narrow();
  else
    version.interpret();
  return version;
}

bool Compiled::State::is_flat(const Binding& binding) const {
  if (!binding.row_bytes.empty() && !planted("rows that lie apart are one long row")) return false;
  return source.analysis.flat ||
         (source.analysis.flat_row && (binding.rows == 1 || planted("rows are one long row whatever they share")));
}
bool Compiled::State::is_narrow(const Binding& binding) const {
  return !is_flat(binding) && binding.columns > 0 && binding.columns < narrow_columns && binding.rows > 1;
}

void Compiled::State::fix_registers(const Binding& binding, Scratch& memory) const {
  if (program().dtype == float32)
    fix_registers(binding, reinterpret_cast<float*>(memory.registers.data()));
  else
    fix_registers(binding, memory.registers.data());
}
template <class T>
void Compiled::State::fix_registers(const Binding& binding, T* fixed) const {
  for (const Load& load : program().loads)
    if (load.source == Load::Source::argument) fixed[load.register_] = static_cast<T>(binding.arguments[load.index]);
  source.once.run(fixed, 1, 1);
}

const Kernels& Compiled::State::begin(Version& version, const Binding& binding, Scratch& memory, bool in_parts) {
  const auto& unrolled = source.wide.unrolled();
  const bool several = unrolled && binding.rows >= unrolled->rows && (in_parts || !is_flat(binding));
  source.wide.begin(binding, memory.partials);
  return version.kernels_for(binding.rows * binding.columns, several);
}

void Compiled::State::run(const Binding& binding) {
  Scratch& memory = scratch();
  Version& version = bind(binding, memory);
  fix_registers(binding, memory);
  if (is_narrow(binding))
    return version.narrow_for(binding.rows * binding.columns).run(binding, memory.registers.data(), memory.partials);
  const Kernels& kernels = begin(version, binding, memory, false);
  if (is_flat(binding)) return run_flat(program(), binding, *kernels.phases[0], memory.registers.data());
  source.wide.run(binding, {0, binding.rows, 0, binding.columns}, kernels, memory.registers.data(), memory.partials);
}

Compiled::Compiled(Program program) : state_(std::make_unique<State>(std::move(program))) {}
Compiled::Compiled(Compiled&& other) noexcept = default;
Compiled& Compiled::operator=(Compiled&& other) noexcept = default;
Compiled::~Compiled() = default;

const Program& Compiled::program() const { return state_->program(); }
bool Compiled::is_machine_code() const {
  const Version* version = state_->versions.latest();
  return version && version->is_machine_code();
}
Parts Compiled::parts() const { return state_->source.analysis.parts; }

const std::vector<Overwrite>& Compiled::overwrites() const { return state_->pairs; }

std::size_t Compiled::bytes() const {
  constexpr std::size_t of_step = 1000;  // bytes, with its tile instructions and machine code
  std::size_t steps = program().before.size() + program().loads.size() + program().pointers.size() + 2;
  for (const Phase& phase : program().phases) steps += phase.steps.size() + phase.after.size();
  return steps * of_step;
}

void verify(const Compiled& compiled) {
  const Source& source = compiled.state_->source;
  verify_analysis(source.program, source.analysis);
  if (const auto& several = source.wide.unrolled()) verify_unrolled(source.program, *several);
}

// Only bind() allocates: the room for sums over rows is kept from the run before.
void prepare(Compiled& compiled, const Binding& binding) { compiled.state_->bind(binding, scratch()); }

void execute(Compiled& compiled, const Binding& binding) { compiled.state_->run(binding); }

Begun begin_parts(Compiled& compiled, const Binding& binding) {
  Scratch& memory = scratch();
  Version& version = compiled.state_->bind(binding, memory);
  compiled.state_->fix_registers(binding, memory);
  return {compiled, compiled.state_->begin(version, binding, memory, true), memory.registers.data(), memory.partials};
}

void execute_part(const Begun& begun, const Binding& binding, const Rectangle& part) {
  begun.compiled.state_->source.wide.run(binding, part, begun.kernels, begun.registers, begun.partials);
}

}  // namespace xgrad::fused
