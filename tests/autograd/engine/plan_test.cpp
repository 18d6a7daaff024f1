// What the planner rewrites, cuts into parts and remembers, against the reference kernels.

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "autograd/autograd.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/engine/executor.hpp"
#include "autograd/engine/gemm.hpp"
#include "autograd/engine/plan.hpp"
#include "autograd/engine/threads.hpp"

namespace xgrad {
namespace {

using Values = std::vector<std::vector<double>>;
using Roots = std::vector<Tensor>;

Values compute(const char* name, const std::function<Roots()>& record) {
  const std::string before = engine();
  set_engine(name);
  const Roots roots = record();
  evaluate(roots);
  for (const Tensor& root : roots) REQUIRE(root.evaluated());
  set_engine(before);
  Values values;
  for (const Tensor& root : roots) values.push_back(root.to_vector());
  return values;
}

double difference(const Values& a, const Values& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE(a[i].size() == b[i].size());
    for (std::size_t j = 0; j < a[i].size(); ++j)
      worst = std::max(worst, std::abs(a[i][j] - b[i][j]) / std::max(1.0, std::abs(b[i][j])));
  }
  return worst;
}

Tensor numbers(const Shape& shape, int seed) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (double& value : values) value = std::uniform_real_distribution(-1.0, 1.0)(random);
  return tensor(values, shape);
}

void check_agreement(const std::function<Roots()>& record) {
  const std::int64_t before = unplanned();
  CHECK(difference(compute("fused", record), compute("reference", record)) < 1e-12);
  CHECK(unplanned() == before);
}

TEST_CASE("products that are read transposed", "[plan]") {
  const Tensor a = numbers({5, 7}, 1), b = numbers({7, 3}, 2), c = numbers({3, 5}, 3), row = numbers({3}, 4);
  SECTION("once") {
    check_agreement([&] { return Roots{transpose(matmul(a, b)) + c}; });
  }
  SECTION("with operands that are transposed themselves") {
    check_agreement([&] { return Roots{transpose(matmul(transpose(transpose(a)), b)) * 2}; });
    check_agreement([&] {
      return Roots{transpose(matmul(transpose(numbers({7, 5}, 5)), transpose(numbers({3, 7}, 6)))) + c};
    });
  }
  SECTION("and as they are, too") {
    check_agreement([&] {
      const Tensor product = matmul(a, b);
      return Roots{transpose(product) + c, product * row};
    });
  }
  SECTION("twice") {
    check_agreement([&] { return Roots{transpose(transpose(matmul(a, b))) * row}; });
  }
  SECTION("by another product") {
    check_agreement([&] { return Roots{matmul(transpose(matmul(a, b)), numbers({5, 2}, 7))}; });
  }
  SECTION("as a root") {
    check_agreement([&] { return Roots{transpose(matmul(a, b))}; });
  }
  SECTION("in a batch") {
    const Tensor left = numbers({4, 5, 7}, 8), right = numbers({4, 7, 3}, 9);
    check_agreement([&] { return Roots{transpose(matmul(left, right)) + c}; });
  }
  SECTION("without elements, or of nothing") {
    check_agreement([&] { return Roots{transpose(matmul(zeros({0, 7}, float64), b)) + 1}; });
    check_agreement([&] { return Roots{transpose(matmul(zeros({5, 0}, float64), zeros({0, 3}, float64))) + c}; });
  }
}

TEST_CASE("what is transposed twice is read where it lies", "[plan]") {
  const Tensor x = numbers({4, 300}, 1), weight = numbers({200, 300}, 2), scale = numbers({200}, 3);
  const auto record = [&] {
    const Tensor turned = transpose(weight), inputs = track(x);
    return grad(sum(tanh(matmul(inputs, turned)) * scale), {inputs});
  };
  check_agreement(record);
  if (engine() != "fused") return;
  reset_peak_memory();
  const std::size_t before = memory_report().live;
  evaluate(record());
  CHECK(memory_report().peak - before < static_cast<std::size_t>(weight.numel()) * sizeof(double) / 2);
}

