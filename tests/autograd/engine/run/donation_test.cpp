// Which donated leaves a plan may write over.

#include "autograd/engine/run/donation.hpp"

#include "tests/autograd/engine/plan/stages.hpp"

namespace xgrad::fused::donation_test {
namespace {

using testing::Stages;

// Whether the memory of the first leaf may be overwritten, which the owner and the list of donations hold.
bool is_overwritable(const Stages& stages) {
  std::vector<char> evaluated(stages.pending.entries.size());
  for (const Result& result : stages.tasks.results) evaluated[static_cast<std::size_t>(result.entry)] = true;
  return overwritable(stages.pending, stages.key.inputs().leaves, evaluated).at(0) != 0;
}

TEST_CASE("a donated leaf that only the plan reads may be overwritten", "[donation][stages]") {
  const Tensor x = numbers({3}, 1);
  const Stages stages({x * 2.0}, {x});
  CHECK(is_overwritable(stages));
}

TEST_CASE("a leaf that nobody donates may not be overwritten", "[donation][stages]") {
  const Tensor x = numbers({3}, 1);
  const Stages stages({x * 2.0});
  CHECK_FALSE(is_overwritable(stages));
}

TEST_CASE("a donated leaf that somebody else holds may not be overwritten", "[donation][stages]") {
  const Tensor x = numbers({3}, 1), other = x;
  const Stages stages({x * 2.0}, {x});
  CHECK_FALSE(is_overwritable(stages));
}

TEST_CASE("a donated leaf whose memory another value shares may not be overwritten", "[donation][stages]") {
  const Tensor x = numbers({4}, 1), view = reshape(x, {2, 2});
  evaluate(view);
  const Stages stages({x * 2.0}, {x});
  CHECK_FALSE(is_overwritable(stages));
}

TEST_CASE("a donated leaf that an entry which stays reads may not be overwritten", "[donation][stages]") {
  const Tensor x = track(numbers({3}, 1)), y = x * 2.0;
  const Stages stages({y}, {x});  // whose derivative may be asked for
  CHECK_FALSE(is_overwritable(stages));
}

}  // namespace
}  // namespace xgrad::fused::donation_test
