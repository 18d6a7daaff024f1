// What is computed together, and what is not.

#include "tests/autograd/engine/plan/stages.hpp"

namespace xgrad::fused::fusion_groups_test {
namespace {

using testing::Stages;
using Kind = FusionGroup::Kind;

Tensor normalised(const Tensor& x) {
  const Tensor centred = x - mean(x, 1, keep_dims);
  return centred / sqrt(mean(centred * centred, 1, keep_dims) + 1e-5);
}

TEST_CASE("a softmax is one group", "[groups][stages]") {
  const Tensor root = softmax(numbers({6, 5}, 1), 1);
  const Stages stages({root});
  REQUIRE(stages.groups.groups.size() == 1);
  CHECK(stages.groups.groups[0].kind == Kind::program);
  CHECK(stages.groups.groups[0].rows == 6);
  CHECK(stages.groups.groups[0].columns == 5);
}

TEST_CASE("a layer norm with weight and bias is one group", "[groups][stages]") {
  const Tensor root = normalised(numbers({6, 5}, 1)) * numbers({5}, 2) + numbers({5}, 3);
  CHECK(Stages({root}).groups.groups.size() == 1);
}

TEST_CASE("a long chain of elementwise values is one group", "[groups][stages]") {
  Tensor x = numbers({6, 5}, 1);
  for (int i = 0; i < 20; ++i) x = sin(x) * 0.5;
  CHECK(Stages({x}).groups.groups.size() == 1);
}

TEST_CASE("values that read the same memory are one group", "[groups][stages]") {
  const Tensor x = numbers({6, 5}, 1), y = numbers({6, 5}, 2), first = exp(x), second = sin(x), other = sin(y);
  const Stages stages({first, second, other});
  CHECK(stages.group(first) == stages.group(second));
  CHECK(stages.group(first) != stages.group(other));
}

TEST_CASE("a value that two groups meet in makes them one", "[groups][stages]") {
  const Tensor first = exp(numbers({6, 5}, 1)), second = sin(numbers({6, 5}, 2)), both = first * second;
  CHECK(Stages({both, first, second}).groups.groups.size() == 1);
}

TEST_CASE("a product is a group of its own, between what it reads and what reads it", "[groups][stages]") {
  const Tensor before = exp(numbers({6, 5}, 1)), product = matmul(before, numbers({5, 4}, 2)), after = tanh(product);
  const Stages stages({after});
  CHECK(stages.groups.groups.size() == 3);
  CHECK(stages.count(Kind::product) == 1);
  CHECK(stages.group(before) < stages.group(product));
  CHECK(stages.group(product) < stages.group(after));
}

TEST_CASE("a reference kernel is a group of its own", "[groups][stages]") {
  const Tensor before = exp(numbers({6, 5}, 1)), kernel = cumsum(before, 1), after = tanh(kernel);
  const Stages stages({after});
  CHECK(stages.groups.groups.size() == 3);
  CHECK(stages.count(Kind::kernel) == 1);
}

TEST_CASE("a sum over rows is read by another group, for it is known after the last row", "[groups][stages]") {
  const Tensor x = numbers({6, 5}, 1), total = sum(x, 0, keep_dims), root = x * total;
  const Stages stages({root});
  CHECK(stages.group(total) < stages.group(root));
  const Tensor along = sum(x, 1, keep_dims), reads = x * along;
  CHECK(Stages({reads}).groups.groups.size() == 1);
}

TEST_CASE("values of two sizes, two row lengths or two dtypes are not fused", "[groups][stages]") {
  const Tensor x = numbers({6, 5}, 1), y = numbers({6, 6}, 2);
  CHECK(Stages({exp(x), exp(y)}).groups.groups.size() == 2);
  const Tensor rows = sum(exp(x), 1), other = sum(reshape(exp(x), {5, 6}), 1);
  const Stages lengths({rows, other});
  CHECK(lengths.group(rows) != lengths.group(other));
  const Tensor mask = x > 0.0;
  evaluate(mask);
  const Tensor small = cast(mask, float32), large = cast(mask, float64);
  const Stages dtypes({exp(small), exp(large)});
  CHECK(dtypes.groups.groups.size() == 2);
}

TEST_CASE("groups that a third one stands between stay two", "[groups][stages]") {
  const Tensor x = numbers({5, 5}, 1), first = exp(x), product = matmul(first, first), second = first * product;
  const Stages stages({second});
  CHECK(stages.group(first) < stages.group(product));
  CHECK(stages.group(product) < stages.group(second));
}

}  // namespace
}  // namespace xgrad::fused::fusion_groups_test
