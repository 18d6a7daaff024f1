#pragma once

// plan/: turns a graph into tasks, in order, with their memory.
//   in:  a graph and its roots, a memory budget.
//   out: a plan that is verified: programs, products and kernels, and which memory lives when.

#include <memory>
#include <vector>

#include "autograd/engine/plan/grouping.hpp"
#include "autograd/engine/plan/lower_unit.hpp"
#include "autograd/engine/plan/memory.hpp"
#include "autograd/engine/plan/schedule.hpp"
#include "autograd/engine/products/gemm.hpp"
#include "autograd/engine/rows/tiered_program.hpp"
#include "autograd/engine/run/plan_key.hpp"

namespace xgrad::fused {

/// What is done to compute pending entries of one structure: tasks in order, and which memory lives when.
class Plan {
 public:
  /// Values take no more than so many bytes at a time, if that can be reached; 0 for any number.
  Plan(const Pending& pending, std::size_t budget);

  /// Computes the values and gives them to the entries. Any number of threads may do so at the same time. `again` says
  /// whether this thread has run the plan before: it has all the memory then that the plan does not count.
  void run(const Pending& pending, const std::vector<Entry*>& leaves, bool again) const;
  /// Roughly, the memory it takes, without programs that an earlier plan has brought along.
  std::size_t bytes() const;

 private:
  // A pick or a place in a program, and the node that holds its indices, which are checked before.
  struct Indices {
    std::int32_t node;
    std::int32_t held;
  };
  // One unit.
  struct Task {
    Unit::Kind kind;
    std::int32_t node = -1;              // of a product or a kernel
    std::int64_t rows = 0, columns = 0;  // of a program
    Lowered lowered{};
    std::shared_ptr<Compiled> program{};
    Gemm product{};
    std::unique_ptr<const Offsets> offsets_a{}, offsets_b{}, offsets_c{};  // of the product, where it has such
    double Gemm::*scaled = nullptr;                                        // what the last operand of a product scales
    std::vector<std::int32_t> operands{};                                  // what a product or a kernel reads
    std::vector<Indices> indices{};
    std::vector<std::int32_t> outputs{};  // what gets memory before
  };
  // A value that an entry gets.
  struct Result {
    std::int32_t entry;
    std::int32_t node;
    bool root;          // or else one that is kept for a walk back that may come
    bool last = false;  // that this node is for: it may have the handle to its memory
  };
  class Run;

  void add_task(const Pending& pending, Grouping& grouping, std::int32_t unit, std::vector<bool>& stored);
  void set_product(const Pending& pending, const Graph& graph, Task& task);
  Work work_of(const Task& task, const std::vector<char>& written) const;
  bool can_follow(const Task& product, const Task& program) const;
  void find_followers(std::vector<Work>& works, const std::vector<std::int32_t>& writer) const;
  std::vector<std::int32_t> order_of(std::vector<Work>& works) const;
  void find_schedule(std::size_t budget);
  void verify(const std::vector<Work>& works, const std::vector<Held>& values, std::size_t budget) const;

  std::vector<Task> tasks_;
  Schedule schedule_;
  std::vector<Memory> memory_;  // by node
  std::vector<Result> results_;
  std::vector<char> evaluated_;  // by pending entry: whether it gets a value
};

/// How many plans have been made.
std::int64_t plans_made();

/// How often programs have run on the parts of products as they were finished.
std::int64_t joined_runs();

}  // namespace xgrad::fused
