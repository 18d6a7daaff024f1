#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"

namespace xgrad::checkpoint_test {
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
  if (!together) loss.item();  // the value first, so that a backward pass finds what was kept
  evaluate(std::vector<Tensor>{loss, grad(loss, x)});
  return memory_use().peak - before;
}

TEST_CASE("a checkpoint keeps less") {
  const auto plain = [](const Tensor& x) { return block(block(block(block(x)))); };
  const auto checkpointed = [](const Tensor& x) { return kept(kept(kept(kept(x)))); };
  for (const bool together : {false, true}) CHECK(2 * peak(checkpointed, together) < peak(plain, together));
}

// A network of two layers, whose hidden values have names.
Tensor layers(const Tensor& x, const Tensor& w) {
  const Tensor hidden = name_value(tanh(matmul(x, w)), "hidden");
  return sin(matmul(name_value(exp(-hidden), "gate"), w));
}
struct Policy {
  CheckpointPolicy policy;
  int kept;  // values of the size of x, beside the result
};
const std::vector<Policy> policies{{keep_nothing, 0},
                                   {keep_products, 2},
                                   {keep_names({"hidden"}), 1},
                                   {keep_names({"hidden", "gate", "unused"}), 2},
                                   {keep_names({}), 0}};

TEST_CASE("a policy says which values a checkpoint keeps") {
  const std::int64_t rows = 512, columns = 16;
  Rng rng(3);
  const Tensor x = track(normal({rows, columns}, rng)), w = track(normal({columns, columns}, rng));
  evaluate({x, w});
  const auto live_after = [&](const auto& f) {
    const std::size_t before = memory_report().live;
    const Tensor y = f(x, w);
    evaluate(y);
    return (memory_report().live - before) / (rows * columns * 4);
  };
  for (const auto& each : policies) {
    const CheckpointPolicy& policy = each.policy;
    const auto f = [&](const Tensor& s, const Tensor& t) { return checkpoint(policy, layers, s, t); };
    CHECK(live_after(f) == static_cast<std::size_t>(each.kept + 1));
  }
  const auto everything = [](const Tensor& s, const Tensor& t) { return checkpoint(keep_everything, layers, s, t); };
  CHECK(live_after(everything) == live_after(layers));
  CHECK(live_after(layers) > 4);
}

TEST_CASE("gradients through a checkpoint have the same bits whatever is kept") {
  Rng rng(5);
  const Tensor a = normal({7, 5}, rng), b = normal({5, 5}, rng);
  const auto gradients = [&](const auto& f, bool together) {
    const Tensor x = track(a), w = track(b), loss = sum(f(x, w));
    if (!together) loss.item();
    const std::vector<Tensor> slopes = grad(loss, std::vector<Tensor>{x, w});
    return std::vector<std::vector<float>>{slopes[0].to_vector<float>(), slopes[1].to_vector<float>(),
                                           loss.to_vector<float>()};
  };
  for (const bool together : {false, true}) {
    const auto expected = gradients(layers, together);
    for (const auto& each : policies) {
      const CheckpointPolicy& policy = each.policy;
      CHECK(gradients([&](const Tensor& s, const Tensor& t) { return checkpoint(policy, layers, s, t); }, together) ==
            expected);
      const auto nested = [&](const Tensor& s, const Tensor& t) {
        const auto inner = [&](const Tensor& u) { return checkpoint(policy, layers, u, t); };
        return checkpoint(keep_products, inner, s);
      };
      CHECK(gradients(nested, together) == expected);
      const EagerScope eager;
      CHECK(gradients([&](const Tensor& s, const Tensor& t) { return checkpoint(policy, layers, s, t); }, together) ==
            expected);
    }
  }
  for (const auto& each : policies) {
    const CheckpointPolicy& policy = each.policy;
    const auto f = [&](const std::vector<Tensor>& x) { return checkpoint(policy, layers, x[0], x[1]); };
    const auto report = check_gradient(CheckedFunction(f), {cast(a, float64), cast(b, float64)}, {.order = 2});
    INFO(report.text());
    CHECK(report);
  }
}

TEST_CASE("gradients of many examples through a checkpoint, whatever is kept") {
  Rng rng(5);
  const Tensor a = normal({7, 2, 5}, rng, 0, 1, float64), b = normal({5, 5}, rng, 0, 1, float64);
  const auto expected = vmap(grad([&](const Tensor& x) { return sum(layers(x, b)); }))(a).to_vector();
  for (const auto& each : policies) {
    const CheckpointPolicy& policy = each.policy;
    const auto loss = [&](const Tensor& x) { return sum(checkpoint(policy, layers, x, b)); };
    CHECK(vmap(grad(loss))(a).to_vector() == expected);
    CHECK(grad([&](const Tensor& x) { return sum(vmap(loss)(x)); })(a).to_vector() == expected);
  }
}

TEST_CASE("a checkpoint may give several Tensors") {
  const auto two = [](const Tensor& x) { return std::vector<Tensor>{sin(x) * 2, exp(x)}; };
  const Tensor x = track(points());
  const std::vector<Tensor> plain = two(x), kept = checkpoint(two, x);
  CHECK(kept[1].to_vector() == plain[1].to_vector());
  CHECK(grad(sum(kept[0] * kept[1]), x).to_vector() == grad(sum(plain[0] * plain[1]), x).to_vector());
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

// Derivatives by x and by what is tracked inside: of y, and of the sum of the first ones.
template <class Through>
std::vector<std::vector<double>> by_inside(Through through, bool depends) {
  const Tensor x = track(points());
  Tensor p;
  const Tensor y = through(
      [&](const Tensor& z) {
        p = track(depends ? z * 2 : tensor({4.0, 5.0, 6.0}, float64));
        return tanh(z * p);
      },
      x);
  const std::vector<Tensor> first = grad(sum(y * y), {x, p}, {.create_graph = true});
  std::vector<std::vector<double>> found;
  for (const Tensor& each : first) found.push_back(each.to_vector());
  for (const Tensor& each : grad(sum(first[0] * first[0] + first[1]), {x, p})) found.push_back(each.to_vector());
  return found;
}

TEST_CASE("derivatives by what is tracked inside a checkpoint are those without it") {
  const auto direct = [](auto f, const Tensor& x) { return f(x); };
  for (const bool depends : {false, true})
    for (const CheckpointPolicy& policy : {keep_nothing, keep_products, keep_everything}) {
      CAPTURE(depends);
      const auto within = [&](auto f, const Tensor& x) { return checkpoint(policy, f, x); };
      const auto expected = by_inside(direct, depends), found = by_inside(within, depends);
      for (std::size_t i = 0; i < expected.size(); ++i)
        for (std::size_t j = 0; j < 3; ++j) CHECK(found[i][j] == Approx(expected[i][j]).epsilon(1e-12));
    }
}

}  // namespace
}  // namespace xgrad::checkpoint_test
