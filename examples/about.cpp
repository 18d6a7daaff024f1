// What computes here, and how it is set: ./run about

#include <iostream>

#include "autograd/autograd.hpp"
#ifdef XGRAD_PARALLEL
#include "parallel/about.hpp"
#endif

int main() {
  try {
    std::cout << xgrad::about();
#ifdef XGRAD_PARALLEL
    std::cout << "many processes   " << xgrad::parallel::about_mpi() << '\n';
#else
    std::cout << "many processes   none: this build has no MPI\n";
#endif
  } catch (const xgrad::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
