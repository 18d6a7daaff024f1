// What the planner cuts into parts and remembers, against the reference kernels.

#include "autograd/engine/products/gemm.hpp"
#include "autograd/engine/run/plan_run.hpp"
#include "tests/autograd/engine/agreement.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace xgrad::plan_test {

using fused::testing::Threads;

namespace {

// Rows that are computed in two phases and what lies in between: in a result's place, or two in that of one, or beside
// what is still read.
Roots in_phases(std::int64_t rows, std::int64_t columns) {
  const Tensor x = numbers({rows, columns}, 1), y = numbers({rows, columns}, 2), e = exp(x), s = sin(x);
  const Tensor total = sum(e, 1, keep_dims), other = sum(s, 1, keep_dims), share = e / total, second = s * other;
  const Tensor difference = share - mean(share, 1, keep_dims), third = e * mean(share, 1, keep_dims);
  return {share, second, e * total + s * other, share + y, e * other, sum(share * second, 1), difference, third};
}

TEST_CASE("a mask that is made of one in memory is repeated for each row", "[plan]") {
  const Tensor chosen = numbers({8, 9}, 1) > 0.2, scores = numbers({3, 8, 9}, 2), data = numbers({8, 9}, 3);
  evaluate(chosen);
  check_agreement([&] { return Roots{where(logical_or(data < 0.1, chosen), scores, -1e9)}; });
  check_agreement([&] {
    const Tensor x = track(scores), weights = softmax(where(logical_or(data < 0.1, chosen), x, -1e9), -1);
    return Roots{weights, grad(sum(square(weights)), x)};
  });
}

TEST_CASE("values lie in the place of results until a later phase reads them", "[plan]") {
  for (const std::int64_t columns : {9, 100}) {
    check_agreement([&] { return in_phases(20, columns); });
    for (std::size_t first = 0; first < 8; ++first)
      for (std::size_t last = first; last < 8; ++last)
        check_agreement([&] {
          const Roots all = in_phases(20, columns);
          return first == last ? Roots{all[first]} : Roots{all[first], all[last]};
        });
  }
}

// Numbers computed from constants alone, read by element, by row, whole, and as results.
Roots from_constants(std::int64_t rows, std::int64_t columns) {
  const Tensor x = track(numbers({rows, columns}, 1)), two = full({rows, columns}, 2, float64), one = two - 1;
  const Tensor number = full({}, 3, float64) * 0.5, row = broadcast_to(number + 1, {rows, 1});
  const Tensor y = pow(exp(x), 2.5) * one + x * exp(row) + where(one == 1, x, two * one);
  Roots roots = {y, sum(one * two, 1), matmul(one, transpose(x)), sum(x * (two + one), 0), two / one, number * 2};
  for (const Tensor& gradient : grad(sum(y * y), {x})) roots.push_back(gradient);
  roots.push_back(gather(two * one, 1, zeros({rows, 1}, int64)) * x);
  return roots;
}

TEST_CASE("what is computed from constants alone is one number", "[plan]") {
  check_agreement([] { return from_constants(9, 9); });
  check_agreement([] { return from_constants(100, 100); });
  check_agreement([] { return from_constants(1, 1); });
  check_agreement([] { return from_constants(1, 100); });
  for (std::size_t root = 0; root < 8; ++root) check_agreement([&] { return Roots{from_constants(5, 70)[root]}; });
  check_agreement([] {
    const Tensor y = exp(numbers({70, 70}, 1)), two = full({70, 70}, 2, float64);
    return Roots{y * (two * 3), two};
  });
}

// A column of each row.
Tensor columns_of(std::int64_t rows, std::int64_t columns, std::int64_t step) {
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < rows; ++i) places.push_back((i * i * 7 + i * step) % columns);
  return reshape(tensor(places), {rows, 1});
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
  // Nobody holds the product when they are evaluated, unless it is a root.
  const auto following = [&]() -> Roots {
    const Tensor product = matmul(x, layer.turned ? transpose(weight) : weight);
    if (apart) evaluate(product);
    if (which == 0) return {where(product + bias > 0, product + bias, 0)};
    if (which == 1) return {1 / (1 + exp(-(product * column + bias))), product};
    if (which == 2) return {where(y > 0, product, 0), sum(where(y > 0, product, 0), 0)};
    if (which == 3) return {tanh(product)};
    if (which == 4) return {sum(product * product, 1), exp(product - bias)};
    return {matmul(transpose(y), where(product > bias, y, product))};
  };
  const Roots roots = following();
  evaluate(roots);
  std::vector<std::vector<double>> values;
  for (const Tensor& root : roots) values.push_back(root.to_vector());
  return values;
}

