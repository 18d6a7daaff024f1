#include "parallel/parallel.hpp"

#include "xgrad.hpp"

using namespace xgrad;

#ifdef MPI_VERSION
#error "a program that uses parallel/ sees MPI's header"
#endif

/// Uses parallel/ once.
int main() {
  const auto ranks = parallel::Communicator::self();
  const Tensor x = track(tensor({1.0, 2.0}));
  const Tensor y = parallel::all_reduce(x * x, ranks);
  return grad(sum(y), x).to_vector() == std::vector<double>{2, 4} && !parallel::about_mpi().empty() ? 0 : 1;
}
