// Losses that are not finite although their gradients are.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "autograd/tape/slab.hpp"
#include "optim/optim.hpp"
#include "tests/throws.hpp"

namespace nonfinite_test {

using namespace xgrad;
using namespace xgrad::optim;

namespace {

const double not_a_number = std::numeric_limits<double>::quiet_NaN(),
             infinity = std::numeric_limits<double>::infinity();
const std::string tail = " is not finite, although its gradients are; nothing was changed";

// NaN, or whatever `more` is; the gradient is 2 w.
Tensor loss_of(const Parameter& w, double more) { return sum(w * w) + more; }

}  // namespace

TEST_CASE("a loss that is not finite is refused though its gradients are finite", "[nonfinite]") {
  Parameter w(tensor({1.0, 2.0}, float64));
  for (const double more : {not_a_number, infinity, -infinity}) {
    Optimizer optimizer({w}, sgd(0.25), {.nonfinite = NonFinite::error});
    const Tensor loss = sum(w * w) + more;
    const std::string text = "step: the loss recorded at nonfinite_test.cpp:" + std::to_string(__LINE__ - 1) + tail;
    const Tensor gradient = grad(loss, w);
    throws<ValueError>(text).by([&] { optimizer.step({gradient}); });
    CHECK(optimizer.steps() == 0);
    CHECK(w.value().to_vector() == std::vector<double>{1, 2});
    optimizer.step({grad(loss_of(w, 0), w)});
    CHECK(optimizer.steps() == 1);
    w.assign(tensor({1.0, 2.0}, float64));
  }
}

TEST_CASE("such a step is skipped and counted where that is asked for", "[nonfinite]") {
  Parameter w(tensor({1.0, 2.0}, float64));
  Optimizer optimizer({w}, sgd(0.25), {.nonfinite = NonFinite::skip});
  for (int i = 0; i < 6; ++i) {
    const Tensor loss = loss_of(w, i % 2 == 0 ? 0 : not_a_number);
    backward(loss);
    if (i == 3) CHECK(std::isnan(loss.item()));  // that it has been read makes no difference
    optimizer.step();
    optimizer.zero_gradients();
  }
  CHECK(optimizer.steps() == 3);
  CHECK(optimizer.skipped() == 3);
  CHECK(w.value().to_vector() == std::vector<double>{0.125, 0.25});
}

TEST_CASE("a loss that is gone is known by its gradients", "[nonfinite]") {
  Parameter w(tensor({1.0, 2.0}, float64));
  const Tensor one = tensor(0.5, float64);
  const auto attempt = [&](const Tensors& gradients) {
    Optimizer optimizer({w}, sgd(0.25), {.nonfinite = NonFinite::skip});
    optimizer.step(gradients);
    return optimizer.skipped();
  };
  Optimizer interested({w}, sgd(0.25), {.nonfinite = NonFinite::skip});
  CHECK(attempt({grad(loss_of(w, not_a_number), w)}) == 1);
  CHECK(attempt({one * grad(loss_of(w, not_a_number), w) + grad(loss_of(w, 0), w)}) == 1);
  CHECK(attempt(clip_gradients({grad(loss_of(w, not_a_number), w)}, 1).gradients) == 1);
  const Tensor read = grad(loss_of(w, not_a_number), w);
  CHECK(read.to_vector() == std::vector<double>{2, 4});
  CHECK(attempt({read}) == 1);
  for (int i = 0; i < 5; ++i) {  // gradients that add up over batches, one of them bad
    backward(loss_of(w, i == 1 ? not_a_number : 0));
    w.gradient().to_vector();
  }
  CHECK(attempt({w.gradient()}) == 1);
  w.zero_gradient();
  backward(loss_of(w, 0));
  CHECK(attempt({w.gradient()}) == 0);
}

TEST_CASE("losses that the gradients are not of do not matter", "[nonfinite]") {
  Parameter w(tensor({1.0, 2.0}, float64)), v(tensor({3.0}, float64));
  Optimizer optimizer({w}, sgd(0.25), {.nonfinite = NonFinite::error});
  const Tensor gradient = grad(loss_of(w, 0), w);
  const Tensor other = grad(loss_of(w, not_a_number), w), third = grad(loss_of(v, not_a_number), v);
  evaluate(other);
  CHECK_NOTHROW(optimizer.step({gradient}));
  // A derivative on the way to another loss.
  const Tensor inner = grad(loss_of(w, not_a_number), w, {.create_graph = true});
  CHECK_NOTHROW(optimizer.step({grad(sum(inner * inner), w)}));
  CHECK_NOTHROW(optimizer.step({tensor({1.0, 1.0}, float64)}));
  CHECK(optimizer.steps() == 3);
}

TEST_CASE("rules that would spread a NaN notice the loss, too; others let it pass", "[nonfinite]") {
  Parameter w(tensor({1.0, 2.0}, float64));
  Optimizer clipping({w}, chain(clip_by_global_norm(1), sgd(0.25))), plain({w}, sgd(0.25));
  CHECK_THROWS_AS(clipping.step({grad(loss_of(w, not_a_number), w)}), ValueError);
  CHECK_NOTHROW(plain.step({grad(loss_of(w, not_a_number), w)}));
}

TEST_CASE("noting losses leaves no entries behind", "[nonfinite]") {
  Parameter w(tensor({1.0, 2.0}, float64));
  const auto train = [&](int steps) {
    Optimizer optimizer({w}, sgd(0.25), {.nonfinite = NonFinite::skip});
    for (int i = 0; i < steps; ++i) optimizer.step({grad(loss_of(w, i % 2 == 0 ? 0 : not_a_number), w)});
    return live_entries();
  };
  train(100);
  const std::int64_t before = train(100);
  CHECK(train(200) <= before);
}

}  // namespace nonfinite_test
