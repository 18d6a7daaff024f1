#include "autograd/ops/matmul_transposed.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <string>

#include "autograd/autograd.hpp"
#include "autograd/tape/slab.hpp"

namespace xgrad::matmul_transposed_test {

namespace {

std::map<std::string, int> entries() {
  std::map<std::string, int> found;
  EntrySlab::visit([&](const Entry& entry) { ++found[entry.primitive->name()]; });
  return found;
}

Tensor numbers(const Shape& shape, int seed, DType dtype = float64) {
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (double& value : values) value = std::sin(seed += 3);
  return cast(tensor(values, shape), dtype);
}

}  // namespace

TEST_CASE("the derivatives of a product are a product each, and no transposition") {
  const Tensor x = track(numbers({4, 3}, 1)), w = track(numbers({5, 3}, 2)), g = numbers({4, 5}, 3);
  auto before = entries();
  const Tensor y = matmul_transposed(x, w);
  const std::vector<Tensor> first = differentiate(std::array{y}, std::array{g}, std::array{x, w});
  auto after = entries();
  CHECK(after["matmul"] - before["matmul"] == 3);
  CHECK(after["permute"] == before["permute"]);
  CHECK(first[0].to_vector() == matmul(g, w).to_vector());
  CHECK(first[1].to_vector() == matmul(transpose(g), x).to_vector());
  before = entries();
  const Tensor b = track(numbers({3, 5}, 4)), z = matmul(x, b);
  const std::vector<Tensor> second = differentiate(std::array{z}, std::array{g}, std::array{x, b});
  after = entries();
  CHECK(after["matmul"] - before["matmul"] == 3);
  CHECK(after["permute"] == before["permute"]);
  CHECK(second[0].to_vector() == matmul(g, transpose(b)).to_vector());
  CHECK(second[1].to_vector() == matmul(transpose(x), g).to_vector());
}

TEST_CASE("a product with a transposed matrix is that product, to the bit, in every order") {
  for (const DType dtype : {float32, float64})
    for (const Shape& shape : {Shape{4, 4}, Shape{1, 4}, Shape{4}, Shape{2, 3, 4}, Shape{0, 4}, Shape{40, 4}}) {
      CAPTURE(shape.numel(), dtype);
      const auto results = [&](bool transposed) {
        const Tensor x = track(numbers(shape, 1, dtype)), w = track(numbers({4, 4}, 2, dtype));
        const Tensor y = transposed ? matmul_transposed(x, w) : matmul(x, transpose(w));
        std::vector<std::vector<double>> all{y.to_vector()};
        const std::vector<Tensor> first = grad(sum(y * y * y), {x, w}, {.create_graph = true});
        const std::vector<Tensor> second = grad(sum(first[0] * first[0]) + sum(first[1]), {x, w});
        for (const auto& list : {first, second})
          for (const Tensor& each : list) all.push_back(each.to_vector());
        return all;
      };
      CHECK(results(true) == results(false));
    }
}

TEST_CASE("a product with a transposed matrix is that product of whole numbers, and refuses what that refuses") {
  const Tensor a = tensor({{1, 2, 3}, {4, 5, 6}}), b = tensor({{1, 0, 2}, {0, 1, 1}});
  CHECK(matmul_transposed(a, b).to_vector<std::int64_t>() == std::vector<std::int64_t>{7, 5, 16, 11});
  CHECK_THROWS_AS(matmul_transposed(a, cast(b, float32)), DTypeError);
  CHECK_THROWS_AS(matmul_transposed(a, tensor({{1, 2}})), ShapeError);
  CHECK_THROWS_AS(matmul_transposed(a > 1, b > 1), DTypeError);
}

TEST_CASE("a product with a transposed matrix is mapped as the product is") {
  const Tensor xs = numbers({6, 4, 3}, 1), ws = numbers({6, 5, 3}, 2), w = numbers({5, 3}, 3);
  const auto gradients = [](const Tensor& x, const Tensor& v) {
    return grad([](const Tensor& s, const Tensor& t) { return sum(sin(matmul_transposed(s, t))); }, argnums<0, 1>)(x,
                                                                                                                   v);
  };
  const auto of_all = vmap(gradients)(xs, ws), of_one = vmap(gradients, {0, unmapped})(xs, w);
  for (std::int64_t i = 0; i < 6; ++i) {
    const auto one = gradients(xs[i], ws[i]), shared = gradients(xs[i], w);
    for (const auto& [all, each] :
         {std::pair(std::get<0>(of_all), std::get<0>(one)), std::pair(std::get<1>(of_all), std::get<1>(one)),
          std::pair(std::get<0>(of_one), std::get<0>(shared)), std::pair(std::get<1>(of_one), std::get<1>(shared))})
      CHECK(max(abs(all[i] - each)).item() < 1e-12);
  }
}

}  // namespace xgrad::matmul_transposed_test
