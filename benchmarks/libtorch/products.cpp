#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

namespace {

torch::Tensor product(const Inputs& in) { return torch::matmul(in[0], in[1]); }

}  // namespace

void add_products(Cases& cases) {
  cases.add("matvec/2000", [] {
    return function(product, {uniform_tensor({2000, 2000}, 1), uniform_tensor({2000}, 2)}, {});
  });
  cases.add("product/256/float64", [] {
    return function(
        product, {uniform_tensor({256, 256}, 1).to(torch::kFloat64), uniform_tensor({256, 256}, 2).to(torch::kFloat64)},
        {});
  });
  for (const Product& p : products())
    cases.add(p.name(), [p] {
      const auto with_batch = [&](std::int64_t rows, std::int64_t columns) {
        return p.batch == 0 ? std::vector{rows, columns} : std::vector{p.batch, rows, columns};
      };
      return function(product,
                      {uniform_tensor(with_batch(p.m, p.k), 1).requires_grad_(),
                       uniform_tensor(with_batch(p.k, p.n), 2).requires_grad_()},
                      uniform_tensor(with_batch(p.m, p.n), 3));
    });
}

}  // namespace benchmarks::libtorch_side
