// Long compositions of elementwise functions over a million numbers, and functions of narrow rows.

#include "benchmarks/xgrad/common.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

// By Horner's rule.
Tensor polynomial(const Inputs& in) {
  const std::vector<float>& coefficients = polynomial_coefficients;
  Tensor y = full_like(in[0], coefficients.back());
  for (std::size_t i = coefficients.size() - 1; i-- > 0;) y = y * in[0] + coefficients[i];
  return y;
}

Tensor chain(const Inputs& in) { return log1p(exp(sin(in[0]))); }

}  // namespace

void add_elementwise(Cases& cases) {
  const Shape million{1'000'000}, narrow{4096, 10};
  cases.add("polynomial20/1M",
            [=] { return function(polynomial, {uniform_tensor(million, 1)}, 1, uniform_tensor(million, 2)); });
  cases.add("log1p_exp_sin/1M",
            [=] { return function(chain, {uniform_tensor(million, 1, -3, 3)}, 1, uniform_tensor(million, 2)); });
  cases.add("softmax/4096x10", [=] {
    return function([](const Inputs& in) { return softmax(in[0], 1); }, {uniform_tensor(narrow, 1, -3, 3)}, 1,
                    uniform_tensor(narrow, 2));
  });
  cases.add("cross_entropy/4096x10", [=] {
    return function([](const Inputs& in) { return nn::cross_entropy(in[0], in[1]); },
                    {uniform_tensor(narrow, 1, -3, 3), tensor(classes(4096, 10, 5))}, 1, tensor(1.0f));
  });
}

}  // namespace benchmarks::xgrad_side
