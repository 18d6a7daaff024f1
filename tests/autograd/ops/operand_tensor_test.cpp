// Handles are copied once where an operation is recorded, and released where nobody has them.

#include "autograd/ops/operand_tensor.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"

namespace xgrad::operand_tensor_test {

namespace {

std::uint32_t handles(const Tensor& x) { return x.entry()->handles(); }

}  // namespace

TEST_CASE("what is recorded has one handle to each operand, and no other is left") {
  const Tensor a = tensor({{1., 2.}, {3., 4.}}), row = tensor({1., 2.});
  std::vector<Tensor> results;
  const auto count = [&](Tensor result) {
    results.push_back(std::move(result));
    return handles(a);
  };
  CHECK(handles(a) == 1);
  CHECK(count(matmul(a, a)) == 3);
  CHECK(count(matmul(a, row)) == 4);
  CHECK(count(matmul(row, a)) == 5);
  CHECK(count(reshape(a, {4})) == 6);
  CHECK(count(transpose(a)) == 7);
  CHECK(count(permute(a, {1, 0})) == 8);
  CHECK(count(broadcast_to(a, {3, 2, 2})) == 9);  // by way of a reshape
  CHECK(count(slice(a, 0, 1, {})) == 10);
  CHECK(count(reshape(a, {2, 2})) == 11);  // is the same entry
  CHECK(count(transpose(a, 0, 0)) == 12);
  results.clear();
  CHECK(handles(a) == 1);
}

TEST_CASE("what an operand has to read is moved into what is recorded") {
  const Parameter weight(tensor({{1., 2.}, {3., 4.}}));
  const Tensor value = weight.value();
  const std::uint32_t before = handles(value);
  {
    const Tensor turned = transpose(weight), product = matmul(weight, weight), same = reshape(weight, {2, 2});
    CHECK(handles(value) == before + 4);
  }
  CHECK(handles(value) == before);
  CHECK_THROWS_AS(matmul(Tensor(), value), GraphError);
  CHECK_THROWS_AS(reshape(Tensor(), {2}), GraphError);
  CHECK(handles(value) == before);
}

}  // namespace xgrad::operand_tensor_test
