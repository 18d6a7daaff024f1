// vmap against a loop over the examples: every primitive, transforms inside and outside, random numbers, errors.

#include "autograd/transform/vmap.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "autograd/check/check.hpp"
#include "tests/apart.hpp"
#include "tests/catalogue.hpp"
#include "tests/throws.hpp"

namespace xgrad::catalogue::vmap_test {
namespace {

constexpr int count = 3;

using Xs = std::vector<Tensor>;

// Each of `count` variants of the inputs, stacked.
std::vector<Xs> stacked_inputs(const Case& sample) {
  std::vector<Xs> variants;
  for (int variant = 0; variant < count; ++variant) variants.push_back(sample.make_inputs(variant));
  std::vector<Xs> stacked(2);
  for (std::size_t i = 0; i < variants[0].size(); ++i) {
    Xs one;
    for (const Xs& inputs : variants) one.push_back(inputs[i]);
    stacked[0].push_back(stack(one));
    stacked[1].push_back(variants[0][i]);
  }
  return stacked;
}

// Batched products and sums may round otherwise.
void check_close(const Tensor& got, const Tensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  REQUIRE(got.dtype() == expected.dtype());
  const auto a = got.to_vector(), b = expected.to_vector();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (!(apart(a[i], b[i]) <= 1e-12 * (1 + std::abs(b[i])))) {
      CHECK(a[i] == b[i]);
      return;
    }
  }
}

// f over all examples of the mapped inputs, and one after another.
template <class F>
void compare(const F& f, const std::vector<Xs>& inputs, std::size_t mapped) {
  Xs given, of_one;
  std::vector<std::optional<std::int64_t>> axes;
  for (std::size_t i = 0; i < inputs[0].size(); ++i) {
    const bool is_mapped = (mapped >> i) & 1;
    given.push_back(inputs[is_mapped ? 0 : 1][i]);
  }
  // One list of Tensors would have one axis: the mapped ones and the others are two lists.
  Xs varied, same;
  for (std::size_t i = 0; i < given.size(); ++i) ((mapped >> i) & 1 ? varied : same).push_back(given[i]);
  const auto call = [&](const Xs& some, const Xs& others) {
    Xs all;
    std::size_t next = 0, other = 0;
    for (std::size_t i = 0; i < given.size(); ++i) all.push_back((mapped >> i) & 1 ? some[next++] : others[other++]);
    return f(all);
  };
  const Xs got = vmap(call, {0, unmapped})(varied, same);
  std::vector<Xs> one_by_one;
  for (int k = 0; k < count; ++k) {
    Xs slices;
    for (const Tensor& x : varied) slices.push_back(select(x, 0, k));
    one_by_one.push_back(call(slices, same));
  }
  for (std::size_t r = 0; r < got.size(); ++r) {
    Xs rows;
    for (const Xs& results : one_by_one) rows.push_back(results[r]);
    REQUIRE(got[r].defined() == rows[0].defined());
    if (got[r].defined()) check_close(got[r], stack(rows));
  }
}

// In these, each example has its own numbers.
const std::set<std::string> random_rows_of_inputs{
    "bernoulli", "categorical", "truncated_normal_draw", "poisson_draw", "draw_without_replacement", "above"};

TEST_CASE("vmap of every primitive is a loop over the examples, whichever inputs are mapped") {
  for (const Row& row : rows())
    for (const Case& sample : row.cases) {
      if (sample.inputs.empty() || random_rows_of_inputs.contains(row.primitive)) continue;
      INFO(row.primitive);
      const std::vector<Xs> inputs = stacked_inputs(sample);
      const std::size_t all = (std::size_t{1} << std::min<std::size_t>(inputs[0].size(), 4)) - 1;
      for (std::size_t mapped = 1; mapped <= all; ++mapped)
        compare([&](const Xs& xs) { return Xs{sample.function(xs)}; }, inputs, mapped);
    }
}

TEST_CASE("every primitive of the library has a batching rule") {
  for (const Row& row : rows())
    for (const Case& sample : row.cases) {
      if (sample.inputs.empty()) continue;
      const Xs stacked = stacked_inputs(sample)[0];
      const Tensor y = vmap([&](const Xs& xs) { return sample.function(xs); })(stacked);
      INFO(row.primitive);
      CHECK(print_tape(y).find("one example after another") == std::string::npos);
    }
}

TEST_CASE("vmap of every derivative rule is a loop over the examples, whichever inputs are mapped") {
  for (const Row& row : rows()) {
    if (!row.gives_float || random_rows_of_inputs.contains(row.primitive)) continue;
    for (const Case& sample : row.cases) {
      if (sample.inputs.empty()) continue;
      INFO(row.primitive);
      const std::vector<Xs> inputs = stacked_inputs(sample);
      const std::size_t all = (std::size_t{1} << std::min<std::size_t>(inputs[0].size(), 4)) - 1;
      for (std::size_t mapped = 1; mapped <= all; ++mapped)
        compare([&](const Xs& xs) { return pull(sample, xs).cotangents; }, inputs, mapped);
    }
  }
}

TEST_CASE("derivatives flow through a vmap, to what is mapped and to what is not") {
  Rng rng(1);
  const Tensor x = track(normal({4, 3}, rng, 0, 1, float64)), w = track(normal({3, 2}, rng, 0, 1, float64));
  const auto f = [](const Tensor& one, const Tensor& matrix) { return sum(tanh(matmul(one, matrix))); };
  const Tensor mapped = vmap(f, {0, unmapped})(x, w), plain = sum(tanh(matmul(x, w)), 1);
  check_close(mapped, plain);
  const auto got = grad(sum(square(mapped)), Xs{x, w}), expected = grad(sum(square(plain)), Xs{x, w});
  check_close(got[0], expected[0]);
  check_close(got[1], expected[1]);
  CHECK(check_gradient([&](const Tensor& a, const Tensor& b) { return sum(vmap(f, {0, unmapped})(a, b)); }, {x, w}));
}

TEST_CASE("per-example gradients are those of each example") {
  Rng rng(2);
  const Xs weights{normal({5, 4}, rng, 0, 1, float64), normal({4, 3}, rng, 0, 1, float64)};
  const Tensor images = normal({6, 5}, rng, 0, 1, float64), labels = randint({6}, rng, 0, 3);
  const auto loss = [](const Xs& w, const Tensor& image, const Tensor& label) {
    const Tensor logits = matmul(tanh(matmul(image, w[0])), w[1]);
    return -sum(log_softmax(logits) * one_hot(label, 3, float64));
  };
  const auto result = vmap(value_and_grad(loss, argnums<0>), {unmapped, 0, 0})(weights, images, labels);
  REQUIRE(result.gradient.size() == 2);
  for (std::int64_t i = 0; i < 6; ++i) {
    const auto one = value_and_grad(loss, argnums<0>)(weights, select(images, 0, i), select(labels, 0, i));
    check_close(select(result.value, 0, i), one.value);
    for (std::size_t k = 0; k < 2; ++k) check_close(select(result.gradient[k], 0, i), one.gradient[k]);
  }
}

TEST_CASE("vmaps nest, with axes of their own") {
  Rng rng(3);
  const Tensor a = normal({4, 3}, rng, 0, 1, float64), b = normal({3, 5}, rng, 0, 1, float64);
  const auto dot = [](const Tensor& x, const Tensor& y) { return sum(x * y); };
  check_close(vmap(vmap(dot, {unmapped, 1}), {0, unmapped})(a, b), matmul(a, b));
  check_close(vmap(vmap(dot, {0, unmapped}), {unmapped, 1}, 1)(a, b), matmul(a, b));
  check_close(vmap([](const Tensor& x) { return 2 * x; }, 1, -1)(a), 2 * a);
}

TEST_CASE("hessian, jvp, checkpoint and stop_gradient work inside a vmap") {
  Rng rng(4);
  const Tensor x = normal({4, 3}, rng, 0, 1, float64), v = normal({4, 3}, rng, 0, 1, float64);
  const auto f = [](const Tensor& t) { return sum(sin(t) * stop_gradient(t)) + prod(t); };
  const auto loop = [&](auto g) {
    Xs rows;
    for (std::int64_t i = 0; i < 4; ++i) rows.push_back(g(select(x, 0, i), select(v, 0, i)));
    return stack(rows);
  };
  const auto compare_with_loop = [&](auto g) { check_close(vmap(g)(x, v), loop(g)); };
  compare_with_loop([&](const Tensor& t, const Tensor&) { return hessian(f)(t); });
  compare_with_loop([&](const Tensor& t, const Tensor& u) { return jvp(f, t, u).second; });
  compare_with_loop([&](const Tensor& t, const Tensor& u) { return hvp(f, t, u); });
  compare_with_loop(
      [&](const Tensor& t, const Tensor&) { return grad([&](const Tensor& s) { return checkpoint(f, s); })(t); });
  compare_with_loop([&](const Tensor& t, const Tensor&) {
    const NoGrad untracked;
    return f(t);
  });
}

TEST_CASE("a checkpoint stays one for all examples") {
  const Tensor x = track(ones({4, 3}, float64));
  std::vector<int> calls;
  const auto f = [&](const Tensor& t) { return checkpoint([](const Tensor& s) { return sum(exp(sin(s))); }, t); };
  check_close(grad(sum(vmap(f)(x)), x), cos(x) * exp(sin(x)));
}

TEST_CASE("random numbers are drawn for each example, and never again") {
  Rng rng(5), same(5);
  const auto draw = [&](const Tensor& x) { return x + normal({2}, rng, 0, 1, float64); };
  const Tensor drawn = vmap(draw)(zeros({3, 2}, float64)), next = normal({2}, rng, 0, 1, float64);
  std::set<double> numbers;
  for (const Tensor& t : {drawn, next})
    for (const double number : t.to_vector()) numbers.insert(number);
  CHECK(numbers.size() == 8);
  // Those of the first examples come first.
  CHECK(drawn.to_vector() == normal({3, 2}, same, 0, 1, float64).to_vector());
  const auto nested = vmap(vmap([&](const Tensor& x) { return x + uniform({}, rng, 0, 1, float64); }));
  numbers.clear();
  for (const double number : nested(zeros({4, 5}, float64)).to_vector()) numbers.insert(number);
  numbers.insert(uniform({}, rng, 0, 1, float64).item());
  CHECK(numbers.size() == 21);
  const auto coin = vmap([&](const Tensor& p) { return bernoulli(p, rng); });
  CHECK(coin(full({1000}, 0.5, float64)).shape() == Shape{1000});
  const double heads = sum(coin(full({1000}, 0.5, float64))).item();
  CHECK(heads > 400);
  CHECK(heads < 600);
}

TEST_CASE("what depends on no example is repeated") {
  const Tensor x = zeros({3, 2});
  const Tensor y = vmap([](const Tensor&) { return tensor({1.0, 2.0}); })(x);
  CHECK(y.shape() == Shape{3, 2});
  CHECK(y.to_vector() == std::vector<double>{1, 2, 1, 2, 1, 2});
}

TEST_CASE("there may be no examples") {
  const Tensor y = vmap([](const Tensor& t) { return sum(sin(t)); })(zeros({0, 2}));
  CHECK(y.shape() == Shape{0});
}

TEST_CASE("rules of one's own get one example each") {
  const Tensor x = track(tensor({{3.0, 4.0}, {6.0, 8.0}}, float64));
  const auto unit = [](const Tensor& g) { return g / norm(g); };
  const auto f = [&](const Tensor& t) { return sum(square(change_cotangent(t, unit))); };
  check_close(grad(sum(vmap(f)(x)), x), tensor({{0.6, 0.8}, {0.6, 0.8}}, float64));
  const auto own = [](const Tensor& t, const Tensor& w) {
    return custom_gradient([](const Xs& xs) { return sum(xs[0] * xs[1]); },
                           [](const Tensor& g, const Xs& xs, const Tensor&) {
                             return Xs{g * xs[0] * 10, g * xs[1]};
                           },
                           {t, w});
  };
  const Tensor w = track(tensor({1.0, 2.0}, float64));
  const auto got = grad(sum(vmap(own, {0, unmapped})(x, w)), Xs{x, w});
  check_close(got[0], 10 * x);
  check_close(got[1], 2 * w);
}

struct Cube : Operation<Cube> {  // without a batching rule
  static constexpr auto id = "custom_cube";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return g * 3 * inputs[0] * inputs[0];
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    for (std::int64_t i = 0; i < y.numel(); ++i) {
      const double x = inputs[0].as<const double>()[i];
      y.as<double>()[i] = x * x * x;
    }
  }
};

