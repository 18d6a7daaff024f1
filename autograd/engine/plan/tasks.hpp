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

/// Indices that a program reads; they are checked before it runs.
struct IndexCheck {
  std::int32_t node;  // the gather or scatter, which errors name
  std::int32_t held;  // the node in whose memory its indices are
  Shape shape;        // theirs
  std::int64_t size;  // they are below this
};

/// A row program over a space.
struct ProgramTask {
  std::int64_t rows = 0, columns = 0;
  std::int64_t bands = 1;       // see Binding
  Lowered lowered{};            // what the program runs on
  std::size_t first_moved = 0;  // the number of its first view among those of all tasks
  std::shared_ptr<Compiled> program{};
  std::vector<IndexCheck> checks{};
  std::vector<std::int32_t> outputs{};
};

/// Factor 0 or 1 of a product, where it is a view that begins at another element of its memory; or an input that is
/// joined with others where it lies.
struct MovedFactor {
  std::size_t factor;
  Movements movements;
};

/// A matrix product.
struct ProductTask {
  std::int32_t node = -1;                // its result
  std::vector<std::int32_t> operands{};  // the two factors, the addend, and the number that scales one term
  Gemm product{};
  std::unique_ptr<const Offsets> offsets_a{}, offsets_b{}, offsets_c{};  // null: elements lie in order
  std::vector<MovedFactor> moved{};
  std::size_t first_moved = 0;   // as of programs
  Scaled scaled = Scaled::none;  // which term operand 3 scales
};

/// The reference kernel of an entry.
struct KernelTask {
  std::int32_t node = -1;  // its result
  std::vector<std::int32_t> operands{};
  std::vector<Shape> shapes{};  // those of the operands, as the kernel sees them
};

/// Joins values along an axis: copies some from where they lie, and lets programs write others where they are joined.
struct JoinTask {
  std::int32_t node = -1;  // its result
  std::vector<std::int32_t> operands{};
  std::vector<Shape> shapes{};  // theirs
  std::int64_t axis = 0;
  std::vector<MovedFactor> moved{};
  std::size_t first_moved = 0;          // as of programs
  std::vector<ProgramTask> programs{};  // what they write has no memory of its own

  /// Of the result: all that is before the axis.
  std::int64_t rows() const {
    std::int64_t rows = 1;
    for (std::int64_t at = 0; at < axis; ++at) rows *= shapes[0][at];
    return rows;
  }
};

using Task = std::variant<ProgramTask, ProductTask, KernelTask, JoinTask>;

/// The nodes that the task writes; they get memory before it runs.
std::span<const std::int32_t> outputs(const Task& task);

/// A value that an entry gets.
struct Result {
  std::int32_t entry;
  std::int32_t node;
  bool root;          // else it is kept for a later backward pass
  bool last = false;  // the last result of this node, which may take over its memory
};

/// The tasks of a plan, in an order in which they can run.
struct Tasks {
  Tasks(const Pending& pending, const FusionGroups& groups);

  std::vector<Task> tasks;
  std::vector<Memory> memory;   // by node
  std::vector<Result> results;  // if there is memory for all of them

 private:
  void number_moved();
  std::vector<bool> find_results(const Pending& pending, const FusionGroups& groups);
};

/// The task of a matrix product.
ProductTask product_task(const FusionGroups& groups, std::int32_t node);

}  // namespace xgrad::fused
