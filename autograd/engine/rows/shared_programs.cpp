#include "autograd/engine/rows/shared_programs.hpp"

#include <unordered_map>

#include "autograd/core/mixing.hpp"
#include "autograd/core/mutex.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/programs/program_hash.hpp"
#include "autograd/engine/programs/verify_program.hpp"

namespace xgrad::fused {

namespace {

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
      const bool same = at->second.set == set && (at->second.program->program() == program ||
                                                  planted("programs are told by the hash of their steps"));
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
  const std::uint64_t hash = mixed(hash_of(program), static_cast<std::uint64_t>(instruction_set()));
  if (auto known = Registry::common().find(program, hash)) return known;
  // Two threads may make the same program at a time; either result may be kept.
  auto made = std::make_unique<Compiled>(verified(program));
  if (verification() != Verification::never) verify(*made);
  return Registry::common().add(std::move(made), hash);
}

std::size_t shared_programs() { return Registry::common().size(); }
std::size_t shared_program_bytes() { return Registry::common().bytes(); }

}  // namespace xgrad::fused
