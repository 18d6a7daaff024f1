// A layer that no library has, and the test that its derivatives are right: the gradient check compares what comes out
// of the tape with numeric differentiation, for the inputs and for every weight.

#include "autograd/check/matcher.hpp"  // with Catch2, version 2 or 3
#include "xgrad.hpp"

using namespace xgrad;

namespace {

/// y = v * sigmoid(a) + (1 - sigmoid(a)) * x with v = tanh(x V^T), a = x A^T: a highway layer (Srivastava, Greff and
/// Schmidhuber, 2015).
Tensor highway(const Tensor& x, const Tensor& v, const Tensor& a) {
  const Tensor gate = sigmoid(matmul(x, transpose(a)));
  return gate * tanh(matmul(x, transpose(v))) + (1 - gate) * x;
}

/// A derivative rule that somebody got wrong by a thousandth.
struct Squared : Operation<Squared> {
  static constexpr auto id = "squared";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return g * 2.002 * inputs[0];
  }
  void run(std::span<const View> inputs, const View& output, const Location&) const override {
    const auto from = inputs[0].span<const double>();
    const auto to = output.span<double>();
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[i] * from[i];
  }
};

}  // namespace

TEST_CASE("the highway layer differentiates correctly, up to second order") {
  Rng rng(1);
  const Tensor x = normal({3, 4}, rng, 0, 1, float64);
  const Tensor v = normal({4, 4}, rng, 0, 1, float64);
  const Tensor a = normal({4, 4}, rng, 0, 1, float64);
  CHECK_THAT(highway, DifferentiatesCorrectly({x, v, a}).order(2));
}

TEST_CASE("a wrong rule is caught") {
  const auto squared = [](const Tensor& x) { return record(Location::current(), Squared{}, x); };
  CHECK_FALSE(DifferentiatesCorrectly(tensor({0.5, -1.5}, float64)).match(squared));
}
