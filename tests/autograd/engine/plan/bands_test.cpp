// Sums over axes between others: programs that add up each band of rows by itself, against the reference kernels.

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/autograd/engine/agreement.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace bands_test {

using namespace xgrad;

namespace {

Tensor floats(const Shape& shape, int seed) { return cast(numbers(shape, seed), float32); }

/// Axes of `shape` to be summed over, at least one.
std::vector<std::int64_t> some_axes(const Shape& shape, std::mt19937& random) {
  std::vector<std::int64_t> axes;
  while (axes.empty())
    for (std::int64_t axis = 0; axis < shape.ndim(); ++axis)
      if (random() % 2) axes.push_back(axis);
  return axes;
}

std::size_t lines_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("sums over any axes are what the reference kernels make of them", "[bands]") {
  const Shape shapes[] = {{3, 5, 70},    {2, 3, 4, 64}, {4, 1, 3, 80}, {1, 6, 65},    {2, 40, 1, 66},  {3, 4, 5, 6},
                          {2, 600, 100}, {5, 3, 2, 70}, {70, 3, 64},   {2, 3, 65, 2}, {3, 2, 3, 2, 66}};
  for (unsigned seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    check_agreement([&] {
      std::mt19937 random(seed);
      const Shape& shape = shapes[random() % std::size(shapes)];
      const Tensor x = track(numbers(shape, static_cast<int>(seed)));
      Tensor y = random() % 2 ? mul(exp(x), 0.5) : x;
      if (random() % 3 == 0) y = softmax(y, -1);
      const Tensor z = mean(y, some_axes(shape, random), keep_dims);
      const Tensor w = random() % 2 ? mean(mul(y, y), some_axes(shape, random), keep_dims) : z;
      const Tensor centred = random() % 2 ? sub(y, z) : mul(y, w);
      const Tensor loss = mean(mul(centred, centred));
      const Tensor gradient = grad(loss, x, {.create_graph = true});
      return Roots{z, w, centred, gradient, grad(sum(mul(gradient, gradient)), x)};
    });
  }
}

TEST_CASE("a mean over a middle axis is one program each way", "[bands]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = track(numbers({32, 100, 64}, 1));
  const Tensor y = mean(exp(x), 1);
  const std::string text = plan({y});
  CAPTURE(text);
  CHECK(lines_of(text, "\n") == 2);  // (the quotient has its own space)
  CHECK(text.find("program 32 times [100, 64]") != std::string::npos);
  const std::string both = plan({y, grad(sum(mul(y, y)), x)});
  CAPTURE(both);
  CHECK(lines_of(both, "kernel:") == 0);
}

TEST_CASE("a band has the sum of its rows alone, to the bit", "[bands]") {
  const fused::testing::InEngine engine("fused");
  for (const Shape& shape : {Shape{5, 100, 64}, Shape{3, 7, 130}, Shape{2, 2000, 65}, Shape{70, 3, 64}, Shape{2, 1, 64},
                             Shape{300, 16, 64}, Shape{4, 17, 1500}}) {
    const Tensor x = floats(shape, 3);
    std::vector<double> expected;
    for (std::int64_t band = 0; band < shape[0]; ++band)
      for (const double value : sum(exp(select(x, 0, band)), 0).to_vector()) expected.push_back(value);
    for (const int threads : {1, 2, 3, 7}) {
      const fused::testing::Threads with(threads);
      for (const char* tier : {"compiled", "interpreted", "compile-at-once"}) {
        const fused::testing::InTier in(tier);
        CAPTURE(shape, threads, tier);
        CHECK(sum(exp(x), 1).to_vector() == expected);
      }
    }
  }
}

TEST_CASE("what is not finite stays in its band and its column", "[bands]") {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::nan("");
  std::vector<double> values(3 * 20 * 64, 1);
  values[20 * 64 + 5 * 64 + 7] = nan;
  values[2 * 20 * 64 + 63] = infinity;
  const std::vector<double> sums = sum(tensor(values, {3, 20, 64}, float32), 1).to_vector();
  for (std::size_t i = 0; i < sums.size(); ++i) {
    CAPTURE(i);
    if (i == 64 + 7)
      CHECK(std::isnan(sums[i]));
    else
      CHECK(sums[i] == (i == 2 * 64 + 63 ? infinity : 20));
  }
}

}  // namespace bands_test
