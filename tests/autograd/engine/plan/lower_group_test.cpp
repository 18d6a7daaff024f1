// What groups are lowered to.

#include "tests/autograd/engine/plan/stages.hpp"

namespace xgrad::fused::lower_group_test {
namespace {

using testing::Stages;

std::size_t count(const Program& program, Code code) {
  std::size_t found = 0;
  for (const Phase& phase : program.phases)
    for (const Step& step : phase.steps) found += step.code == code;
  return found;
}
std::ptrdiff_t scratch(const Program& program) {
  return std::count_if(program.pointers.begin(), program.pointers.end(),
                       [](auto& pointer) { return pointer.shape == Pointer::Shape::scratch; });
}

TEST_CASE("an elementwise chain is one phase that reads and writes once", "[lowering][stages]") {
  const Tensor x = numbers({6, 5}, 1), inner = exp(x), root = sin(inner);
  const Lowered lowered = Stages({root}).lowered(root, {root}).lowered;
  REQUIRE(lowered.program.phases.size() == 1);
  CHECK(lowered.program.pointers.size() == 2);
  CHECK(count(lowered.program, Code::store) == 1);
}

TEST_CASE("a softmax is three phases: the largest, the sum of the exponentials, the quotients", "[lowering][stages]") {
  const Tensor root = softmax(numbers({6, 5}, 1), 1);
  const Program program = Stages({root}).lowered(root, {root}).lowered.program;
  REQUIRE(program.phases.size() == 3);
  CHECK(program.phases[0].steps.back().code == Code::max);
  CHECK(std::any_of(program.phases[1].steps.begin(), program.phases[1].steps.end(),
                    [](auto& step) { return step.code == Code::sum; }));
  CHECK(program.phases[2].steps.back().code == Code::store);
  CHECK(count(program, Code::exp) == 1);  // which are kept until the last phase,
  CHECK(scratch(program) == 0);           // in the place of the result
}

TEST_CASE("a value that a later phase reads is in scratch where no result can hold it", "[lowering][stages]") {
  const Tensor x = numbers({6, 5}, 1), y = numbers({6, 5}, 2), e = exp(x), root = e / sum(e, 1, keep_dims) + y;
  const Program program = Stages({root}).lowered(root, {root}).lowered.program;
  CHECK(program.phases.size() == 2);
  CHECK(count(program, Code::exp) == 1);
  CHECK(scratch(program) == 1);
}

TEST_CASE("a cheap value of an earlier phase is computed again", "[lowering][stages]") {
  const Tensor x = numbers({6, 5}, 1), centred = x - 1.0, root = centred * sum(centred, 1, keep_dims);
  const Program program = Stages({root}).lowered(root, {root}).lowered.program;
  CHECK(program.phases.size() == 2);
  CHECK(scratch(program) == 0);
  CHECK(count(program, Code::store) == 1);
}

TEST_CASE("a sum over rows is accumulated", "[lowering][stages]") {
  const Tensor root = sum(exp(numbers({6, 5}, 1)), 0);
  const Program program = Stages({root}).lowered(root, {root}).lowered.program;
  CHECK(program.phases.size() == 1);
  CHECK(count(program, Code::accumulate) == 1);
}

TEST_CASE("what is gathered from a value is computed for the elements that are gathered alone", "[lowering][stages]") {
  const Tensor x = numbers({6, 5}, 1), index = zeros({6, 1}, int64);
  evaluate(index);
  const Tensor root = gather(exp(x), 1, index);
  const Program program = Stages({root}).lowered(root, {root}).lowered.program;
  CHECK(program.phases.empty());
  CHECK(program.before.size() == 1);
}

TEST_CASE("an expensive value of another group is read, and a cheap one computed again", "[lowering][stages]") {
  const Tensor x = numbers({5, 5}, 1), expensive = exp(x), cheap = x * 2.0;
  const Tensor after = matmul(expensive, cheap) * expensive - cheap;
  const Stages stages({after});
  const auto reads = stages.lowered(after, {after}).reads;
  CHECK(std::count(reads.begin(), reads.end(), stages.node(expensive)) == 1);
}

TEST_CASE("a mask is computed where it is read", "[lowering][stages]") {
  const Tensor x = numbers({5, 5}, 1), mask = x > 0.0, y = where(mask, matmul(x, x), x);
  const Stages stages({y});
  const LoweredGroup lowered = stages.lowered(y, {y});
  CHECK(count(lowered.lowered.program, Code::greater) == 1);
  CHECK(std::count(lowered.reads.begin(), lowered.reads.end(), stages.node(mask)) == 0);
}

}  // namespace
}  // namespace xgrad::fused::lower_group_test
