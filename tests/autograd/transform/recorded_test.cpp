#include "autograd/transform/recorded.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/transform/linearize.hpp"

namespace xgrad::detail::recorded_test {
namespace {

bool holds(const Tensors& all, const Tensor& one) {
  for (const Tensor& tensor : all)
    if (tensor.entry() == one.entry()) return true;
  return false;
}

TEST_CASE("what a function closes over is found, and nothing else") {
  const Parameter w(tensor({2.0, 3.0}, float64));
  const Tensor theta = track(tensor({0.5, 0.25}, float64)), inner = sin(theta), constant = tensor({1.0, 2.0}, float64),
               unused = track(constant);
  const Tensor x = tensor({0.1, 0.2}, float64);
  const RecordedFunction f(
      [&](const Tensors& xs) -> Tensors {
        const NoGrad untracked;
        const Tensor cut = unused * 2;
        const EnableGrad tracked;
        return {xs[0] * inner * inner + exp(theta) * constant + cut, w.value()};
      },
      {{x}}, Location::current());
  CHECK(f.captured().size() == 3);
  CHECK(holds(f.captured(), w.value()));
  CHECK(holds(f.captured(), inner));
  CHECK(holds(f.captured(), theta));
}

TEST_CASE("recorded again, it depends on what stands in place of the inputs alone") {
  const Tensor theta = track(tensor({0.5, 0.25}, float64)), x = track(tensor({0.1, 0.2}, float64)) * theta;
  const RecordedFunction f(
      [&](const Tensors& xs) -> Tensors {
        return {where(xs[0] > 0, checkpoint([&](const Tensor& t) { return exp(t * theta); }, xs[0]), 0)};
      },
      {{x}}, Location::current());
  const Tensors at = track_all({{x}}, Location::current()), by = track_all(f.captured(), Location::current());
  const Tensor again = f(at, by)[0];
  CHECK(again.to_vector() == f.results()[0].to_vector());
  // By what stands in for theta, at a fixed x; by theta itself, through x as well.
  const Tensor partial = grad(sum(again), by[0], {.create_graph = true});
  CHECK(partial.to_vector() == (x * exp(x * theta)).to_vector());
  const auto total = [](const Tensor& t) {
    return sum(tensor({0.1, 0.2}, float64) * t * exp(tensor({0.1, 0.2}, float64) * t * t));
  };
  const std::vector<double> further = grad(sum(partial), theta).to_vector(), expected = grad(total)(theta).to_vector();
  for (std::size_t i = 0; i < 2; ++i) CHECK(further[i] == Approx(expected[i]).epsilon(1e-14));
}

}  // namespace
}  // namespace xgrad::detail::recorded_test
