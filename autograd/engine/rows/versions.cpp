#include "autograd/engine/rows/versions.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/interpreter/interpreter.hpp"
#include "autograd/engine/machine/compile_phase.hpp"

namespace xgrad::fused {

namespace {

// Compiling takes about 30 us, as long as interpreting so much does.
constexpr std::int64_t many_elements = 200'000, many_runs = 300;

// Adds without a locked instruction: a count that is lost between two threads does not matter.
std::int64_t count(std::atomic<std::int64_t>& counter, std::int64_t more) {
  const std::int64_t now = counter.load(std::memory_order_relaxed) + more;
  counter.store(now, std::memory_order_relaxed);
  return now;
}

}  // namespace

Source::Source(Program p)
    : program(std::move(p)),
      functions(tile_functions(set, program.dtype)),
      analysis(program),
      once(analysis.once, functions),
      wide(program, analysis, functions) {}

bool Version::serves(const Aliases& aliases, Tier tier) const {
  return (aliases == aliases_ || planted("kernels are kept when other pointers become equal")) &&
         (tier == tier_ || planted("a change of tier is overlooked"));
}

void Version::interpret_narrow() {
  if (narrow_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(making_);
  if (narrow_.load(std::memory_order_relaxed)) return;
  publish(std::make_unique<NarrowRows>(source_.program, source_.analysis, aliases_, source_.functions));
}

const NarrowRows& Version::narrow_for(std::int64_t elements) {
  if (is_due(narrow, elements)) compile(narrow);
  return *narrow_.load(std::memory_order_acquire);
}

void Version::interpret() {
  if (latest_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(making_);
  if (latest_.load(std::memory_order_relaxed)) return;
  auto kernels = std::make_unique<Kernels>();
  for (std::size_t i = 0; i < source_.program.phases.size(); ++i)
    kernels->phases.push_back(fused::interpret(source_.program, i, aliases_, source_.set));
  publish(std::move(kernels));
}

void Version::publish(std::unique_ptr<Kernels> kernels) {
  made_.push_back(std::move(kernels));
  latest_.store(made_.back().get(), std::memory_order_release);
}

void Version::publish(std::unique_ptr<NarrowRows> rows) {
  narrow_made_.push_back(std::move(rows));
  narrow_.store(narrow_made_.back().get(), std::memory_order_release);
}

bool Version::is_due(unsigned wanted, std::int64_t elements) {
  if (tier_ == Tier::interpreted || (asked_.load(std::memory_order_relaxed) & wanted) == wanted) return false;
  const bool large = count(elements_, elements) >= many_elements, often = count(runs_, 1) >= many_runs;
  return large || often || tier_ == Tier::compile_at_once;
}

const Kernels& Version::kernels_for(std::int64_t elements, bool several) {
  const unsigned wanted = several && source_.wide.unrolled() ? phases | unrolled : phases;
  if (is_due(wanted, elements)) compile(wanted);
  return *latest_.load(std::memory_order_acquire);
}

// A thread that finds another one compiling goes on with the kernels that exist.
void Version::compile(unsigned wanted) {
  const std::unique_lock lock(making_, std::try_to_lock);
  if (!lock) return;
  try {
    if (wanted == narrow)
      compile_narrow();
    else
      publish(compiled(wanted | asked_.load(std::memory_order_relaxed)));
  } catch (const std::bad_alloc&) {
    // The kernels that exist stay in use.
  }
  asked_.fetch_or(wanted, std::memory_order_relaxed);
}

void Version::compile_narrow() {
  auto rows = std::make_unique<NarrowRows>(source_.program, source_.analysis, aliases_, source_.functions, source_.set);
  if (!rows->is_machine_code()) return;
  machine_.store(true, std::memory_order_relaxed);
  publish(std::move(rows));
}

// Compiles the phases, and the program for several rows if it is wanted. A phase without machine code stays
// interpreted.
std::unique_ptr<Kernels> Version::compiled(unsigned wanted) {
  const Kernels& before = *latest_.load(std::memory_order_relaxed);
  auto kernels = std::make_unique<Kernels>(before);
  if ((asked_.load(std::memory_order_relaxed) & phases) == 0) {
    bool any = false;
    for (std::size_t i = 0; i < source_.program.phases.size(); ++i)
      if (auto made = fused::compile(source_.program, i, aliases_, source_.set, before.phases[i])) {
        kernels->phases[i] = std::move(made);
        any = true;
      }
    machine_.store(any, std::memory_order_relaxed);
  }
  if ((wanted & unrolled) != 0 && machine_.load(std::memory_order_relaxed) && !kernels->unrolled) {
    const Unrolled& several = *source_.wide.unrolled();
    const Aliases aliases =
        several.aliases(planted("several rows are compiled for other aliases") ? Aliases(aliases_.size()) : aliases_);
    std::unique_ptr<PhaseKernel> beyond;
    if (counts_columns(several.program.phases[0])) beyond = fused::interpret(several.program, 0, aliases, source_.set);
    kernels->unrolled = fused::compile(several.program, 0, aliases, source_.set, std::move(beyond));
  }
  return kernels;
}

Version& Versions::version(const Aliases& aliases) {
  const Tier tier = chosen_tier();
  if (Version* latest = latest_.load(std::memory_order_acquire); latest && latest->serves(aliases, tier))
    return *latest;
  const std::lock_guard lock(mutex_);
  auto at = std::find_if(all_.begin(), all_.end(), [&](const auto& each) { return each->serves(aliases, tier); });
  if (at == all_.end()) at = all_.insert(at, std::make_unique<Version>(source_, aliases, tier));
  latest_.store(at->get(), std::memory_order_release);
  return **at;
}

}  // namespace xgrad::fused
