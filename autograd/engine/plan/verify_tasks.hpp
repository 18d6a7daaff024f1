#pragma once

// Verifies what the tasks of a plan run on, before the plan runs for the first time.
//
//   reads    what a task reads from memory is a leaf or what another task writes, and its Work says so
//   writes   each value that its Work says it writes is written, whole, by one pointer or row operand, to which nothing
//            else of the task is bound: what all rows read is never written
//   sizes    what is bound has the dtype and the number of elements that the program, or the product, goes over
//   numbers  arguments are literals, constants, or values of one element
//   indices  column numbers come from indices that are checked before the program runs, which may fail
//   joins    what is joined lies in the memory that it is bound to, and has the elements that the kernel sees; or a
//            program of the join writes it, and nobody else reads or writes it
//   reuse    an output may take the memory of an input that is bound once, as verify_sharing() says; of a product only
//            that of what it is added to
//   epilogue a program that runs on parts of a product can be run in parts, reads the product element by element, and
//            cannot fail

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/engine/plan/lower_group.hpp"
#include "autograd/engine/plan/memory.hpp"
#include "autograd/engine/plan/schedule.hpp"
#include "autograd/engine/plan/tasks.hpp"
#include "autograd/engine/products/gemm.hpp"
#include "autograd/engine/programs/program_analysis.hpp"
#include "autograd/engine/programs/violation.hpp"

namespace xgrad::fused {

/// A task: a row program, a product, or neither (a reference kernel, or a join).
struct Bound {
  const Program* program = nullptr;
  const Lowered* lowered = nullptr;  // what the program runs on
  std::int64_t rows = 1, columns = 1, bands = 1;
  Parts parts = Parts::none;
  const Gemm* product = nullptr;
  std::span<const Shape> shapes{};           // of the operands of a kernel, as it sees them
  std::span<const std::int32_t> operands{};  // of products, kernels and joins; of a program in a join what it writes
  const Movements* moved[2] = {};            // of the factors of a product
  bool joins = false;                        // whether it is a join,
  std::span<const MovedFactor> joined{};     // of these views among others,
  std::int64_t axis = 0;                     // along this axis,
  std::vector<Bound> programs{};             // and these programs write others where they are joined
  std::vector<std::int32_t> checked{};       // nodes whose indices are checked
};

/// Throws Unverified where a rule is broken. The programs have been verified.
void verify_tasks(std::span<const Bound> tasks, std::span<const Work> works, std::span<const Memory> values);

}  // namespace xgrad::fused