TEST_CASE("what is transposed and then reshaped is no matrix that lies transposed", "[plan]") {
  const Tensor x = numbers({4, 6}, 1), y = numbers({8, 2}, 2), z = numbers({2, 4, 6}, 3);
  check_agreement([&] { return Roots{matmul(reshape(transpose(x), {3, 8}), y)}; });
  check_agreement([&] { return Roots{transpose(reshape(transpose(x), {3, 8})) * 2}; });
  check_agreement([&] { return Roots{transpose(reshape(transpose(numbers({12, 2}, 4)), {2, 3, 4})) + 1}; });
  check_agreement([&] { return Roots{matmul(reshape(transpose(z), {2, 3, 8}), y)}; });
  check_agreement([&] { return Roots{matmul(reshape(transpose(x), {2, 3, 4}), numbers({2, 4, 5}, 5))}; });
  check_agreement([&] { return Roots{matmul(reshape(transpose(x), {1, 6, 4}), numbers({1, 4, 5}, 6))}; });
}

TEST_CASE("vectors that are transposed lie as they lay", "[plan]") {
  const Tensor row = numbers({1, 5}, 1), column = numbers({5, 1}, 2), c = numbers({5, 4}, 3);
  check_agreement([&] {
    return Roots{transpose(row), transpose(column) * 2, transpose(transpose(row)) + transpose(c)};
  });
  check_agreement([&] { return Roots{matmul(transpose(column), c), matmul(transpose(c), transpose(row))}; });
  check_agreement([&] {
    return Roots{transpose(matmul(row, c)) + transpose(c), transpose(matmul(transpose(c), column))};
  });
  check_agreement([&] { return Roots{transpose(numbers({3, 1, 5}, 4)) * column}; });
}

// What a product P, something in memory D and a number s are added up to, in every way.
Roots sums(const Tensor& p, const Tensor& d, const Tensor& s) {
  return {d + p,     p + d,     d - p,     p - d,     d + p * s,      s * p + d,      d - s * p,    p * s - d,
          d * s + p, p + s * d, p - d * s, s * d - p, d + p * -0.1,   0.9 * d + p,    p - 0.25 * d, d - (2 * s) * p,
          p * p + d, p + s,     p * d + p, d + d * p, d - exp(s) * p, (d + p) * s + d};
}

TEMPLATE_TEST_CASE("a product that is only added to something has the bits of the product and the sum", "[plan]", float,
                   double) {
  const DType dtype = dtype_of<TestType>;
  const bool other = GENERATE(false, true);  // another product
  struct Sizes {
    std::int64_t m, k, n;
  };
  for (const Sizes& sizes :
       {Sizes{5, 7, 3}, Sizes{33, 65, 47}, Sizes{8, 300, 40}, Sizes{20, 1500, 6}, Sizes{1, 9, 5}}) {
    const Tensor a = cast(numbers({sizes.k, sizes.m}, 1), dtype), b = cast(numbers({sizes.n, sizes.k}, 2), dtype);
    const Tensor d = cast(numbers({sizes.m, sizes.n}, 3), dtype), s = cast(numbers({}, 4), dtype);
    const Tensor c = cast(numbers({sizes.m, 4}, 5), dtype), e = cast(numbers({4, sizes.n}, 6), dtype);
    evaluate(Roots{a, b, c, d, e, s});
    const auto product = [&] { return matmul(transpose(a), transpose(b)); };
    const auto addend = [&] { return other ? matmul(c, e) : d; };
    for (std::size_t i = 0; i < sums(a, a, s).size(); ++i) {
      const Tensor p = product(), alone = sums(product(), addend(), s)[i], beside = sums(p, addend(), s)[i];
      evaluate(alone);
      evaluate(Roots{beside, p});  // which is wanted, too, so that the sum is one of its readers
      INFO(sizes.m << " x " << sizes.k << " x " << sizes.n << ", sum " << i);
      CHECK(alone.to_vector() == beside.to_vector());
    }
  }
}

