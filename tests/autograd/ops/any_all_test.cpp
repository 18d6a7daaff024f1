#include "autograd/ops/any_all.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"
#include "tests/throws.hpp"

namespace xgrad::any_all_test {
namespace {

using Numbers = std::vector<double>;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("any and all of masks, over all axes, some, and kept ones") {
  const Tensor mask = tensor({{true, false, false}, {true, true, false}});
  CHECK(any(mask).dtype() == boolean);
  CHECK(any(mask).shape() == Shape{});
  CHECK(any(mask).item() == 1);
  CHECK(all(mask).item() == 0);
  CHECK(any(mask, 0).to_vector() == Numbers{1, 1, 0});
  CHECK(all(mask, 0).to_vector() == Numbers{1, 0, 0});
  CHECK(any(!mask, -1).to_vector() == Numbers{1, 1});
  CHECK(all(mask, {0, 1}).item() == 0);
  CHECK(any(mask, 1, keep_dims).shape() == Shape{2, 1});
  CHECK(all(mask, keep_dims).shape() == Shape{1, 1});
  CHECK(any(mask, Axes{}).to_vector() == mask.to_vector());
}

TEST_CASE("any and all take every dtype: what is not 0 counts, NaN too") {
  CHECK(any(tensor({0.0, -0.0})).item() == 0);
  CHECK(any(tensor({0.0, nan})).item() == 1);
  CHECK(all(tensor({1e-45, -3.0, nan}, float32)).item() == 1);
  CHECK(all(tensor({5e-324, 0.0}, float64)).item() == 0);
  const std::int64_t huge = std::int64_t{1} << 62;
  CHECK(any(tensor({huge, -huge})).item() == 1);  // though their sum is 0
  CHECK(all(isfinite(tensor({1.0, nan}))).item() == 0);
}

TEST_CASE("of nothing, any is false and all is true") {
  const Tensor none = zeros({0, 2}) > 0;
  CHECK(any(none).item() == 0);
  CHECK(all(none).item() == 1);
  CHECK(any(none, 0).to_vector() == Numbers{0, 0});
  CHECK(all(none, 0).to_vector() == Numbers{1, 1});
  CHECK(any(none, 1).shape() == Shape{0});
  throws<AxisError>("any: sum: axis 2 is out of range for 2 axes").by([&] { return any(none, 2); });
  throws<GraphError>("all: an operand is an undefined Tensor").by([&] { return all(Tensor()); });
}

TEST_CASE("one element among very many decides") {
  const std::int64_t many = (1 << 24) + 3;
  const Tensor place = arange(many) == many - 2;
  CHECK(any(place).item() == 1);
  CHECK(all(!place).item() == 0);
  CHECK(sum(!place).item<std::int64_t>() == many - 1);  // no float32 number
  CHECK(mean(place).item() == Approx(1.0 / static_cast<double>(many)).epsilon(1e-7));
}

TEST_CASE("masks are counted in int64 and averaged in float32") {
  const Tensor mask = tensor({{true, false, true}, {true, true, false}});
  CHECK(sum(mask).dtype() == int64);
  CHECK(sum(mask).item() == 4);
  CHECK(sum(mask, 0).to_vector() == Numbers{2, 1, 1});
  CHECK(sum(mask, 1, keep_dims).shape() == Shape{2, 1});
  CHECK(sum(mask, Axes{}).dtype() == int64);
  CHECK(prod(mask, 1).to_vector() == Numbers{0, 0});
  CHECK(prod(mask, 1).dtype() == int64);
  CHECK(cumsum(mask).to_vector() == Numbers{1, 1, 2, 1, 2, 2});
  CHECK(cumsum(mask).dtype() == int64);
  CHECK(mean(mask).dtype() == float32);
  CHECK(mean(mask).item() == static_cast<double>(4.0f / 6.0f));
  CHECK(mean(mask, 0).to_vector() == Numbers{1, 0.5, 0.5});
  CHECK(max(mask, 0).dtype() == boolean);
  CHECK(max(mask, 1).to_vector() == Numbers{1, 1});
  CHECK(min(mask, 0).to_vector() == Numbers{1, 0, 0});
  CHECK(argmax(mask, 1).to_vector() == Numbers{0, 0});
  CHECK(argmin(mask, 1).to_vector() == Numbers{1, 2});
  CHECK(sum(zeros({0}) > 0).item() == 0);
  throws<ValueError>("mean: [0] f64 has no elements over these axes").by([&] { return mean(zeros({0}) > 0); });
  throws<DTypeError>("mean: needs a floating dtype, got [2] i64").by([&] { return mean(arange(2)); });
}

}  // namespace
}  // namespace xgrad::any_all_test
