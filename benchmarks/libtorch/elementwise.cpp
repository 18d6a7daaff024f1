#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

namespace {

using torch::Tensor;

Tensor polynomial(const Inputs& in) {
  const std::vector<float>& coefficients = polynomial_coefficients;
  Tensor y = torch::full_like(in[0], coefficients.back());
  for (std::size_t i = coefficients.size() - 1; i-- > 0;) y = y * in[0] + coefficients[i];
  return y;
}

Tensor chain(const Inputs& in) { return torch::log1p(torch::exp(torch::sin(in[0]))); }

}  // namespace

void add_elementwise(Cases& cases) {
  const std::vector<std::int64_t> million{1'000'000}, narrow{4096, 10};
  cases.add("polynomial20/1M", [=] {
    return function(polynomial, {uniform_tensor(million, 1).requires_grad_()}, uniform_tensor(million, 2));
  });
  cases.add("log1p_exp_sin/1M", [=] {
    return function(chain, {uniform_tensor(million, 1, -3, 3).requires_grad_()}, uniform_tensor(million, 2));
  });
  cases.add("softmax/4096x10", [=] {
    return function([](const Inputs& in) { return torch::softmax(in[0], 1); },
                    {uniform_tensor(narrow, 1, -3, 3).requires_grad_()}, uniform_tensor(narrow, 2));
  });
  cases.add("cross_entropy/4096x10", [=] {
    return function([](const Inputs& in) { return torch::nn::functional::cross_entropy(in[0], in[1]); },
                    {uniform_tensor(narrow, 1, -3, 3).requires_grad_(), class_tensor(4096, 10, 5)},
                    torch::tensor(1.0f));
  });
}

}  // namespace benchmarks::libtorch_side
