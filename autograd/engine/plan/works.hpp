#pragma once

#include <cstdint>
#include <vector>

#include "autograd/engine/plan/schedule.hpp"
#include "autograd/engine/plan/tasks.hpp"

namespace xgrad::fused {

/// The tasks, as far as memory goes: what each of them reads, writes and may write over, and its epilogue, a program
/// that can run on the parts of a product as they are finished.
std::vector<Work> works_of(const Tasks& tasks);

/// Why a program cannot run on the parts of a product as they are finished, by whoever finished them; null if it can.
const char* epilogue_refusal(const ProgramTask& program, const ProductTask& product);

/// Each task once, as they stand, but the epilogue of a product right after it, where what else that reads is there.
std::vector<std::int32_t> order_of(const Tasks& tasks, const std::vector<Work>& works);

}  // namespace xgrad::fused
