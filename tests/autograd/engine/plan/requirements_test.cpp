// Which values have to be in memory, and why.

#include "tests/autograd/engine/plan/stages.hpp"

namespace xgrad::fused::requirements_test {
namespace {

using testing::Stages;
using Kind = Lowering::Kind;

TEST_CASE("roots are in memory, and what they are computed from is not", "[requirements][stages]") {
  const Tensor x = numbers({3, 4}, 1), inner = exp(x), root = sin(inner);
  const Stages stages({root});
  CHECK(stages.requirement(root).materialised);
  CHECK(stages.requirement(inner).used);
  CHECK_FALSE(stages.requirement(inner).materialised);
}

TEST_CASE("what no root depends on is not used", "[requirements][stages]") {
  const Tensor a = numbers({3, 4}, 1), b = numbers({4, 3}, 2), product = matmul(a, b), root = exp(transpose(product));
  const Stages stages({root});  // of which the product is another one: that of the transposed operands
  CHECK_FALSE(stages.requirement(product).used);
}

TEST_CASE("factors are in memory, as they lie before they are transposed or repeated", "[requirements][stages]") {
  const Tensor a = exp(numbers({5, 7}, 1)), b = exp(numbers({3, 7}, 2)), turned = transpose(b);
  const Tensor root = matmul(a, turned);
  const Stages stages({root});
  CHECK(stages.requirement(a).materialised);
  CHECK(stages.requirement(b).materialised);
  CHECK_FALSE(stages.requirement(turned).materialised);
}

// Products of `rows` rows with one transposed matrix, `count` of them.
std::vector<Tensor> products_with(const Tensor& turned, std::size_t count, std::int64_t rows) {
  std::vector<Tensor> products;
  for (std::size_t i = 0; i < count; ++i)
    products.push_back(matmul(numbers({rows, turned.shape()[0]}, static_cast<int>(i) + 1), turned));
  return products;
}

TEST_CASE("a matrix that many products read transposed is transposed once", "[requirements][stages]") {
  const auto is_transposed = [](std::size_t count, std::int64_t rows, std::int64_t depth, std::int64_t columns) {
    const Tensor turned = transpose(exp(numbers({columns, depth}, 2)));
    return Stages(products_with(turned, count, rows)).requirement(turned).materialised;
  };
  CHECK(is_transposed(4, 8, 24, 40));
  CHECK(is_transposed(50, 100, 24, 40));
  CHECK_FALSE(is_transposed(3, 8, 24, 40));       // they pack it in less time
  CHECK_FALSE(is_transposed(9, 1, 24, 40));       // a row reads it as it lies,
  CHECK_FALSE(is_transposed(9, 8, 200, 40));      // as do rows that add up in lanes,
  CHECK_FALSE(is_transposed(9, 16, 300, 40));     // or pack the other factor
  CHECK_FALSE(is_transposed(9, 300, 24, 40));     // for many rows packing is little
  CHECK_FALSE(is_transposed(9, 16, 200, 3'000));  // takes much memory
  const Tensor x = exp(numbers({40, 48}, 3)), part = transpose(slice(x, 1, 8, 32));
  CHECK_FALSE(Stages(products_with(part, 9, 8)).requirement(part).materialised);  // packed from where it lies
}

TEST_CASE("products have the same bits whether their factor is transposed once or not", "[requirements]") {
  for (const DType dtype : {float32, float64}) {
    const Tensor turned = transpose(cast(numbers({40, 24}, 2), dtype));
    const auto of = [&](std::size_t first, std::size_t count) {
      std::vector<Tensor> all;
      for (std::size_t i = first; i < first + count; ++i)
        all.push_back(matmul(cast(numbers({8, 24}, static_cast<int>(i)), dtype), turned));
      evaluate(all);
      return all;
    };
    const std::vector<Tensor> together = of(0, 6);
    for (std::size_t i = 0; i < together.size(); ++i) CHECK(of(i, 1).front().to_vector() == together[i].to_vector());
  }
  check_agreement([] {
    const Tensor w = track(numbers({30, 20}, 1)), turned = transpose(w);
    Tensor h = numbers({6, 20}, 2);
    for (int step = 0; step < 6; ++step) h = slice(tanh(matmul(h, turned)), 1, 3, 23);
    return Roots{h, grad(sum(h * h), w)};
  });
}

TEST_CASE("what a program cannot read where it is needed is in memory", "[requirements][stages]") {
  const Tensor x = numbers({6, 5}, 1), inner = exp(x), indices = zeros({6, 1}, int64) + 1;
  const Tensor turned = transpose(greater(x, 0)), numbers_too = numbers({5, 6}, 2);
  const Tensor apart = broadcast_to(greater(numbers({2, 1, 3}, 3), 0), {2, 5, 3}), others = numbers({2, 5, 3}, 4);
  const Tensor gathered = gather(inner, 1, indices), chosen = where(turned, numbers_too, 0.5),
               chosen_apart = where(apart, others, 0.5);
  const Stages stages({gathered, chosen, chosen_apart});
  CHECK(stages.requirement(indices).materialised);
  CHECK(stages.requirement(turned).materialised);  // masks, which programs do not read elsewhere
  CHECK(stages.requirement(apart).materialised);
  const Tensor wide = broadcast_to(exp(numbers({5}, 4)), {6, 5}), reads_wide = x * wide;
  const Stages repeated({reads_wide});  // which a program repeats for itself
  CHECK_FALSE(repeated.requirement(wide).materialised);
}

TEST_CASE("a view is read in the memory of what it is a view of", "[requirements][stages]") {
  const Tensor x = numbers({6, 5}, 1), inner = exp(x), turned = transpose(inner), part = slice(turned, 0, 1, 4);
  const Tensor apart = broadcast_to(exp(numbers({2, 1, 3}, 2)), {2, 5, 3}), around = pad(part, 1, 1, 1);
  const Tensor a = part * 2.0, b = apart * 2.0, c = sum(around, 1);
  const Stages stages({a, b, c});
  for (const Tensor& view : {turned, part, apart, around}) CHECK_FALSE(stages.requirement(view).materialised);
  CHECK(stages.requirement(inner).materialised);
  const Tensor whole = cumsum(part, 0);
  const Stages copied({a, whole});
  CHECK(copied.requirement(part).materialised);  // as a reference kernel reads it
}

TEST_CASE("what a reference kernel reads is in memory", "[requirements][stages]") {
  const Tensor inner = exp(numbers({6, 5}, 1)), root = cumsum(inner, 1);
  const Stages stages({root});
  CHECK(stages.requirement(inner).materialised);
}

TEST_CASE("a mask in memory is computed by its reference kernel, any other by its readers", "[requirements][stages]") {
  const Tensor x = numbers({6, 5}, 1), y = numbers({6, 5}, 2), mask = x > y, other = x < y;
  const Tensor chosen = where(mask, x, y), also = where(other, x, y);
  const Stages stages({mask, chosen, also});
  CHECK(stages.requirement(mask).kind == Kind::opaque);
  CHECK(stages.requirement(other).kind == Kind::elementwise);
  CHECK_FALSE(stages.requirement(other).materialised);
  CHECK(stages.at(mask).kind == Kind::elementwise);  // the graph stays as it was
}

TEST_CASE("a value that is computed from constants alone needs no memory", "[requirements][stages]") {
  const Tensor x = numbers({6, 5}, 1), two = full({6, 5}, 2, float64), one = two * 0.5, root = x * one,
               held = two + 1.0;
  const Stages stages({root, held});
  CHECK(stages.requirement(one).uniform);
  CHECK_FALSE(stages.requirement(root).uniform);
  CHECK_FALSE(stages.requirement(held).uniform);  // which somebody wants in memory
}

}  // namespace
}  // namespace xgrad::fused::requirements_test
