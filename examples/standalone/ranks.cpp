// Each process has a number of its own; the derivative of what they make of them together flows back to each.

#include <cstdio>

#include "autograd/autograd.hpp"
#include "parallel/parallel.hpp"

using namespace xgrad;

int main() {
  const auto ranks = parallel::Communicator::world();
  const Tensor x = track(tensor(1.0 + ranks.rank(), float64));
  const Tensor y = parallel::all_reduce(x * x, ranks);
  // What is differentiated is the sum of all ranks' results, which are the same.
  const double slope = grad(y, x).item(), expected = 2 * x.item() * ranks.size();
  std::printf("rank %d of %d: y = %g, slope %g\n", ranks.rank(), ranks.size(), y.item(), slope);
  return slope == expected ? 0 : 1;
}
