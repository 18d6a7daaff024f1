#include "tests/apart.hpp"

#include <catch2/catch.hpp>

#include "tests/autograd/engine/agreement.hpp"

namespace xgrad::apart_test {

TEST_CASE("a NaN on one side is no agreement") {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  CHECK(apart(1, nan) == infinity);
  CHECK(apart(nan, -infinity) == infinity);
  CHECK(apart(infinity, -infinity) == infinity);
  CHECK(apart(nan, nan) == 0);
  CHECK(apart(infinity, infinity) == 0);
  CHECK(apart(3, 1) == 2);
  CHECK(difference({{1, 2}}, {{1, nan}}) == infinity);
  CHECK(difference({{nan, 2}}, {{1, 2}}) == infinity);
  CHECK(difference({{infinity, 2}}, {{infinity, 2}}) == 0);
  CHECK(difference({{1, 2}}, {{infinity, 2}}) == infinity);
}

}  // namespace xgrad::apart_test
