// Products of a matrix and a vector, of doubles, of small and odd matrices, of batches of small ones.

#include "benchmarks/xgrad/common.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

Tensor product(const Inputs& in) { return matmul(in[0], in[1]); }

}  // namespace

void add_products(Cases& cases) {
  cases.add("matvec/2000", [] {
    return function(product, {uniform_tensor({2000, 2000}, 1), uniform_tensor({2000}, 2)}, 0, {});
  });
  cases.add(
      "product/256/float64",
      [] {
        return function(product,
                        {cast(uniform_tensor({256, 256}, 1), float64), cast(uniform_tensor({256, 256}, 2), float64)}, 0,
                        {});
      },
      1e-10);
  for (const Product& p : products())
    cases.add(p.name(), [p] {
      const auto with_batch = [&](std::int64_t rows, std::int64_t columns) {
        return p.batch == 0 ? Shape{rows, columns} : Shape{p.batch, rows, columns};
      };
      return function(product, {uniform_tensor(with_batch(p.m, p.k), 1), uniform_tensor(with_batch(p.k, p.n), 2)}, 2,
                      uniform_tensor(with_batch(p.m, p.n), 3));
    });
}

}  // namespace benchmarks::xgrad_side
