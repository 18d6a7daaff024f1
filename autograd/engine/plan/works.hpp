#pragma once

#include <cstdint>
#include <vector>

#include "autograd/engine/plan/schedule.hpp"
#include "autograd/engine/plan/tasks.hpp"

namespace xgrad::fused {

/// What the schedule needs of each task: what it reads, writes and may overwrite, and its epilogue, a program that can
/// run on parts of a product as these are finished.
std::vector<Work> works_of(const Tasks& tasks);

/// Says why a program cannot run on parts of a product, on the thread that finished them; null if it can.
const char* epilogue_refusal(const ProgramTask& program, const ProductTask& product);

/// The tasks in their order, but with each epilogue right after its product, where all else that it reads is computed
/// by then.
std::vector<std::int32_t> order_of(const Tasks& tasks, const std::vector<Work>& works);

}  // namespace xgrad::fused
