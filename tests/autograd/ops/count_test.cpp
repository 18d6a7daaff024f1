// Counts beyond 2^24, the largest up to which float32 has every whole number.

#include "autograd/ops/count.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

namespace xgrad::count_test {
namespace {

constexpr std::int64_t many = (1 << 24) + 1;

TEST_CASE("a total is divided by the exact count") {
  for (const std::int64_t count : {std::int64_t{1}, std::int64_t{3}, many, 3 * many, std::int64_t{1} << 40}) {
    const float total = 50331652;
    const Tensor x = track(tensor(total)), quotient = divide_by_count(x, count);
    CHECK(quotient.dtype() == float32);
    CHECK(quotient.item<float>() == static_cast<float>(double{total} / static_cast<double>(count)));
    CHECK(grad(quotient, x).item<float>() == static_cast<float>(1 / static_cast<double>(count)));
    CHECK(divide_by_count(tensor(1.0, float64), count).item() == 1 / static_cast<double>(count));
  }
}

TEST_CASE("means of more elements than float32 can count are those of their elements") {
  for (const float number : {1.0f, 3.0f, 0.1f, -1e30f}) {
    const Tensor one = track(tensor(number)), x = broadcast_to(one, {many}), y = mean(x);
    CHECK(y.item<float>() == number);
    CHECK(grad(y, one).item() == Approx(1).epsilon(1e-7));
  }
  const Tensor infinite = broadcast_to(tensor(std::numeric_limits<double>::infinity()), {many});
  CHECK(std::isinf(mean(infinite).item()));
}

TEST_CASE("variances and losses of more elements than float32 can count") {
  // Halves above and below, and one in the middle.
  const Tensor half = broadcast_to(tensor({-1.0, 1.0}), {many / 2, 2});
  const Tensor x = concat({reshape(half, {many - 1}), tensor({0.0})});
  CHECK(var(x).item() == 1);
  CHECK(var(x, all_axes, 0).item<float>() == static_cast<float>((many - 1) / static_cast<double>(many)));
  CHECK(nn::reduce(0 * x + 3, nn::Reduction::batch_mean).item() == 3);
  const Tensor labels = concat({broadcast_to(tensor({0}), {many}), tensor({-100, -100, -100})}) + 0;
  const Tensor scores = broadcast_to(tensor(-3.0), {many + 3, 1});
  CHECK(nn::nll_loss(scores, labels).item() == 3);
}

}  // namespace
}  // namespace xgrad::count_test
