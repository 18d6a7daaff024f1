#include "autograd/engine/plan/describe_plan.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "tests/autograd/engine/scopes.hpp"
#include "tests/throws.hpp"

using namespace xgrad;

namespace {

/// Values that are there, so that no plan makes them.
Tensor data(const Shape& shape) {
  Rng rng(1);
  const Tensor values = normal(shape, rng);
  evaluate(values);
  return values;
}
Tensor classes(std::int64_t rows) {
  const Tensor labels = zeros({rows}, int64);
  evaluate(labels);
  return labels;
}

}  // namespace

TEST_CASE("the plan of a softmax, forward and backward, is one program", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = track(data({32, 64}));
  CHECK(plan(softmax(x)) ==
        "1: program [32, 64]: max sub exp sum div; reads 8.19 kB, writes 8.19 kB, computes 10.2 kop\n");
  const Tensor loss = sum(square(softmax(x)));
  CHECK(plan(grad(loss, std::vector<Tensor>{x})) ==
        "1: program [32, 64]: max sub exp sum div mul (4) sum div neg mul add mul; reads 8.19 kB, writes 8.19 kB, "
        "computes 30.8 kop\n");
}
