#pragma once

#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "autograd/engine/plan/fusion_groups.hpp"
#include "autograd/engine/plan/lower_group.hpp"
#include "autograd/engine/plan/memory.hpp"
#include "autograd/engine/products/gemm.hpp"
#include "autograd/engine/rows/tiered_program.hpp"

namespace xgrad::fused {

/// Indices that a program reads, and that are checked before it runs.
struct IndexCheck {
  std::int32_t node;  // the gather or scatter, which errors name
  std::int32_t held;  // what holds its indices
  Shape shape;        // theirs
  std::int64_t size;  // they are below this
};

/// A row program over a space.
struct ProgramTask {
  std::int64_t rows = 0, columns = 0;
  std::int64_t bands = 1;       // see Binding
  Lowered lowered{};            // what the program runs on
  std::size_t first_moved = 0;  // which of all tasks' views its first one is
  std::shared_ptr<Compiled> program{};
  std::vector<IndexCheck> checks{};
  std::vector<std::int32_t> outputs{};
};

/// A factor of a product, 0 or 1, that begins at another element of its memory.
struct MovedFactor {
  std::size_t factor;
  Movements movements;
};

/// A matrix product.
struct ProductTask {
  std::int32_t node = -1;                // its result
  std::vector<std::int32_t> operands{};  // two factors, what is added, and the number that scales one of the terms
  Gemm product{};
  std::unique_ptr<const Offsets> offsets_a{}, offsets_b{}, offsets_c{};  // where it has such
  std::vector<MovedFactor> moved{};
  std::size_t first_moved = 0;   // as of programs
  Scaled scaled = Scaled::none;  // by the last operand, if there are four
};

/// The reference kernel of an entry.
struct KernelTask {
  std::int32_t node = -1;  // its result
  std::vector<std::int32_t> operands{};
  std::vector<Shape> shapes{};  // those of the operands, as the kernel sees them
};

using Task = std::variant<ProgramTask, ProductTask, KernelTask>;

/// The nodes that get memory before the task runs, which it writes.
std::span<const std::int32_t> outputs(const Task& task);

/// A value that an entry gets.
struct Result {
  std::int32_t entry;
  std::int32_t node;
  bool root;          // or else one that is kept for a backward pass that may come
  bool last = false;  // that this node is for: it may have the handle to its memory
};

/// The tasks of a plan, in an order in which they can run.
struct Tasks {
  Tasks(const Pending& pending, const FusionGroups& groups);

  std::vector<Task> tasks;
  std::vector<Memory> memory;   // by node
  std::vector<Result> results;  // if there is memory for all of them

 private:
  std::vector<bool> find_results(const Pending& pending, const FusionGroups& groups);
};

/// The task of a matrix product.
ProductTask product_task(const FusionGroups& groups, std::int32_t node);

}  // namespace xgrad::fused
