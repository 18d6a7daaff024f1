// An Optimizer that steps some of its Parameters, while somebody else steps the others.

#include <algorithm>
#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "optim/optim.hpp"

namespace kept_test {

using namespace xgrad;
using namespace xgrad::optim;

namespace {

struct Two {
  Parameter a{tensor({1.0, 2.0})}, b{tensor({3.0, 4.0})};
  Optimizer optimizer{{a, b}, adam(0.1)};
  void step() { optimizer.step(grad(sum(square(a)) + sum(square(b)), std::vector<Parameter>{a, b})); }
};

const Tensor& slot(const std::vector<NamedTensor>& state, const std::string& name) {
  const auto at = std::ranges::find(state, name, &NamedTensor::name);
  REQUIRE(at != state.end());
  return at->value;
}

}  // namespace

TEST_CASE("an Optimizer steps the Parameters that it keeps, as it would among others", "[optimizer][kept]") {
  Two all, some;
  some.optimizer.keep_only({1});
  for (int i = 0; i < 3; ++i) {
    all.step();
    some.step();
  }
  CHECK(some.a.value().to_vector() == std::vector<double>{1, 2});
  CHECK(some.b.value().to_vector() == all.b.value().to_vector());
  CHECK(some.optimizer.steps() == 3);
  const auto state = some.optimizer.state();
  CHECK(slot(state, "taken_steps").to_vector() == std::vector<double>{0, 3});
  CHECK(slot(state, "0.exp_avg").to_vector() == std::vector<double>{0, 0});
  CHECK(slot(state, "1.exp_avg").to_vector() == slot(all.optimizer.state(), "1.exp_avg").to_vector());
}

TEST_CASE("a loaded state is kept for these Parameters alone", "[optimizer][kept]") {
  Two all, some;
  all.step();
  some.optimizer.keep_only({0});
  some.optimizer.load_state(all.optimizer.state());
  const auto state = some.optimizer.state();
  CHECK(slot(state, "0.exp_avg").to_vector() == slot(all.optimizer.state(), "0.exp_avg").to_vector());
  CHECK(slot(state, "1.exp_avg").to_vector() == std::vector<double>{0, 0});
}

TEST_CASE("an Optimizer may keep none", "[optimizer][kept]") {
  Two none;
  none.optimizer.keep_only({});
  none.step();
  CHECK(none.a.value().to_vector() == std::vector<double>{1, 2});
  CHECK(none.optimizer.steps() == 1);
}

TEST_CASE("what cannot be kept is refused", "[optimizer][kept]") {
  Two two;
  CHECK_THROWS_AS(two.optimizer.keep_only({2}), ValueError);
  CHECK(!two.optimizer.rule().couples());
  Optimizer clipped({two.a, two.b}, chain(clip_by_global_norm(1), adam(0.1)));
  CHECK(clipped.rule().couples());
  CHECK_THROWS_AS(clipped.keep_only({0}), ValueError);
  clipped.skip();
  CHECK(clipped.skipped() == 1);
  CHECK(clipped.policy() == NonFinite::error);
}

}  // namespace kept_test
