#include <catch2/catch.hpp>
#include <limits>
#include <sstream>

#include "autograd/autograd.hpp"

namespace print_test {

using namespace xgrad;

// The expected texts are what numpy 1.24 prints.

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::string floats(const Literal& values) { return tensor(values, float32).to_string(); }
std::string doubles(const Literal& values) { return tensor(values, float64).to_string(); }

Tensor counting(const Shape& shape, DType dtype) { return reshape(cast(arange(shape.numel()), dtype), shape); }

}  // namespace

TEST_CASE("floating elements are aligned at their points") {
  CHECK(floats({{1, 2.5}, {3.25, -4}}) == "[[ 1.    2.5 ]\n [ 3.25 -4.  ]]");
  CHECK(floats({0.1, 0.2, 0.3}) == "[0.1 0.2 0.3]");
  CHECK(floats({1.0 / 3, 2.0 / 3}) == "[0.33333334 0.6666667 ]");
  CHECK(doubles({1.0 / 3, 2.0 / 3}) == "[0.33333333 0.66666667]");
  CHECK(doubles({9.9999999999}) == "[10.]");
  CHECK(floats({75267568.0}) == "[75267568.]");
  CHECK(doubles({-0.0, 0.0}) == "[-0.  0.]");
}

TEST_CASE("elements of very different or extreme size are in scientific notation") {
  CHECK(doubles({1e-5, 1, 100}) == "[1.e-05 1.e+00 1.e+02]");
  CHECK(doubles({123456789.0, 1.0}) == "[1.23456789e+08 1.00000000e+00]");
  CHECK(floats({1e-10, -1}) == "[ 1.e-10 -1.e+00]");
  CHECK(doubles({1e100, 1}) == "[1.e+100 1.e+000]");
}

TEST_CASE("NaN and infinity") {
  CHECK(floats({not_a_number, 1, inf}) == "[nan  1. inf]");
  CHECK(floats({not_a_number, -inf}) == "[ nan -inf]");
}

TEST_CASE("whole numbers and bool") {
  CHECK(tensor({-1, 10, 100}).to_string() == "[ -1  10 100]");
  CHECK(tensor({true, false}).to_string() == "[ True False]");
  CHECK(counting({2, 2, 3}, int64).to_string() == "[[[ 0  1  2]\n  [ 3  4  5]]\n\n [[ 6  7  8]\n  [ 9 10 11]]]");
}

TEST_CASE("one element without axes is written alone") {
  CHECK(tensor(1.5).to_string() == "1.5");
  CHECK(tensor(3).to_string() == "3");
  CHECK(tensor(true).to_string() == "True");
  CHECK(floats(3e9) == "3000000000.0");
  CHECK(doubles(1e-5) == "1e-05");
  CHECK(floats(-inf) == "-inf");
}

TEST_CASE("no elements, and no Tensor") {
  CHECK(zeros({0, 3}).to_string() == "[]");
  CHECK(Tensor().to_string() == "undefined");
}

TEST_CASE("long rows are wrapped") {
  CHECK((counting({16}, float64) / 7).to_string() ==
        "[0.         0.14285714 0.28571429 0.42857143 0.57142857 0.71428571\n"
        " 0.85714286 1.         1.14285714 1.28571429 1.42857143 1.57142857\n"
        " 1.71428571 1.85714286 2.         2.14285714]");
}

TEST_CASE("more than 1000 elements are cut to the edges") {
  CHECK(arange(1001).to_string() == "[   0    1    2 ...  998  999 1000]");
  CHECK(counting({20, 100}, float32).to_string() ==
        "[[0.000e+00 1.000e+00 2.000e+00 ... 9.700e+01 9.800e+01 9.900e+01]\n"
        " [1.000e+02 1.010e+02 1.020e+02 ... 1.970e+02 1.980e+02 1.990e+02]\n"
        " [2.000e+02 2.010e+02 2.020e+02 ... 2.970e+02 2.980e+02 2.990e+02]\n"
        " ...\n"
        " [1.700e+03 1.701e+03 1.702e+03 ... 1.797e+03 1.798e+03 1.799e+03]\n"
        " [1.800e+03 1.801e+03 1.802e+03 ... 1.897e+03 1.898e+03 1.899e+03]\n"
        " [1.900e+03 1.901e+03 1.902e+03 ... 1.997e+03 1.998e+03 1.999e+03]]");
}

TEST_CASE("a Tensor goes to a stream, and is evaluated for that") {
  std::ostringstream out;
  out << tensor({1, 2}) + tensor({1, 1});
  CHECK(out.str() == "[2 3]");
}

}  // namespace print_test
