#include "autograd/ops/add_taken.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"

namespace xgrad::add_taken_test {

TEST_CASE("a sum that takes its handles over is that sum") {
  const Tensor a = tensor({1., 2.}), b = tensor({10., 20.}), number = tensor({5.});
  CHECK(add_taken(a, b).to_vector() == std::vector<double>{11, 22});
  CHECK(add_taken(a, number).to_vector() == std::vector<double>{6, 7});
  Tensor given = a;
  const Tensor sum = add_taken(std::move(given), b);
  CHECK(!given.defined());
  CHECK(a.entry()->handles() == 2);
  CHECK_THROWS_AS(add_taken(a, tensor({1., 2., 3.})), ShapeError);
}

}  // namespace xgrad::add_taken_test