TEST_CASE("products that are added to something", "[plan]") {
  const Tensor a = numbers({20, 20}, 1), b = numbers({20, 20}, 2), s = numbers({1, 1}, 3);
  for (std::size_t i = 0; i < sums(a, a, s).size(); ++i)
    check_agreement([&] { return Roots{sums(matmul(a, b), b, s)[i]}; });
  check_agreement([&] { return Roots{a + matmul(a, a)}; });
  check_agreement([&] { return Roots{transpose(matmul(a, b)) * s + b}; });
  check_agreement([&] { return Roots{reshape(a, {400}) + reshape(matmul(a, b), {400})}; });
  check_agreement([&] { return Roots{numbers({20}, 4) + matmul(a, b)}; });
  check_agreement([&] { return Roots{numbers({6, 3, 2}, 5) - 2 * matmul(numbers({6, 3, 4}, 6), numbers({4, 2}, 7))}; });
  check_agreement([&] {
    const Tensor sum = a + matmul(a, b), next = sum - matmul(sum, b);  // which is read twice
    return Roots{next + matmul(b, next), sum * 2};
  });
}

TEST_CASE("products that are added up are in memory one at a time", "[plan]") {
  if (engine() != "fused" || !fused::can_add(float64, 50, 60, 3)) return;
  Tensor total = numbers({50, 60}, 1);
  for (int i = 2; i < 10; ++i) total = total + matmul(numbers({50, 3}, i), numbers({3, 60}, 10 * i));
  reset_peak_memory();
  const std::size_t before = memory_report().live;
  evaluate(total);
  CHECK(memory_report().peak - before < 3 * 50 * 60 * sizeof(double));
}

// What may follow a product: bias and activation, forward and backward, in all kinds of operands.
struct Layer {
  std::int64_t m, k, n;
  bool turned;  // the weight lies transposed
};
std::vector<std::vector<double>> after_product(const Layer& layer, DType dtype, int which, bool apart) {
  const auto made = [&](const Shape& shape, int seed) { return cast(numbers(shape, seed), dtype); };
  const Tensor x = made({layer.m, layer.k}, 1), bias = made({layer.n}, 2), y = made({layer.m, layer.n}, 3);
  const Tensor weight = layer.turned ? made({layer.n, layer.k}, 4) : made({layer.k, layer.n}, 4);
  const Tensor column = made({layer.m, 1}, 5);
  evaluate(Roots{x, bias, y, weight, column});
  const Tensor product = matmul(x, layer.turned ? transpose(weight) : weight);
  if (apart) evaluate(product);
  Roots roots;
  if (which == 0) roots = {where(product + bias > 0, product + bias, 0)};
  if (which == 1) roots = {1 / (1 + exp(-(product * column + bias))), product};
  if (which == 2) roots = {where(y > 0, product, 0), sum(where(y > 0, product, 0), 0)};
  if (which == 3) roots = {tanh(product)};
  if (which == 4) roots = {sum(product * product, 1), exp(product - bias)};
  if (which == 5) roots = {matmul(transpose(y), where(product > bias, y, product))};
  evaluate(roots);
  std::vector<std::vector<double>> values;
  for (const Tensor& root : roots) values.push_back(root.to_vector());
  return values;
}

TEST_CASE("programs run on the parts of products have the bits of those that run afterwards", "[plan][threads]") {
  const int before = num_threads();
  const std::int64_t runs = fused::joined_runs();
  for (const Layer& layer : {Layer{64, 300, 200, true}, Layer{70, 400, 520, true}, Layer{100, 260, 131, true},
                             Layer{33, 50, 129, false}, Layer{64, 30, 2100, false}, Layer{5, 7, 3, false}})
    for (const DType dtype : {float32, float64})
      for (int which = 0; which < 6; ++which) {
        set_num_threads(1);
        const auto expected = after_product(layer, dtype, which, true);
        INFO(layer.m << " x " << layer.k << " x " << layer.n << " of " << name(dtype) << ", program " << which);
        for (const int threads : {1, 2, 4}) {
          set_num_threads(threads);
          CHECK(after_product(layer, dtype, which, false) == expected);
        }
      }
  set_num_threads(before);
  if (engine() == "fused" && fused::can_add(float32, 64, 200, 300)) CHECK(fused::joined_runs() - runs > 100);
}

