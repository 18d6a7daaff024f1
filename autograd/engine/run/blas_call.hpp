#pragma once

#include "autograd/core/mutex.hpp"

namespace xgrad {

/// While it lives, its thread may be inside BLAS or LAPACK, which have threads and memory of their own: a fork() by
/// another thread, which takes those threads away, waits, and so does the end of the program, which takes that memory
/// away, for a second at most. Who would call them when the program has come to that end waits as long.
class BlasCall {
 public:
  BlasCall() noexcept;
  ~BlasCall();

 private:
  NoFork no_fork_;
};

}  // namespace xgrad
