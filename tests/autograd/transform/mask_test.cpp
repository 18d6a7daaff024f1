// What `where` does not choose contributes exactly 0, whatever its derivative is there.

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"

namespace xgrad::mask_test {
namespace {

using Numbers = std::vector<double>;
Tensor f64(const Literal& values) { return track(tensor(values, float64)); }
Numbers gradient(const Tensor& y, const Tensor& x) { return grad(sum(y), x).to_vector(); }

TEST_CASE("a branch that is not chosen contributes zero where its derivative is infinite") {
  const Tensor x = f64({0, 4, -1});
  CHECK(gradient(where(x > 0, sqrt(x), 0), x) == Numbers{0, 0.25, 0});
  CHECK(gradient(where(x <= 0, 0, sqrt(x)), x) == Numbers{0, 0.25, 0});
  CHECK(gradient(where(x > 0, log(x), x), x) == Numbers{1, 0.25, 1});
  CHECK(gradient(where(x > 0, 1 / x, 0), x) == Numbers{0, -1. / 16, 0});
  CHECK(gradient(where(x > 0, pow(x, -0.5), 0), x) == Numbers{0, -1. / 16, 0});
}

TEST_CASE("through several elementwise operations") {
  const Tensor x = f64({0, 4});
  CHECK(gradient(where(x > 0, 3 * exp(-sqrt(x) + 2), 0), x)[0] == 0);
  CHECK(gradient(where(x > 0, log(sqrt(x) * x) / x, 0), x)[0] == 0);
  CHECK(gradient(where(x > 0, cast(sqrt(cast(x, float32)), float64), 0), x) == Numbers{0, 0.25});
}

TEST_CASE("through reshapes, permutations and sums") {
  const Tensor x = f64({0, 4});
  CHECK(gradient(where(x > 0, reshape(sqrt(reshape(x, {2, 1})), {2}), 0), x) == Numbers{0, 0.25});
  const Tensor m = f64({{0, 4}, {1, 0}});
  CHECK(gradient(where(transpose(m) > 0, transpose(sqrt(m)), 0), m) == Numbers{0, 0.25, 0.5, 0});
  CHECK(gradient(where(flatten(m) > 0, flatten(transpose(transpose(2 * sqrt(m)))), 0), m) == Numbers{0, 0.5, 1, 0});
  CHECK(gradient(sum(where(x > 0, sqrt(x), 0)) * 2, x) == Numbers{0, 0.5});
}

TEST_CASE("nested, and both branches from one place") {
  const Tensor x = f64({0, 4, -4});
  CHECK(gradient(where(x != 0, where(x > 0, sqrt(x), sqrt(-x)), 0), x) == Numbers{0, 0.25, -0.25});
  const Tensor root = sqrt(abs(x));
  CHECK(gradient(where(x != 0, where(x > 0, root, -root), 0), x) == Numbers{0, 0.25, 0.25});
  CHECK(gradient(where(x > 0, root, 0) + where(x < 0, 2 * root, 0), x) == Numbers{0, 0.25, -0.5});
  CHECK(gradient(where(x > 0, root, where(x < 0, root, 0)), x) == Numbers{0, 0.25, -0.25});
}

TEST_CASE("an infinite factor between two choices") {
  const Tensor x = track(tensor({0.0, 4.0, -1.0}, float64));
  // The inner one chooses where the outer one does not.
  const Tensor inner = where(x >= 0, x, 0), y = where(x > 1, sqrt(inner), 0);
  CHECK(grad(sum(y), x).to_vector() == std::vector<double>{0, 0.25, 0});
}

TEST_CASE("what is chosen keeps its infinite derivative") {
  const Tensor x = f64({0, 4});
  CHECK(gradient(where(x >= 0, sqrt(x), 0), x)[0] == std::numeric_limits<double>::infinity());
  const Tensor root = sqrt(x);
  CHECK(gradient(where(x > 0, root, 0) + root, x)[0] == std::numeric_limits<double>::infinity());
}

TEST_CASE("second and third derivatives") {
  const auto f = [](const Tensor& x) { return sum(where(x > 0, sqrt(x), 0)); };
  const Tensor x = tensor({0.0, 4.0, -1.0}, float64);
  const Tensor h = hessian(f)(x);
  CHECK(h.to_vector() == Numbers{0, 0, 0, 0, -1. / 32, 0, 0, 0, 0});
  const auto once = [&](const Tensor& t) { return sum(grad(f)(t)); };
  const auto twice = [&](const Tensor& t) { return sum(grad(once)(t)); };
  CHECK(grad(twice)(x).to_vector() == Numbers{0, 3. / 256, 0});
}

TEST_CASE("a broadcast branch gets the sum of what was chosen of it") {
  const Tensor x = f64({0}), mask = tensor({true, false, false});
  CHECK(gradient(where(mask, 0, broadcast_to(x * 3, {3})), x) == Numbers{6});
  const Tensor wide = broadcast_to(sqrt(x), {3});
  CHECK(gradient(where(tensor({false, false, false}), wide, 1), x)[0] != gradient(wide, x)[0]);
}

TEST_CASE("the masks of where move with the elements") {
  const Tensor x = tensor({0.0, 4.0}, float64);
  const auto check = [&](auto f, Numbers first, Numbers second) {
    CHECK(grad(f)(x).to_vector() == first);
    CHECK(hvp(f, x, ones_like(x)).to_vector() == second);
  };
  check([](const Tensor& t) { return sum(where(t > 0, flip(sqrt(flip(t))), 0)); }, {0, 0.25}, {0, -0.03125});
  check([](const Tensor& t) { return sum(where(slice(t, 0, 0, 1) > 0, slice(sqrt(t), 0, 0, 1), 0)); }, {0, 0}, {0, 0});
  check([](const Tensor& t) { return sum(where(pad(t, 0, 1, 0) > 0, pad(sqrt(t), 0, 1, 0), 0)); }, {0, 0.25},
        {0, -0.03125});
  check(
      [](const Tensor& t) {
        return sum(where(concat({t, t}) > 0, concat({sqrt(t), sqrt(t)}), 0));
      },
      {0, 0.5}, {0, -0.0625});
  check(
      [](const Tensor& t) {
        return sum(where(t > 0, gather(sqrt(t), 0, tensor({0, 1})), 0));
      },
      {0, 0.25}, {0, -0.03125});
  check(
      [](const Tensor& t) {
        const Tensor first = select(t, 0, 0);
        return sum(where(broadcast_to(first, {3}) > 0, broadcast_to(sqrt(first), {3}), 0));
      },
      {0, 0}, {0, 0});
  check([](const Tensor& t) { return where(select(t, 0, 0) > 0, sum(sqrt(t)), 0); }, {0, 0}, {0, 0});
}

}  // namespace
}  // namespace xgrad::mask_test