TEST_CASE("a program that writes over what its product reads runs afterwards", "[plan]") {
  const Tensor h = cast(numbers({64, 512}, 1), float32), bias = cast(numbers({512}, 3), float32);
  const Tensor weight = cast(numbers({512, 512}, 2), float32) * 0.1;
  evaluate(Roots{h, weight, bias});
  const auto run = [&](bool apart) {
    Tensor value = h;
    Roots roots;
    for (int i = 0; i < 4; ++i) {
      const Tensor product = matmul(value, transpose(weight));
      if (apart) evaluate(product);
      value = value * 0.5 + sin(product + bias) * value;
      roots.push_back(product);  // whose memory the program cannot take
    }
    roots.push_back(value);
    evaluate(roots);
    return value.to_vector();
  };
  CHECK(run(false) == run(true));
}

// One element of each row of many values, and their derivatives.
Roots picked(std::int64_t rows, std::int64_t columns) {
  const Tensor x = track(numbers({rows, columns}, 1)), row = numbers({columns}, 2), y = numbers({rows, columns}, 3);
  std::vector<std::int64_t> places(static_cast<std::size_t>(rows)), others;
  for (std::size_t i = 0; i < places.size(); ++i)
    places[i] = static_cast<std::int64_t>(i * i * 7 + i) % columns, others.push_back((places[i] * 3 + 1) % columns);
  const Tensor index = reshape(tensor(places), {rows, 1}), other = reshape(tensor(others), {rows, 1});
  const auto pick = [&](const Tensor& value) { return gather(value, 1, index); };
  const Tensor shifted = x - max(x, 1, keep_dims), e = exp(shifted), scaled = x * row + y;
  const Tensor masked = where(logical_and(x > 0, row > y), scaled, e), large = cast(y > 0.25, float64);
  const Tensor placed = scatter_add(zeros({rows, columns}, float64), 1, other, sum(e, 1, keep_dims));
  const Tensor total = pick(e / sum(e, 1, keep_dims)) + pick(masked) * pick(row + y) + pick(where(y > 0, x, 2));
  const Tensor loss = sum(total + pick(placed * x) - pick(matmul(x, transpose(x)) - x * 2) * gather(x, 1, other));
  Roots roots = grad(loss, {x});
  for (const Tensor& root : {loss, pick(scaled), scaled, pick(x), pick(large), gather(tanh(placed), 1, index)})
    roots.push_back(root);
  return roots;
}

TEST_CASE("what is picked from a value is computed from what is picked from its operands", "[plan]") {
  check_agreement([] { return picked(9, 9); });
  check_agreement([] { return picked(100, 100); });
  check_agreement([] { return picked(1, 1); });
}

// h = tanh(x W' + h U' + b), the weights transposed anew at each step.
Roots recurrent(int steps) {
  const Tensor weight = track(numbers({6, 4}, 1)), hidden = track(numbers({6, 6}, 2)), bias = track(numbers({6}, 3));
  Tensor h = zeros({2, 6}, float64);
  for (int step = 0; step < steps; ++step)
    h = tanh(matmul(numbers({2, 4}, 10 + step), transpose(weight)) + matmul(h, transpose(hidden)) + bias);
  const Tensor loss = sum(h * h);
  Roots roots = grad(loss, {weight, hidden, bias});
  roots.push_back(loss);
  return roots;
}

