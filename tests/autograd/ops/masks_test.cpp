// Arithmetic of bool: a mask beside numbers is zeros and ones; two masks are only joined.

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::masks_test {
namespace {

using Numbers = std::vector<double>;

void is(const Tensor& x, DType dtype, const Numbers& elements) {
  CHECK(x.dtype() == dtype);
  CHECK(x.to_vector() == elements);
}

const Tensor mask = tensor({true, false, true}), other = tensor({true, true, false});

TEST_CASE("a mask beside numbers takes their dtype") {
  is(mask * tensor({2.0, 3.0, 4.0}, float64), float64, {2, 0, 4});
  is(tensor({2.0, 3.0, 4.0}) - mask, float32, {1, 3, 3});
  is(mask + tensor({5, 6, 7}), int64, {6, 6, 8});
  is(tensor({1.5}) / (mask + 1.0), float32, {0.75, 1.5, 0.75});
  is(mask == tensor({1.0, 1.0, 0.0}), boolean, {1, 0, 0});
  is(maximum(mask, tensor({0.5, 0.5, 2.0})), float32, {1, 0.5, 2});
  is(where(mask, other, tensor({7.0})), float32, {1, 7, 0});
  is(mask * ones({2, 1}), float32, {1, 0, 1, 1, 0, 1});
}

TEST_CASE("a mask beside a C++ number is int64, beside one with a point float32") {
  is(1 - mask, int64, {0, 1, 0});
  is(mask * 2, int64, {2, 0, 2});
  is(mask * 0.5, float32, {0.5, 0, 0.5});
  is(0.5f + mask, float32, {1.5, 0.5, 1.5});
  is(mask == 1, boolean, {1, 0, 1});
  is(mask > 0.5, boolean, {1, 0, 1});
  is(mask == true, boolean, {1, 0, 1});
  is(pow(2.0, mask), float32, {2, 1, 2});
}

TEST_CASE("two masks are joined") {
  is(mask * other, boolean, {1, 0, 0});
  is(mask & other, boolean, {1, 0, 0});
  is(mask | other, boolean, {1, 1, 1});
  is(mask ^ other, boolean, {0, 1, 1});
  is(maximum(mask, other), boolean, {1, 1, 1});
  is(minimum(mask, other), boolean, {1, 0, 0});
  is(mask == other, boolean, {1, 0, 0});
  const Tensor x = tensor({-1.0, 0.5, 2.0});
  is((x > 0) & (x < 1), boolean, {0, 1, 0});
  Tensor joined = mask;
  joined *= other;
  is(joined, boolean, {1, 0, 0});
}

TEST_CASE("what could be read as counting or as joining is refused, and a mask never becomes numbers in place") {
  const std::string hint = " (cast makes numbers of it; |, & and ^ join masks)";
  throws<DTypeError>("add: needs numbers, got [3] bool" + hint).by([&] { return mask + other; });
  throws<DTypeError>("sub: needs numbers, got [3] bool" + hint).by([&] { return mask - other; });
  throws<DTypeError>("div: needs numbers, got [3] bool" + hint).by([&] { return mask / other; });
  throws<DTypeError>("bitwise_and: needs int64 or bool, got [3] f32").by([&] { return mask & zeros({3}); });
  throws<ShapeError>("mul: sizes 3 and 2 differ at axis 0 of shapes [3] and [2]").by([&] { return mask * ones({2}); });
  Tensor grown = mask;
  throws<DTypeError>("+=: [3] bool would become [3] i64").by([&] { grown += 1; });
  throws<DTypeError>("*=: [3] bool would become [3] f32").by([&] { grown *= ones({3}); });
  CHECK(grown.entry() == mask.entry());
}

TEST_CASE("counts and sums go on with masks") {
  Tensor correct = tensor(0), total = tensor(0.5);
  correct += sum(mask);
  correct += sum(other);
  total += mean(mask);
  CHECK(correct.item() == 4);
  CHECK(total.item() == Approx(0.5 + 2.0 / 3));
  Tensor counts = zeros({3}, int64);
  counts += mask;
  counts += other;
  is(counts, int64, {2, 1, 1});
}

TEST_CASE("derivatives flow past a mask to the numbers beside it") {
  const Tensor x = tensor({0.5, -1.0, 2.0}, float64);
  CHECK_THAT([](const Tensor& t) { return (t > 0) * t * t; }, DifferentiatesCorrectly(x).order(2));
  CHECK(grad([](const Tensor& t) { return sum(mask * t); })(x).to_vector() == Numbers{1, 0, 1});
}

}  // namespace
}  // namespace xgrad::masks_test