TEST_CASE("an operation without a batching rule is recorded for one example after another") {
  const Tensor x = track(tensor({{1.0, 2.0}, {3.0, 4.0}}, float64));
  const auto cube = [](const Tensor& t) { return record(Location::current(), Cube{}, t); };
  const Tensor y = vmap(cube)(x);
  CHECK(y.to_vector() == std::vector<double>{1, 8, 27, 64});
  check_close(grad(sum(y), x), 3 * x * x);
  CHECK(print_tape(y).find("one example after another") != std::string::npos);
  const std::string said = explain(sum(y), x).text;
  CHECK(said.find("vmap records custom_cube at vmap_test.cpp:") != std::string::npos);
  CHECK(said.find("for one example after another, for it has no batching rule") != std::string::npos);
  CHECK(vmap(cube)(zeros({0, 2}, float64)).shape() == Shape{0, 2});
}

TEST_CASE("a vmapped function that looks at values is told so") {
  const auto f = [](const Tensor& t) { return t.item() > 0 ? t : -t; };
  throws<GraphError>(
      "vmap: a value is asked of one example, but the function is recorded once for all of them: choose "
      "with where() instead")
      .by([&] { return vmap(f)(ones({3})); });
  // And the tape goes on.
  CHECK(sum(ones({2})).item() == 2);
}

