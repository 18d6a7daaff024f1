#include "autograd/ops/create.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "autograd/autograd.hpp"

namespace create_test {

using namespace xgrad;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

using Doubles = std::vector<double>;
using Whole = std::vector<std::int64_t>;

double moment(const Doubles& values, double centre, int power) {
  double sum = 0;
  for (const double value : values) sum += std::pow(value - centre, power);
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("literals become Tensors of their numbers") {
  const Tensor x = tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  CHECK(x.shape() == Shape{2, 3});
  CHECK(x.to_vector() == Doubles{1, 2, 3, 4, 5, 6});
  CHECK(tensor(2.5).shape() == Shape{});
  CHECK(tensor({2.5}).shape() == Shape{1});
  CHECK(tensor({{{1}}, {{2}}}).shape() == Shape{2, 1, 1});
  CHECK(tensor({}).shape() == Shape{0});
}

TEST_CASE("the dtype of a literal is float32 if a number has a point, else int64, or bool") {
  CHECK(tensor({1, 2}).dtype() == int64);
  CHECK(tensor({1, 2.0}).dtype() == float32);
  CHECK(tensor({{1, 2}, {3, 4.5f}}).dtype() == float32);
  CHECK(tensor({true, false}).dtype() == boolean);
  CHECK(tensor({true, 2}).dtype() == int64);
  CHECK(tensor({1, 2}, float64).dtype() == float64);
  CHECK(tensor({0.0, 0.5}, boolean).to_vector() == Doubles{0, 1});
  CHECK(tensor({}).dtype() == float32);
}

TEST_CASE("whole literals are exact to the last bit") {
  const std::int64_t odd = (std::int64_t{1} << 62) + 1;
  CHECK(tensor({odd}).to_vector<std::int64_t>() == Whole{odd});
  CHECK(tensor({2.0}, int64).to_vector<std::int64_t>() == Whole{2});
  CHECK_THROWS_AS(tensor({1.5}, int64), ValueError);
  CHECK_THROWS_AS(tensor({not_a_number}, int64), ValueError);
  CHECK_THROWS_AS(tensor({1e300}, int64), ValueError);
}

TEST_CASE("rows of different lengths are a ShapeError that shows them") {
  CHECK_THROWS_WITH(tensor({{1, 2}, {3}}),
                    Catch::StartsWith("tensor: rows of lengths 2 and 1 at axis 1, at create_test.cpp:"));
  CHECK_THROWS_AS(tensor({{1, 2}, {3}}), ShapeError);
  CHECK_THROWS_AS(tensor({{1, 2}, 3}), ShapeError);
  CHECK_THROWS_AS(tensor({1, {2, 3}}), ShapeError);
  CHECK_THROWS_AS(tensor({{{1}, {2}}, {{3}, {}}}), ShapeError);
}

TEST_CASE("a literal of more than 64 axes is a LimitError") {
  Literal deep = 1;
  for (int i = 0; i < 64; ++i) deep = Literal(std::initializer_list<Literal>{deep});
  CHECK(tensor(deep).ndim() == 64);
  deep = Literal(std::initializer_list<Literal>{deep});
  CHECK_THROWS_AS(tensor(deep), LimitError);
}

TEST_CASE("one rule gives the dtype of numbers in braces, vectors and spans alike") {
  const auto all_are = [](DType dtype, std::initializer_list<Tensor> tensors) {
    for (const Tensor& x : tensors) CHECK(x.dtype() == dtype);
  };
  const std::vector<double> doubles{1.5, 2};
  all_are(float32, {tensor({1.5, 2.0}), tensor(doubles), tensor(std::span<const double>(doubles)), tensor({1.5f, 2.0f}),
                    tensor(std::vector<float>{1.5f}), tensor({1.5L}), tensor(std::vector<long double>{1.5L}),
                    tensor(doubles, Shape{2, 1}), tensor(1.5), tensor(std::vector<double>{})});
  all_are(int64, {tensor({1, 2}), tensor(std::vector<int>{1, 2}), tensor(std::vector<std::uint8_t>{1}), tensor({'a'}),
                  tensor(std::vector<std::int64_t>{}), tensor(7u)});
  all_are(boolean, {tensor({true, false}), tensor(std::vector<bool>{true, false}), tensor(true)});
  all_are(float64, {tensor({1, 2}, float64), tensor(doubles, float64), tensor(std::vector<int>{1, 2}, float64),
                    tensor(doubles, Shape{1, 2}, float64), tensor(std::vector<bool>{true}, float64)});
  CHECK(tensor(doubles).to_vector() == tensor({1.5, 2.0}).to_vector());
}

TEST_CASE("vectors are converted to a dtype that is given, as literals are") {
  const std::vector<double> doubles{0.1, -3};
  CHECK(tensor(doubles, float64).to_vector() == doubles);
  CHECK(tensor(doubles).to_vector() == Doubles{0.1f, -3});
  CHECK(tensor(std::vector<double>{2, -7}, int64).to_vector<std::int64_t>() == Whole{2, -7});
  CHECK(tensor(std::vector<double>{0, 0.5}, boolean).to_vector() == Doubles{0, 1});
  CHECK(tensor(std::vector<bool>{true, false, true}).to_vector() == Doubles{1, 0, 1});
  CHECK(tensor(std::vector<bool>{true, false}, Shape{2, 1}, float32).to_vector() == Doubles{1, 0});
  const std::int64_t odd = (std::int64_t{1} << 62) + 1;
  CHECK(tensor(std::vector<std::int64_t>{odd}).to_vector<std::int64_t>() == Whole{odd});
  for (const double number : {1.5, 1e300, not_a_number, inf})
    CHECK_THROWS_AS(tensor(std::vector<double>{number}, int64), ValueError);
  CHECK_THROWS_WITH(tensor(std::vector<double>{1.5}, int64),
                    Catch::StartsWith("tensor: 1.5 is not an int64 number, at create_test.cpp:"));
}

TEST_CASE("vectors, spans and memory are copied") {
  std::vector<float> values{1, 2, 3, 4};
  const Tensor x = tensor(values, Shape{2, 2});
  values[0] = 100;
  CHECK(x.to_vector() == Doubles{1, 2, 3, 4});
  CHECK(x.dtype() == float32);
  CHECK(tensor(std::vector<int>{1, -2}).to_vector<std::int64_t>() == Whole{1, -2});
  CHECK(tensor(std::vector<unsigned char>{255}).dtype() == int64);
  CHECK(tensor(std::vector<long double>{0.5L}).to_vector() == Doubles{0.5});
  const int numbers[] = {7, 8, 9};
  CHECK(tensor(std::span<const int>(numbers)).to_vector() == Doubles{7, 8, 9});
  const bool truths[] = {true, false};
  CHECK(tensor(std::span<const bool>(truths)).dtype() == boolean);
  const double pi = 3.25;
  CHECK(tensor_from(&pi, {}, float64).item() == 3.25);
  CHECK(tensor_from(nullptr, {0, 2}, float64).numel() == 0);
}

TEST_CASE("a vector that does not fill the shape is a ShapeError") {
  CHECK_THROWS_AS(tensor(std::vector<float>{1, 2, 3}, Shape{2, 2}), ShapeError);
  CHECK_THROWS_WITH(tensor(std::vector<int>{1}, Shape{2}),
                    Catch::StartsWith("tensor: 1 elements do not fit shape [2], at create_test.cpp:"));
  CHECK_THROWS_AS(tensor(std::vector<float>{}, Shape{-1, 0}), ShapeError);
}

TEST_CASE("constants, and constants like another Tensor") {
  CHECK(zeros({2, 2}).to_vector() == Doubles(4, 0));
  CHECK(ones({3}, int64).to_vector() == Doubles(3, 1));
  CHECK(ones({2}, boolean).to_vector() == Doubles(2, 1));
  const Tensor x = tensor({{1.0, 2.0}}, float64);
  for (const Tensor& y : {zeros_like(x), ones_like(x), full_like(x, 7)}) {
    CHECK(y.shape() == Shape{1, 2});
    CHECK(y.dtype() == float64);
  }
  CHECK(full_like(x, 7).to_vector() == Doubles{7, 7});
  CHECK_THROWS_AS(zeros({-1}), ShapeError);
  CHECK_THROWS_AS(zeros({std::int64_t{1} << 32, std::int64_t{1} << 32}), LimitError);
}

TEST_CASE("ranges") {
  CHECK(arange(4).to_vector<std::int64_t>() == Whole{0, 1, 2, 3});
  CHECK(arange(4).dtype() == int64);
  CHECK(arange(0).numel() == 0);
  CHECK(arange(1, 2, 0.25).to_vector() == Doubles{1, 1.25, 1.5, 1.75});
  CHECK(arange(5, 0, -2).to_vector() == Doubles{5, 3, 1});
  CHECK(arange(0, -1).numel() == 0);
  CHECK(arange(2, 9, 3, int64).to_vector<std::int64_t>() == Whole{2, 5, 8});
  CHECK(arange(0, 1, 0.1, float64).numel() == 10);
}

TEST_CASE("ranges that make no sense are refused") {
  CHECK_THROWS_AS(arange(0, 1, 0), ValueError);
  CHECK_THROWS_AS(arange(0, not_a_number), ValueError);
  CHECK_THROWS_AS(arange(0, inf), ValueError);
  CHECK_THROWS_AS(arange(0, 1, 1e-300), ValueError);
  CHECK_THROWS_AS(arange(-1), ValueError);
  CHECK_THROWS_AS(arange(0, 1, 0.5, int64), ValueError);
  CHECK_THROWS_AS(arange(0, 1, 1, boolean), DTypeError);
}

TEST_CASE("evenly spaced numbers include both ends exactly") {
  CHECK(linspace(0, 1, 5).to_vector() == Doubles{0, 0.25, 0.5, 0.75, 1});
  CHECK(linspace(0.1, 0.7, 4, float64).to_vector().back() == 0.7);
  CHECK(linspace(2, 5, 1).to_vector() == Doubles{2});
  CHECK(linspace(2, 5, 0).numel() == 0);
  CHECK(linspace(5, 3, 3).to_vector() == Doubles{5, 4, 3});
  CHECK_THROWS_AS(linspace(0, 1, -1), ValueError);
  CHECK_THROWS_AS(linspace(0, not_a_number, 3), ValueError);
  CHECK_THROWS_AS(linspace(0, 1, 3, int64), DTypeError);
}

TEST_CASE("identity matrices") {
  CHECK(eye(2).to_vector() == Doubles{1, 0, 0, 1});
  CHECK(eye(2, 3, int64).to_vector() == Doubles{1, 0, 0, 0, 1, 0});
  CHECK(eye(3, 2).to_vector() == Doubles{1, 0, 0, 1, 0, 0});
  CHECK(eye(2, {}, boolean).to_vector() == Doubles{1, 0, 0, 1});
  CHECK(eye(0).shape() == Shape{0, 0});
  CHECK_THROWS_AS(eye(-1), ShapeError);
}

TEST_CASE("random Tensors are decided when they are recorded, not when they are evaluated") {
  Rng a(1), b(1);
  const Tensor first = normal({5}, a), second = uniform({4}, a);
  const Tensor first_again = normal({5}, b), second_again = uniform({4}, b);
  CHECK(second.to_vector() == second_again.to_vector());
  CHECK(first_again.to_vector() == first.to_vector());
  CHECK(a.state() == RandomState{1, 3 + 2});
}

TEST_CASE("random Tensors of one source differ, and a refused one uses nothing up") {
  Rng rng(2);
  CHECK(uniform({8}, rng).to_vector() != uniform({8}, rng).to_vector());
  const RandomState state = rng.state();
  CHECK_THROWS_AS(uniform({8}, rng, 2, 1), ValueError);
  CHECK_THROWS_AS(uniform({8}, rng, not_a_number, 1), ValueError);
  CHECK_THROWS_AS(uniform({8}, rng, 0, inf), ValueError);
  CHECK_THROWS_AS(uniform({8}, rng, 0, 1e300), ValueError);
  CHECK_THROWS_AS(uniform({8}, rng, -1.7e308, 1.7e308, float64), ValueError);
  CHECK_THROWS_AS(normal({8}, rng, 0, -1), ValueError);
  CHECK_THROWS_AS(normal({8}, rng, not_a_number), ValueError);
  CHECK_THROWS_AS(uniform({8}, rng, 0, 1, int64), DTypeError);
  CHECK_THROWS_AS(normal({-8}, rng), ShapeError);
  CHECK(rng.state() == state);
  CHECK(uniform({0, 3}, rng).numel() == 0);
  CHECK(rng.state() == state);
}

TEMPLATE_TEST_CASE("uniform numbers have the moments of the distribution", "", float, double) {
  Rng rng(3);
  const Doubles x = uniform({200, 1000}, rng, -1, 3, dtype_of<TestType>).to_vector();
  const auto [least, most] = std::minmax_element(x.begin(), x.end());
  CHECK(*least >= -1);
  CHECK(*most < 3);
  // Within five deviations of the estimates, for 200,000 numbers.
  CHECK(std::abs(moment(x, 0, 1) - 1) < 0.013);
  CHECK(std::abs(moment(x, 1, 2) - 16.0 / 12) < 0.014);
}

TEMPLATE_TEST_CASE("normal numbers have the moments of the distribution", "", float, double) {
  Rng rng(4);
  const Doubles x = normal({200001}, rng, 2, 3, dtype_of<TestType>).to_vector();
  CHECK(std::abs(moment(x, 0, 1) - 2) < 0.034);
  CHECK(std::abs(moment(x, 2, 2) - 9) < 0.15);
  CHECK(std::abs(moment(x, 2, 3) / 27) < 0.05);
  CHECK(std::abs(moment(x, 2, 4) / 81 - 3) < 0.13);
  Doubles neighbours;  // the two numbers of a block are independent
  for (std::size_t i = 0; i + 1 < x.size(); i += 2) neighbours.push_back((x[i] - 2) * (x[i + 1] - 2) / 9);
  CHECK(std::abs(moment(neighbours, 0, 1)) < 0.016);
  CHECK(normal({3}, rng, 5, 0).to_vector() == Doubles{5, 5, 5});
}

TEST_CASE("a permutation holds every number once, in another order for another seed") {
  Rng a(5), b(5), c(6);
  const Whole order = permutation(100, a).to_vector<std::int64_t>();
  CHECK(order == permutation(100, b).to_vector<std::int64_t>());
  CHECK(order != permutation(100, c).to_vector<std::int64_t>());
  Whole sorted = order;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == arange(100).to_vector<std::int64_t>());
  CHECK(permutation(0, a).numel() == 0);
  CHECK_THROWS_AS(permutation(-1, a), ValueError);
}

TEST_CASE("all orders of a permutation are equally likely") {
  Rng rng(7);
  std::vector<int> counts(27);
  for (int i = 0; i < 6000; ++i) {
    const Whole order = permutation(3, rng).to_vector<std::int64_t>();
    ++counts[static_cast<std::size_t>(order[0] * 9 + order[1] * 3 + order[2])];
  }
  int orders = 0;
  for (const int count : counts)
    if (count > 0) {
      ++orders;
      CHECK(std::abs(count - 1000) < 150);  // five deviations
    }
  CHECK(orders == 6);
}

}  // namespace create_test
