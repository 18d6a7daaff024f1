// What the planner makes of matrix products, against the reference kernels.

#include "tests/autograd/engine/agreement.hpp"
#include "tests/skip.hpp"

namespace xgrad::graph_test {
namespace {

TEST_CASE("products that are read transposed", "[graph]") {
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

TEST_CASE("what is transposed twice is read where it lies", "[graph]") {
  const Tensor x = numbers({4, 300}, 1), weight = numbers({200, 300}, 2), scale = numbers({200}, 3);
  const auto record = [&] {
    const Tensor turned = transpose(weight), inputs = track(x);
    return grad(sum(tanh(matmul(inputs, turned)) * scale), {inputs});
  };
  check_agreement(record);
  if (engine() != "fused") return skip("the engine is not the fused one");
  reset_peak_memory();
  const std::size_t before = memory_use().live;
  evaluate(record());
  CHECK(memory_use().peak - before < static_cast<std::size_t>(weight.numel()) * sizeof(double) / 2);
}

TEST_CASE("what a product reads through several views is computed before it", "[graph]") {
  const Tensor a = numbers({7, 4}, 1), b = numbers({4, 6}, 2), x = numbers({5, 3, 6}, 3), y = numbers({5, 2, 7}, 4);
  check_agreement([&] {
    const Tensor late = tanh(matmul(a, b)), wide = broadcast_to(late, {5, 7, 6});
    return Roots{matmul(x, transpose(wide)), matmul(y, transpose(transpose(wide))),
                 matmul(x, transpose(broadcast_to(reshape(transpose(transpose(late)), {1, 7, 6}), {5, 7, 6})))};
  });
}

TEST_CASE("what is transposed and then reshaped is no matrix that lies transposed", "[graph]") {
  const Tensor x = numbers({4, 6}, 1), y = numbers({8, 2}, 2), z = numbers({2, 4, 6}, 3);
  check_agreement([&] { return Roots{matmul(reshape(transpose(x), {3, 8}), y)}; });
  check_agreement([&] { return Roots{transpose(reshape(transpose(x), {3, 8})) * 2}; });
  check_agreement([&] { return Roots{transpose(reshape(transpose(numbers({12, 2}, 4)), {2, 3, 4})) + 1}; });
  check_agreement([&] { return Roots{matmul(reshape(transpose(z), {2, 3, 8}), y)}; });
  check_agreement([&] { return Roots{matmul(reshape(transpose(x), {2, 3, 4}), numbers({2, 4, 5}, 5))}; });
  check_agreement([&] { return Roots{matmul(reshape(transpose(x), {1, 6, 4}), numbers({1, 4, 5}, 6))}; });
}

TEST_CASE("a matrix that multiplies a batch is read where it lies", "[graph]") {
  const Tensor a = numbers({5, 30}, 1), x = numbers({64, 30, 4}, 2), y = numbers({64, 4, 30}, 3);
  const auto record = [&] {
    const Tensor matrix = track(a), inputs = track(x);
    const Tensor product = matmul(matrix, inputs) + transpose(matmul(y, transpose(matrix)));
    return grad(sum(tanh(product) * product), {matrix, inputs});
  };
  check_agreement(record);
  check_agreement([&] {
    return Roots{matmul(a, x), matmul(broadcast_to(transpose(a), {64, 30, 5}), numbers({64, 5, 3}, 4))};
  });
  check_agreement([&] { return Roots{matmul(a, numbers({2, 3, 30, 4}, 5))}; });
  check_agreement([&] {
    return Roots{matmul(x, broadcast_to(numbers({4, 7}, 9), {64, 4, 7})), transpose(matmul(a, x))};
  });
  // Those whose batch is repeated in another way, those that others need in memory, and those that are computed.
  check_agreement([&] { return Roots{matmul(numbers({2, 1, 5, 30}, 6), numbers({2, 3, 30, 4}, 7))}; });
  check_agreement([&] { return Roots{matmul(numbers({3, 5, 30}, 6), numbers({2, 3, 30, 4}, 7))}; });
  check_agreement([&] {
    const Tensor repeated = broadcast_to(a, {64, 5, 30});
    return Roots{repeated, matmul(repeated, x)};
  });
  check_agreement([&] {
    return Roots{matmul(exp(a), x),
                 matmul(reshape(broadcast_to(a, {64, 5, 30}), {64, 10, 15}), numbers({64, 15, 2}, 8))};
  });
  if (engine() != "fused") return skip("the engine is not the fused one");
  reset_peak_memory();
  const std::size_t before = memory_use().live;
  evaluate(Roots{matmul(a, x)});
  CHECK(memory_use().peak - before < static_cast<std::size_t>(64 * 5 * 4 + 5 * 30) * sizeof(double) + 4096);
}

TEST_CASE("vectors that are transposed lie as they lay", "[graph]") {
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

TEMPLATE_TEST_CASE("a product that is only added to something has the bits of the product and the sum", "[graph]",
                   float, double) {
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

TEST_CASE("products that are added to something", "[graph]") {
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

TEST_CASE("products that are added up are in memory one at a time", "[graph]") {
  if (engine() != "fused") return skip("the engine is not the fused one");
  Tensor total = numbers({50, 60}, 1);
  for (int i = 2; i < 10; ++i) total = total + matmul(numbers({50, 3}, i), numbers({3, 60}, 10 * i));
  reset_peak_memory();
  const std::size_t before = memory_use().live;
  evaluate(total);
  CHECK(memory_use().peak - before < 3 * 50 * 60 * sizeof(double));
}

}  // namespace
}  // namespace xgrad::graph_test