TEST_CASE("vmap refuses what it cannot map") {
  const auto f = [](const Tensor& x, const Tensor& y) { return x + y; };
  const Tensor three = ones({3});
  throws<ShapeError>("vmap: argument 1 has 4 examples along axis 0: [4] f32, an earlier one has 3").by([&] {
    return vmap(f)(three, ones({4}));
  });
  throws<ShapeError>("vmap: argument 1 is [] f32, which has no axis of examples; is it `unmapped`?").by([&] {
    return vmap(f)(three, tensor(1.0));
  });
  throws<ValueError>("vmap: no argument is mapped").by([&] { return vmap(f, {unmapped, unmapped})(three, three); });
  throws<ValueError>("vmap: axes are given for 1 of 2 arguments").by([&] { return vmap(f, {0})(three, three); });
  throws<AxisError>("vmap: axis 2 is out of range for 1 axis").by([&] { return vmap(f, 2)(three, three); });
  throws<GraphError>("vmap: argument 1 is an undefined Tensor").by([&] { return vmap(f)(three, Tensor()); });
}

TEST_CASE("vmap is the same where everything is evaluated as it is recorded") {
  const EagerScope eager;
  const Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}, float64);
  CHECK(vmap([](const Tensor& t) { return sum(t * t); })(x).to_vector() == std::vector<double>{5, 25});
}

}  // namespace
}  // namespace xgrad::catalogue::vmap_test
