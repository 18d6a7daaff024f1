#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"

namespace xgrad {
namespace {

Tensor block(const Tensor& x) {
  Tensor y = x;
  for (int i = 0; i < 8; ++i) y = tanh(y * 1.25) + 0.5 * sin(y);
  return y;
}
Tensor kept(const Tensor& x) { return checkpoint(block, x); }
Tensor kept_twice(const Tensor& x) {
  return checkpoint([](const Tensor& t) { return checkpoint(block, checkpoint(block, t)); }, x);
}

Tensor points() { return tensor({0.5, -0.25, 1.5}, float64); }

template <class F>
std::vector<double> gradient(F f) {
  const Tensor x = track(points());
  return grad(sum(f(x)), x).to_vector();
}

TEST_CASE("a checkpoint has the same value and gradient, to the bit") {
  CHECK(kept(points()).to_vector() == block(points()).to_vector());
  CHECK(gradient(kept) == gradient(block));
  const auto twice = [](const Tensor& x) { return block(block(x)); };
  CHECK(gradient(kept_twice) == gradient(twice));
  const EagerScope eager;
  CHECK(gradient(kept) == gradient(block));
  CHECK(gradient(kept_twice) == gradient(twice));
}

TEST_CASE("derivatives of the third order go through a checkpoint") {
  for (const CheckedFunction& f : {CheckedFunction([](const std::vector<Tensor>& x) { return kept(x[0]); }),
                                   CheckedFunction([](const std::vector<Tensor>& x) { return kept_twice(x[0]); })}) {
    const auto report = check_gradient(f, {tensor({0.5, -0.25}, float64)}, {.order = 3});
    INFO(report.text());
    CHECK(report);
  }
  CHECK(hessian([](const Tensor& x) { return sum(kept(x)); })(points()).to_vector() ==
        hessian([](const Tensor& x) { return sum(block(x)); })(points()).to_vector());
}

// The most memory that a value and its gradient take.
template <class F>
std::size_t peak(F f, bool together) {
  const Tensor x = track(zeros({50000}));
  evaluate(x);
  release_pooled_memory();
  reset_peak_memory();
  const std::size_t before = memory_use().live;
  const Tensor loss = sum(f(x));
  if (!together) loss.item();  // the value first, so that a walk back finds what was kept
  evaluate(std::vector<Tensor>{loss, grad(loss, x)});
  return memory_use().peak - before;
}

TEST_CASE("a checkpoint keeps less") {
  const auto plain = [](const Tensor& x) { return block(block(block(block(x)))); };
  const auto checkpointed = [](const Tensor& x) { return kept(kept(kept(kept(x)))); };
  for (const bool together : {false, true}) CHECK(2 * peak(checkpointed, together) < peak(plain, together));
}

TEST_CASE("random numbers in a checkpoint are the same the second time") {
  const auto noisy = [](const Tensor& x) {
    Rng rng(7);
    return checkpoint([&](const Tensor& t) { return t * t * uniform(t.shape(), rng, 0, 1, float64); }, x);
  };
  const Tensor x = track(points()), y = noisy(x);
  const std::vector<double> value = y.to_vector(), slope = grad(sum(y), x).to_vector(), at = x.to_vector();
  for (std::size_t i = 0; i < at.size(); ++i) CHECK(slope[i] == Approx(2 * value[i] / at[i]).epsilon(1e-14));
}

TEST_CASE("Parameters used inside a checkpoint get their gradients") {
  const Parameter w(tensor({2.0, 3.0}, float64));
  const Tensor x = tensor({0.5, 0.25}, float64);
  backward(sum(checkpoint([&](const Tensor& t) { return t * w * w; }, x)));
  CHECK(w.gradient().to_vector() == std::vector<double>{2, 1.5});
}

}  // namespace
}  // namespace xgrad
