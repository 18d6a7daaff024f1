#include "autograd/engine/rows/shared_programs.hpp"

#include <unordered_map>

#include "autograd/core/mixing.hpp"
#include "autograd/core/mutex.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/programs/verify_program.hpp"

namespace xgrad::fused {

namespace {

// Hashes the steps, by which programs mostly differ, and the sizes of all other lists.
class Hash {
 public:
  explicit Hash(const Program& program) {
    add(static_cast<std::uint64_t>(program.dtype), program.pointers.size(), program.loads.size());
    add(program.registers, program.row_operands, program.arguments);
    add(program.row_stores.size(), program.element_stores.size(), static_cast<std::uint64_t>(instruction_set()));
    for (const RowStep& step : program.before) add(step);
    for (const Phase& phase : program.phases) {
      for (const Step& step : phase.steps) add(step);
      for (const RowStep& step : phase.after) add(step);
    }
  }
  std::uint64_t value() const { return scattered(value_); }

 private:
  void add(std::uint64_t word) { value_ = mixed(value_, word); }
  void add(std::uint64_t a, std::uint64_t b, std::uint64_t c) { add(a ^ b << 20 ^ c << 40); }
  static std::uint64_t word(const Ref& ref) { return static_cast<std::uint64_t>(ref.kind) << 16 | ref.index; }
  void add(const Step& step) {
    add(static_cast<std::uint64_t>(step.code) | std::uint64_t{step.out} << 8 | word(step.in[0]) << 24);
    add(word(step.in[1]) | word(step.in[2]) << 24);
  }
  void add(const RowStep& step) {
    add(static_cast<std::uint64_t>(step.code) << 56 ^ std::uint64_t{step.out} << 42 ^ std::uint64_t{step.in[0]} << 28 ^
        std::uint64_t{step.in[1]} << 14 ^ step.in[2]);
  }

  std::uint64_t value_ = 0;
};

class Registry {
 public:
  static Registry& common() {
    static NeverDestroyed<Registry> registry;
    return *registry;
  }

  std::shared_ptr<Compiled> find(const Program& program, std::uint64_t hash) {
    const InstructionSet set = instruction_set();
    const std::lock_guard lock(mutex_);
    for (auto [at, last] = by_hash_.equal_range(hash); at != last; ++at) {
      const bool same = at->second.set == set &&
                        (at->second.program->program() == program || planted("programs are told by their hash alone"));
      if (!same) continue;
      if (auto shared = at->second.shared.lock()) return shared;
    }
    return nullptr;
  }
  std::shared_ptr<Compiled> add(std::unique_ptr<Compiled> made, std::uint64_t hash) {
    Compiled* program = made.release();
    std::shared_ptr<Compiled> shared(program, [this, hash](Compiled* last) { remove(last, hash); });
    const std::lock_guard lock(mutex_);
    by_hash_.emplace(hash, Known{instruction_set(), program, shared});
    bytes_ += program->bytes();
    return shared;
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return by_hash_.size();
  }
  std::size_t bytes() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  struct Known {
    InstructionSet set;
    Compiled* program;  // alive as long as this entry exists
    std::weak_ptr<Compiled> shared;
  };

  void remove(Compiled* program, std::uint64_t hash) {
    {
      const std::lock_guard lock(mutex_);
      for (auto [at, last] = by_hash_.equal_range(hash); at != last; ++at)
        if (at->second.program == program) {
          by_hash_.erase(at);
          bytes_ -= program->bytes();
          break;
        }
    }
    delete program;
  }

  Mutex mutex_;
  std::unordered_multimap<std::uint64_t, Known> by_hash_;
  std::size_t bytes_ = 0;  // of all of them
};

}  // namespace

std::shared_ptr<Compiled> shared_program(const Program& program) {
  const std::uint64_t hash = Hash(program).value();
  if (auto known = Registry::common().find(program, hash)) return known;
  // Two threads may make the same program at a time; either result may be kept.
  auto made = std::make_unique<Compiled>(verified(program));
  if (verification() != Verification::never) verify(*made);
  return Registry::common().add(std::move(made), hash);
}

std::size_t shared_programs() { return Registry::common().size(); }
std::size_t shared_program_bytes() { return Registry::common().bytes(); }

}  // namespace xgrad::fused
