#pragma once

#include "autograd/core/mutex.hpp"

namespace xgrad {

/// While a BlasCall lives, its thread may be inside BLAS or LAPACK, which have threads and memory of their own. A
/// fork(), which loses those threads, and the end of the program, which frees that memory, wait for it in other
/// threads, for a second at most. A thread that begins a call after that end waits as long.
class BlasCall {
 public:
  BlasCall() noexcept;
  ~BlasCall();

 private:
  NoFork no_fork_;
};

}  // namespace xgrad
