#include <cmath>
#include <cstdio>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "report/report.hpp"

using namespace xgrad;

// Uses every room of the library once; succeeds when the derivative of x^3 at 2 is 12.
int main() {
  const Parameter x{tensor(2.0, float64)};
  const double derivative = grad(x * x * x, x.value()).item();
  const nn::Linear layer(3, 2);
  const optim::Transformation rule = optim::sgd(0.1);
  for (const auto& [inputs, labels] : data::batches({zeros({4, 3}), zeros({4}, int64)}, {.size = 4}))
    if (layer(inputs).shape() != Shape{4, 2} || labels.numel() != 4) return 1;
  std::printf("%s\n", report::progress_line({"derivative", 1, 1}, 60).c_str());
  return std::abs(derivative - 12) < 1e-12 ? 0 : 1;
}
