#pragma once

// cpu/: what the processor offers: threads, instruction sets, memory of a thread.
//   in:  blocks and what to do with one.
//   out: all of them done, with the same bits on any number of threads.

#include <cstdint>
#include <utility>

#include "autograd/engine/cpu/function_ref.hpp"
#include "autograd/engine/engine.hpp"

namespace xgrad::fused {

void run_parallel(std::int64_t blocks, FunctionRef<void(std::int64_t)> body);

/// Calls body(block) for every block of 0 ... blocks-1 once, on the calling thread and on whichever workers come in
/// time: a worker whose processor is taken leaves its share to the others. Calls from inside a body, and calls while
/// another thread has the workers, run on the calling thread alone. Workers round, and treat denormal numbers, as the
/// calling thread does. If a body throws, the blocks not yet begun are left out, and one of the exceptions reaches the
/// caller.
template <class Body>
void parallel(std::int64_t blocks, Body&& body) {
  if (blocks == 1)
    body(std::int64_t{0});
  else
    run_parallel(blocks, std::forward<Body>(body));
}

}  // namespace xgrad::fused