TEST_CASE("programs run on the parts of products have the bits of those that run afterwards", "[plan][threads]") {
  const Threads scope;
  const std::int64_t runs = fused::epilogue_runs();
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
  if (engine() == "fused") CHECK(fused::epilogue_runs() - runs > 100);
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
Roots gather_from(std::int64_t rows, std::int64_t columns) {
  const Tensor x = track(numbers({rows, columns}, 1)), row = numbers({columns}, 2), y = numbers({rows, columns}, 3);
  const Tensor index = columns_of(rows, columns, 1), other = columns_of(rows, columns, 3);
  const auto gathered = [&](const Tensor& value) { return gather(value, 1, index); };
  const Tensor shifted = x - max(x, 1, keep_dims), e = exp(shifted), scaled = x * row + y;
  const Tensor masked = where(logical_and(x > 0, row > y), scaled, e), large = cast(y > 0.25, float64);
  const Tensor scattered = scatter_add(zeros({rows, columns}, float64), 1, other, sum(e, 1, keep_dims));
  const Tensor total =
      gathered(e / sum(e, 1, keep_dims)) + gathered(masked) * gathered(row + y) + gathered(where(y > 0, x, 2));
  const Tensor loss =
      sum(total + gathered(scattered * x) - gathered(matmul(x, transpose(x)) - x * 2) * gather(x, 1, other));
  Roots roots = grad(loss, {x});
  for (const Tensor& root :
       {loss, gathered(scaled), scaled, gathered(x), gathered(large), gather(tanh(scattered), 1, index)})
    roots.push_back(root);
  return roots;
}

TEST_CASE("what is gathered from a value is computed from what is gathered from its operands", "[plan]") {
  check_agreement([] { return gather_from(9, 9); });
  check_agreement([] { return gather_from(100, 100); });
  check_agreement([] { return gather_from(1, 1); });
}

// What is scattered into one or two elements of each row, alone and in sums, and read before and after.
Roots scatter_into(std::int64_t rows, std::int64_t columns) {
  const Tensor x = track(numbers({rows, columns}, 1));
  const Tensor index = columns_of(rows, columns, 1), other = columns_of(rows, columns, 3);
  const Tensor zero = zeros({rows, columns}, float64), e = exp(x), total = sum(e, 1, keep_dims);
  const Tensor one = scatter_add(zero, 1, index, total), two = one + scatter_add(zero, 1, other, sum(x, 1, keep_dims));
  const Tensor deep = where(two > 1, e / total - two, tanh(one) * x);
  Roots roots = {one, two, deep, exp(two), scatter_add(x, 1, index, total), gather(deep, 1, other), sum(deep * x, 1)};
  for (const Tensor& gradient : grad(sum(log(total) - gather(x, 1, index)), {x})) roots.push_back(gradient);
  return roots;
}

TEST_CASE("what is scattered into a row is computed for that element alone", "[plan]") {
  check_agreement([] { return scatter_into(9, 9); });
  check_agreement([] { return scatter_into(100, 100); });
  check_agreement([] { return scatter_into(1, 1); });
  check_agreement([] { return Roots{scatter_into(9, 9)[0]}; });
  check_agreement([] { return Roots{scatter_into(9, 100)[2], scatter_into(9, 100)[7]}; });
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

TEST_CASE("a mask of rows that is computed from one in memory", "[plan]") {
  const Tensor x = numbers({50, 1}, 1), a = numbers({50, 16}, 2), b = numbers({50, 16}, 3);
  for (const bool whole : {false, true})
    check_agreement([&] {
      const Tensor mask = x > 0.2, other = logical_not(mask);
      const Tensor spread = broadcast_to(whole ? logical_or(other, x > 0.9) : other, {50, 16});
      return Roots{mask, where(spread, a, b), sum(where(spread, a * b, b), 1)};
    });
  check_agreement([&] {
    const Tensor total = sum(a, 1, keep_dims), mask = total > 0.2;
    return Roots{mask, a * where(logical_not(mask), total, exp(total))};
  });
}

TEST_CASE("a mask that is computed from one in memory is read for each column", "[plan]") {
  const Tensor x = numbers({16}, 1), a = numbers({50, 16}, 2), b = numbers({50, 16}, 3);
  check_agreement([&] {
    const Tensor mask = x > 0.2, other = logical_or(logical_not(mask), x > 0.9);
    const Tensor spread = broadcast_to(logical_and(other, logical_or(mask, other)), {50, 16});
    return Roots{mask, where(spread, a, b), sum(where(spread, a * b, b), 0)};
  });
  // The Hessian by vmap: what logsumexp subtracts is masked, and so are all examples at once.
  check_agreement([&] {
    const auto f = [&](const Tensor& t) { return logsumexp(matmul(a, t)); };
    return Roots{hessian(f)(x)};
  });
}

TEST_CASE("a plan is never used for another structure, shape or constant", "[plan]") {
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    const auto record = [seed] { return varying(seed); };
    INFO("seed " << seed);
    REQUIRE(difference(compute("fused", record), compute("reference", record)) < 1e-11);
  }
}

TEST_CASE("a plan for equal constants is none for 0 and -0", "[plan]") {
  const Tensor x = tensor({1.0, 2.0}, float64);
  const auto quotients = [&](double a, double b) {
    return Roots{1 / (x * full({2}, a, float64)), 1 / (x * full({2}, b, float64))};
  };
  for (const auto& [a, b] : {std::pair{2.0, 2.0}, {0.0, -0.0}, {0.0, 0.0}})
    check_agreement([&, a = a, b = b] { return quotients(a, b); });
}

TEST_CASE("a plan for equal values is none for those of two primitives", "[plan]") {
  const Tensor x = numbers({3, 4}, 1);
  for (const bool equal : {true, false})
    check_agreement([&] { return Roots{argmax(x, 1) * 10 + (equal ? argmax(x, 1) : argmin(x, 1))}; });
}

TEST_CASE("a plan is none for leaves of another shape or dtype", "[plan]") {
  for (const std::int64_t size : {3, 70, 5}) check_agreement([x = numbers({size}, 1)] { return Roots{exp(x) * x}; });
  for (const DType dtype : {float32, float64, int64, boolean, float32}) {
    const Tensor x = cast(numbers({9}, 1) * 3.0, dtype), y = cast(numbers({9}, 2) * 3.0, dtype);
    evaluate(Roots{x, y});
    check_agreement([&] { return Roots{cast(x, float64) * 2.0, cast(x == y, float64) + 1.0}; });
    const Tensor p = cast(numbers({9}, 3), float32), q = cast(numbers({9}, 4), float32);
    evaluate(Roots{p, q});
    check_agreement([&] { return Roots{where(x < y, p, q) * p}; });
  }
}

TEST_CASE("one mask chooses among numbers of two dtypes", "[plan]") {
  const Tensor mask = numbers({70}, 1) > 0, x = numbers({70}, 2), y = cast(numbers({70}, 3), float32);
  evaluate(Roots{mask, y});
  check_agreement([&] { return Roots{where(mask, x, 1.0), where(mask, y, cast(2, float32)), x * x, y * y}; });
}

TEST_CASE("many elements are chosen by a mask in memory", "[plan]") {
  const Tensor x = numbers({100'000}, 1), y = numbers({100'000}, 2), mask = x > y;
  evaluate(mask);
  check_agreement([&] { return Roots{where(mask, x, y)}; });
}

TEST_CASE("a plan for random numbers from equal sources is one for others", "[plan]") {
  for (const std::uint64_t seed : {1, 2}) {
    check_agreement([&] {
      Rng one(1), other(seed);
      return Roots{uniform({50}, one, 0, 1, float64) - uniform({50}, other, 0, 1, float64)};
    });
  }
}

}  // namespace
}  // namespace xgrad::plan_test
