// Windows that tile their axes are a view, with the elements that windows of any kind have.

#include "autograd/ops/windows.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace xgrad::windows_test {
namespace {

struct Tiles {
  Shape shape;
  std::vector<Window> windows;
};

const Tiles all_tiles[] = {{{2, 3, 4, 6}, {{2, 2, 2}, {3, 3, 3}}},
                           {{2, 3, 4, 6}, {{3, 2, 2}, {1, 3, 3}}},
                           {{6, 5}, {{0, 3, 3}}},
                           {{5, 6}, {{-1, 6, 6}}},
                           {{4, 3}, {{1, 1, 1}, {0, 2, 2}}},
                           {{0, 4}, {{0, 2, 2}, {1, 2, 2}}}};

/// With one more element on each axis that has windows, which is in none of them: windows that do not tile it.
Tensor extended(Tensor x, const std::vector<Window>& windows) {
  for (const Window& window : windows)
    if (window.size > 1) x = pad(x, window.axis, 0, 1, 1);
  return x;
}

Tensor counted(const Shape& shape, DType dtype) { return cast(reshape(arange(shape.numel()), shape), dtype); }

}  // namespace

TEST_CASE("windows that tile an axis have the elements of windows that do not") {
  for (const auto& [shape, windows] : all_tiles)
    for (const DType dtype : {float32, float64, int64, boolean})
      for (const WindowAxes axes : {WindowAxes::last, WindowAxes::before}) {
        CAPTURE(shape, dtype);
        const Tensor x = counted(shape, dtype), larger = extended(x, windows);
        REQUIRE(tile(std::vector{Window{0, 1}}, {1}));
        const Tensor y = unfold(x, windows, 0, axes), expected = unfold(larger, windows, 0, axes);
        REQUIRE(y.shape() == expected.shape());
        CHECK(y.dtype() == dtype);
        CHECK(y.to_vector() == expected.to_vector());
        if (dtype == boolean) continue;
        const Tensor back = fold(y, shape, windows, axes);
        REQUIRE(back.shape() == shape);
        CHECK(back.dtype() == dtype);
        CHECK(back.to_vector() == x.to_vector());
      }
}

TEST_CASE("windows that tile an axis move no elements, and differentiate to any order") {
  const std::vector<Window> windows{{1, 2, 2}, {0, 3, 3}};
  const Tensor x = track(counted({6, 4}, float64) * 0.1);
  const Tensor loss = sum(pow(unfold(x, windows, 0, WindowAxes::last), 3.0));
  const Tensor slope = grad(loss, x, {.create_graph = true});
  CHECK(slope.to_vector() == (3 * square(x)).to_vector());
  CHECK(grad(sum(slope), x).to_vector() == (6 * x).to_vector());
  CHECK_THAT(([&](const Tensor& t) {
               return fold(square(unfold(t, windows)), {6, 4}, windows);
             }),
             DifferentiatesCorrectly(stop_gradient(x)).order(2));
}

TEST_CASE("what tiles an axis is asked of the whole window") {
  CHECK(Window{0, 2, 2}.tiles(6));
  CHECK(Window{0, 2, 2}.tiles(0));
  CHECK(Window{0, 1, 1, 7}.tiles(3));
  CHECK_FALSE(Window{0, 2, 2}.tiles(5));
  CHECK_FALSE(Window{0, 2, 1}.tiles(6));
  CHECK_FALSE(Window{0, 2, 3}.tiles(6));
  CHECK_FALSE(Window{0, 2, 2, 2}.tiles(6));
  CHECK_FALSE(Window{0, 2, 2, 1, 1, 1}.tiles(6));
}

}  // namespace xgrad::windows_test
