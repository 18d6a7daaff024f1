#pragma once

#include <memory>
#include <vector>

#include "autograd/engine/driver.hpp"
#include "autograd/engine/gemm.hpp"
#include "autograd/engine/group.hpp"
#include "autograd/engine/key.hpp"
#include "autograd/engine/lower.hpp"

namespace xgrad::fused {

/// What is done to compute pending entries of one structure: tasks in order, and which memory lives when.
class Plan {
 public:
  explicit Plan(const Pending& pending);

  /// Computes the values and gives them to the entries.
  void run(const Pending& pending, const std::vector<Entry*>& leaves);

 private:
  // A pick or a place in a program, and the node that holds its indices, which are checked before.
  struct Indices {
    std::int32_t node;
    std::int32_t held;
  };
  // An output that takes the memory of what its task is the last to read.
  struct Reuse {
    std::int32_t output;
    std::int32_t input;
  };
  // One unit.
  struct Task {
    Unit::Kind kind;
    std::int32_t node = -1;              // of a product or a kernel
    std::int64_t rows = 0, columns = 0;  // of a program
    Lowered lowered{};
    std::unique_ptr<Compiled> program{};
    Gemm product{};
    double Gemm::*scaled = nullptr;        // what the last operand of a product scales
    std::vector<std::int32_t> operands{};  // what a product or a kernel reads
    std::vector<Indices> indices{};
    std::vector<std::int32_t> outputs{};   // what gets memory before
    std::vector<std::int32_t> releases{};  // what gives it back after
    std::vector<Reuse> reuses{};
  };
  struct Memory {
    std::size_t bytes = 0;
    std::int32_t leaf = -1;
    std::int32_t entry = -1;
    DType dtype = float32;
  };
  // A value that an entry gets.
  struct Result {
    std::int32_t entry;
    std::int32_t node;
  };
  class Run;

  void add_task(const Pending& pending, Grouping& grouping, std::int32_t unit, std::vector<bool>& stored);
  void set_product(const Pending& pending, const Graph& graph, Task& task);
  std::vector<std::int32_t> find_last_reads() const;
  void find_reuses(const std::vector<std::int32_t>& last);
  void find_reuse(std::size_t at, std::int32_t output, std::int32_t input, const std::vector<std::int32_t>& last);
  void find_releases(const std::vector<std::int32_t>& last);

  std::vector<Task> tasks_;
  std::vector<Memory> memory_;  // by node
  std::vector<Result> results_;
  std::vector<char> evaluated_;  // by pending entry: whether it gets a value
  std::size_t safe_from_ = 0;    // the first of the tasks that cannot fail
  std::int64_t runs_ = 0;
};

}  // namespace xgrad::fused
