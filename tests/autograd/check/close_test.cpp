#include "autograd/check/close.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace xgrad::close_test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("difference tells the worst element") {
  const Tensor a = tensor({{1.0, 2.0}, {3.0, 4.0}}, float64), b = tensor({{1.0, 2.5}, {3.25, 4.0}}, float64);
  CHECK(difference(a, a, 0, 0).empty());
  CHECK(difference(a, b, 0, 0) == "2 of 4 elements differ, most at [0, 1]: 2 is not 2.5");
  CHECK(difference(a, b, 0, 0.5).empty());
  CHECK(difference(a, b, 0.1, 0) == "1 of 4 elements differ, most at [0, 1]: 2 is not 2.5");
}

TEST_CASE("difference tells shapes and dtypes apart") {
  CHECK(difference(zeros({2}), zeros({2, 1}), 1, 1) == "[2] f32 is not [2, 1] f32");
  CHECK(difference(zeros({2}), zeros({2}, float64), 1, 1) == "[2] f32 is not [2] f64");
  CHECK(difference(Tensor(), zeros({2}), 1, 1) == "one is undefined: undefined and [2] f32");
}

TEST_CASE("infinities equal themselves, NaN nothing unless asked") {
  const auto one = [](double x) { return tensor(x, float64); };
  CHECK(difference(one(infinity), one(infinity), 0, 0).empty());
  CHECK_FALSE(difference(one(infinity), one(-infinity), 1, 1).empty());
  CHECK_FALSE(difference(one(1), one(infinity), 1, 1).empty());
  CHECK_FALSE(difference(one(infinity), one(1), 1, 1).empty());
  CHECK_FALSE(difference(one(not_a_number), one(1), 1, 1).empty());
  CHECK_FALSE(difference(one(1), one(not_a_number), 1, 1).empty());
  CHECK_FALSE(difference(one(not_a_number), one(not_a_number), 1, 1).empty());
  CHECK(difference(one(not_a_number), one(not_a_number), 0, 0, true).empty());
}

TEST_CASE("AllClose is a matcher") {
  const Tensor a = tensor({1.0, 2.0});
  CHECK_THAT(a, AllClose(a));
  CHECK_THAT(a + 1e-6, AllClose(a));
  CHECK_FALSE(AllClose(a).match(a + 1e-3));
  CHECK_THAT(a + 1e-3, AllClose(a, 0, 1e-2));
  const AllClose matcher(a);
  matcher.match(a + 1);
  CHECK(matcher.toString().find("2 of 2 elements differ, most at") != std::string::npos);
  CHECK_THAT(a * not_a_number, AllClose(a * not_a_number).equal_nan());
}

}  // namespace
}  // namespace xgrad::close_test
