#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/engine/executor.hpp"
#include "autograd/engine/instruction_set.hpp"
#include "autograd/engine/walk.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

namespace {

std::unique_ptr<Executor> make_executor(const std::string& engine, const Location& where) {
  if (engine == "reference") return std::make_unique<ReferenceExecutor>();
  if (engine == "fused") return std::make_unique<FusedExecutor>();
  fail<ValueError>(where, "engine: there is no engine '", engine, "'; there are: fused, reference");
}

struct Selected {
  std::string name;
  std::unique_ptr<Executor> executor;
};

Selected& selected() {
  static Selected selection = [] {
    const char* name = std::getenv("XGRAD_ENGINE");
    const std::string engine = name && *name ? name : "fused";
    fused::instruction_set();  // which says what is wrong with XGRAD_ISA, whatever the engine
    return Selected{engine, make_executor(engine, Location::current())};
  }();
  return selection;
}

std::vector<Tensor>& companions() {
  static thread_local std::vector<Tensor> list;
  return list;
}

// The roots and those companions that somebody else holds, too, and that have no value yet.
std::vector<Entry*> with_companions(std::span<const Tensor> roots, std::span<const Tensor> companions) {
  std::vector<Entry*> all;
  all.reserve(roots.size() + companions.size());
  for (const Tensor& root : roots)
    if (!root.evaluated()) all.push_back(root.entry());
  for (const Tensor& companion : companions)
    if (!companion.evaluated() && companion.entry()->references.load(std::memory_order_relaxed) > 1)
      all.push_back(companion.entry());
  return all;
}

void check_own(const std::vector<Entry*>& entries, const Location& where) {
  for (const Entry* entry : entries)
    check<ThreadError>(entry->owner == Tape::current().thread, where, "evaluate: ", entry->primitive->name(),
                       " was recorded by another thread and has no value yet; evaluate it there");
}

}  // namespace

void accompany(const Tensor& tensor) noexcept {
  try {
    if (tensor.defined() && !tensor.evaluated()) companions().push_back(tensor);
  } catch (const std::bad_alloc&) {
    // It will be computed by itself.
  }
}

void set_engine(const std::string& name, const Location& where) {
  auto executor = make_executor(name, where);
  selected() = {name, std::move(executor)};
}

const std::string& engine() { return selected().name; }

void evaluate(std::span<const Tensor> tensors, const Location& where) { evaluate(tensors, {}, where); }

void evaluate(std::span<const Tensor> tensors, std::span<const Tensor> donated, const Location& where) {
  for (const Tensor& tensor : tensors) check<GraphError>(tensor.defined(), where, "evaluate: an undefined Tensor");
  const std::vector<Tensor> held = std::exchange(companions(), {});
  std::vector<Entry*> roots = with_companions(tensors, held);
  if (roots.empty()) return;
  Numbering numbers;
  std::vector<Entry*> entries =
      reachable(roots, numbers, [](const Entry& entry) { return !entry.evaluated.load(std::memory_order_acquire); });
  Tape::current().unevaluated = 0;
  if (!numbers.all_own()) check_own(entries, where);
  selected().executor->run({std::move(entries), numbers, std::move(roots), donated});
}

}  // namespace xgrad
