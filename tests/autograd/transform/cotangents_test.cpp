#include "autograd/transform/cotangents.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::cotangents_test {
namespace {
using Numbers = std::vector<double>;
}

TEST_CASE("cotangents are changed on their way, values are not") {
  const Tensor x = track(tensor({1.0, -2.0, 3.0}, float64));
  int calls = 0;
  const auto halved = [&calls](const Tensor& g) {
    ++calls;
    return clamp(g, -4, 4) * 0.5;
  };
  const Tensor y = change_cotangent(x, halved), loss = sum(y * y);
  CHECK(y.to_vector() == x.to_vector());
  CHECK(grad(loss, x).to_vector() == Numbers{1, -2, 2});
  CHECK(calls == 1);
  CHECK(grad(sum(scale_gradient(x, 3) * 2), x).to_vector() == Numbers{6, 6, 6});
  CHECK(grad(sum(scale_gradient(x, 3) + scale_gradient(x, 5)), x).to_vector() == Numbers{8, 8, 8});
  CHECK(grad(sum(reverse_gradient(x * 2, 0.5)), x).to_vector() == Numbers{-1, -1, -1});
  CHECK(scale_gradient(tensor({2, 3}), 2).to_vector() == Numbers{2, 3});
  // Twice through the factor: d/dx of 3 * 2x.
  const Tensor first = grad(sum(square(scale_gradient(x, 3))), x, {.create_graph = true});
  CHECK(first.to_vector() == Numbers{6, -12, 18});
  CHECK(grad(sum(first), x).to_vector() == Numbers{18, 18, 18});
  throws<ValueError>("change_cotangent: there is no function").by([&] { change_cotangent(x, {}); });
}

TEST_CASE("what changes cotangents is called once in a walk, also inside a checkpoint and behind a mask") {
  const Tensor x = track(tensor({1.0, -2.0, 3.0}, float64));
  int calls = 0;
  Numbers seen;
  const auto look = [&](const Tensor& g) {
    ++calls;
    seen = g.to_vector();
    return g;
  };
  const auto f = [&](const Tensor& t) { return square(change_cotangent(sin(t), look)); };
  const Tensor masked = where(x > 0, f(x), 0);
  const Numbers slope = grad(sum(masked * 3), x).to_vector();
  CHECK(calls == 1);
  CHECK(seen[1] == 0);
  CHECK(slope[1] == 0);
  CHECK(slope[0] == Approx(6 * std::sin(1.0) * std::cos(1.0)));
  const Numbers again = grad(sum(where(x > 0, checkpoint(f, x), 0) * 3), x).to_vector();
  CHECK(calls == 2);
  CHECK(again == slope);
}

TEST_CASE("a rule is asked once for all arguments, and where none flows, none is needed") {
  const std::vector<Tensor> xs{track(tensor({1.0, 2.0}, float64)), track(tensor({3.0, 4.0}, float64)), tensor({1, 0})};
  int calls = 0;
  const auto product = [](const std::vector<Tensor>& t) { return t[0] * t[1]; };
  const CotangentRule rule = [&](const Tensor& g, const std::vector<Tensor>& t, const Tensor&) {
    ++calls;
    return std::vector<Tensor>{g * t[1], g * t[0], {}};
  };
  for (const bool eager : {false, true}) {
    const detail::TapeScope<bool, &Tape::eager> scope(eager);
    const std::vector<Tensor> slopes = grad(sum(custom_gradient(product, rule, xs)), std::vector<Tensor>{xs[0], xs[1]});
    CHECK(slopes[0].to_vector() == Numbers{3, 4});
    CHECK(slopes[1].to_vector() == Numbers{1, 2});
  }
  CHECK(calls == 2);
  const auto in_checkpoint = [&](const Tensor& t) {
    return checkpoint([&](const Tensor& u) { return custom_gradient(product, rule, {u * u, xs[1], xs[2]}); }, t);
  };
  CHECK(grad(sum(in_checkpoint(xs[0])), xs[0]).to_vector() == Numbers{6, 16});
  const auto nothing = [](const Tensor&, const std::vector<Tensor>& t, const Tensor&) {
    return std::vector<Tensor>(t.size());
  };
  CHECK(grad(sum(custom_gradient(product, nothing, xs)), xs[0]).to_vector() == Numbers{0, 0});
}

TEST_CASE("a rule of one's own stands in place of the derivatives") {
  const auto f = [](const std::vector<Tensor>& xs) { return log(1 + exp(xs[0])) * xs[1]; };
  const CotangentRule rule = [](const Tensor& g, const std::vector<Tensor>& xs, const Tensor& y) {
    return std::vector<Tensor>{g * (1 / (1 + exp(-xs[0]))) * xs[1], g * y / xs[1]};
  };
  const Tensor a = tensor({0.3, -1.0, 2.0}, float64), b = tensor({1.5, 0.7, -0.4}, float64);
  CHECK_THAT(
      [&](const Tensor& s, const Tensor& t) {
        return custom_gradient(f, rule, {s, t});
      },
      DifferentiatesCorrectly({a, b}).order(2));
  const Tensor x = track(a);
  const auto wrong = [](const Tensor& g, const std::vector<Tensor>&, const Tensor&) { return std::vector{g, g}; };
  const auto other = [](const Tensor& g, const std::vector<Tensor>&, const Tensor&) { return std::vector{g * 7}; };
  const auto identity = [](const std::vector<Tensor>& xs) { return xs[0]; };
  CHECK(grad(sum(custom_gradient(identity, other, {x})), x).to_vector() == Numbers{7, 7, 7});
  // Two with rules of their own are not taken for one.
  const auto negative = [](const Tensor& g, const std::vector<Tensor>&, const Tensor&) { return std::vector{-g}; };
  const Tensor both = custom_gradient(identity, other, {x}) + custom_gradient(identity, negative, {x});
  CHECK(grad(sum(both), x).to_vector() == Numbers{6, 6, 6});
  CHECK(both.to_vector() == (2 * a).to_vector());
  CHECK_THROWS_WITH(grad(sum(custom_gradient(identity, wrong, {x})), x),
                    Catch::Contains("the rule gives 2 cotangents for 1 arguments"));
  throws<ValueError>("custom_gradient: there is no function, or no rule").by([&] { custom_gradient({}, rule, {x}); });
}

}  // namespace xgrad::cotangents_test
