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

/// Calls body(block) once for every block of 0 ... blocks-1, on the calling thread and on the workers that come in
/// time; a worker whose processor is busy leaves its share to the others. Calls from inside a body, and calls while
/// another thread has the workers, run on the calling thread alone. Workers take over the caller's rounding and
/// denormal modes. If a body throws, blocks that are not begun are left out, and the caller gets one of the exceptions.
template <class Body>
void parallel(std::int64_t blocks, Body&& body) {
  if (blocks == 1)
    body(std::int64_t{0});
  else
    run_parallel(blocks, std::forward<Body>(body));
}

}  // namespace xgrad::fused