TEST_CASE("tapes longer than a plan", "[plan]") {
  SECTION("of a recurrent network") {
    check_agreement([] { return recurrent(400); });
  }
  SECTION("whose views are read by later parts, and are roots, too") {
    check_agreement([] {
      const Tensor w = numbers({3, 4}, 1), turned = transpose(w * 2), wide = broadcast_to(sum(turned), {4, 3});
      Tensor x = numbers({4, 3}, 2);
      for (int i = 0; i < 1500; ++i) x = sin(x) + wide * 1e-3 + turned;
      return Roots{x, turned, wide};
    });
  }
  SECTION("whose views have views") {
    check_agreement([] {
      const Tensor column = numbers({4, 1}, 1) * 3, view = transpose(broadcast_to(reshape(column, {1, 4}), {3, 4}));
      Tensor x = numbers({4, 3}, 2);
      for (int i = 0; i < 2500; ++i) x = cos(x) * 0.5 + view;
      return Roots{x};
    });
  }
}

TEST_CASE("a mask of one element that is in memory is read by what is planned before that is known", "[plan]") {
  const Tensor a = numbers({1}, 1), b = numbers({1}, 2), wide = numbers({4, 3}, 3);
  SECTION("through another mask") {
    check_agreement([&] {
      const Tensor root = a > 0, mask = logical_or(root, b > 0);
      return Roots{root, where(mask, a, b), wide * where(mask, b, a)};
    });
  }
  SECTION("that a reference kernel reads later on") {
    check_agreement([&] {
      const Tensor mask = logical_xor(a > 0, b > 0), flipped = flip(concat({mask, a > b}, 0), 0);
      return Roots{flipped, exp(cast(logical_and(mask, b > a), float64)) * wide, where(mask, a, b)};
    });
  }
}

// A step whose structure, sizes and numbers hang on random choices. Few of each, so that plans are met again.
Roots varying(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto choose = [&](std::uint64_t n) { return random() % n; };
  const auto rows = static_cast<std::int64_t>(1 + choose(3)), columns = static_cast<std::int64_t>(1 + choose(3));
  const double constants[] = {0.5, 2, -1};
  const double first = constants[choose(3)], second = constants[choose(3)];
  const Tensor x = track(numbers({rows, columns}, static_cast<int>(choose(4)))), y = numbers({columns}, 5);
  if (choose(8) == 0) return {exp(x) * x};
  if (choose(8) == 0) return {choose(2) ? x - sin(x) : sin(x) - x};
  if (choose(8) == 0 && rows == columns) return {sum(x, choose(2) ? 0 : 1)};
  if (choose(8) == 0 && rows == 3) {
    const auto from = static_cast<std::int64_t>(choose(2)), to = static_cast<std::int64_t>(choose(2));
    return {slice(x, 0, from, from + 2) * exp(slice(x, 0, to, to + 2))};
  }
  Tensor z = x * first + second;
  switch (choose(4)) {
    case 0:
      z = z * y;
      break;
    case 1:
      z = where(z > y, z, first);
      break;
    case 2:
      z = matmul(z, transpose(z));
      break;
    default:
      z = sum(z, {choose(2) ? 0 : -1}, keep_dims) + z;
  }
  const Tensor held = choose(2) ? z : Tensor();
  z = choose(2) ? tanh(z) : z * z;
  const Tensor loss = choose(2) ? mean(z) : sum(z) * second;
  Roots roots = grad(loss, std::vector<Tensor>{x});
  if (choose(2)) roots.push_back(loss);
  if (choose(3) == 0)
    roots = grad(sum(grad(loss, {x}, {.create_graph = true})[0] * x), std::vector<Tensor>{x}, {.allow_unused = true});
  if (held.defined() && choose(2)) roots.push_back(held);
  return roots;
}

TEST_CASE("a plan is never used for another structure, shape or constant", "[plan]") {
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    const auto record = [seed] { return varying(seed); };
    INFO("seed " << seed);
    REQUIRE(difference(compute("fused", record), compute("reference", record)) < 1e-11);
  }
}

}  // namespace
}  // namespace xgrad
