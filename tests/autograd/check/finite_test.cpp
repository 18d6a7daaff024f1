#include "autograd/check/finite.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"
#include "tests/throws.hpp"

namespace xgrad::finite_test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// The message of the error, or "" for none.
template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const ValueError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("check_finite lets finite Tensors and whole numbers pass") {
  CHECK_NOTHROW(check_finite(tensor({{1.0, 2.0}})));
  CHECK_NOTHROW(check_finite(tensor({1, 2})));
  CHECK_NOTHROW(check_finite(zeros({0})));
  CHECK_NOTHROW(check_finite(where(tensor({true, false}), 1 / tensor({1.0, 0.0}), 0)));  // dropped in between
}

TEST_CASE("NaN and infinity in data are found with row and column") {
  throws<ValueError>("check_finite: the data holds nan at [1, 0] of [2, 2] f32").by([] {
    check_finite(exp(tensor({{1.0, 2.0}, {not_a_number, 3.0}})));
  });
  throws<ValueError>("check_finite: the data holds inf at [2] of [3] f64").by([] {
    check_finite(tensor({1.0, 2.0, infinity}, float64) * 2);
  });
}

TEST_CASE("the entry that makes a NaN is named with its line") {
  const Tensor x = tensor({0.5, -1.0, 2.0}, float64);
  const int line = __LINE__ + 1;
  const Tensor root = sqrt(x);
  const Tensor loss = sum(exp(root) * 3);
  CHECK(message_of([&] { check_finite(loss); }) ==
        "check_finite: sqrt gives -nan at [1] of [3] f64, at finite_test.cpp:" + std::to_string(line));
}

TEST_CASE("x log x at 0: the product makes the NaN, and the logarithm the infinity before it") {
  const Tensor x = tensor({1.0, 0.0}, float64);
  const Tensor l = log(x);
  const Tensor y = x * l;
  const std::string place = "finite_test.cpp:" + std::to_string(__LINE__ - 1);
  const std::string before = "finite_test.cpp:" + std::to_string(__LINE__ - 3);
  const std::string message = message_of([&] { check_finite(sum(y)); });
  CHECK(message.find("mul gives") != std::string::npos);
  CHECK(message.find("at [1] of [2] f64; before it, log gives -inf at [1] of [2] f64, at " + before) !=
        std::string::npos);
  CHECK(message.find(", at " + place) != std::string::npos);
}

TEST_CASE("a NaN injected at any entry of 200 is found there") {
  for (int at = 0; at < 200; ++at) {
    Tensor x = tensor({0.5, 0.25}, float64);
    int line = 0;
    for (int i = 0; i < 200; ++i) {
      const double shift = i == at ? not_a_number : 0.125;
      line = __LINE__ + 1;
      x = i % 2 ? x * cos(x) : x + sin(x) / 3;
      if (i == at) x = maximum(x, tensor({1.0, shift}, float64));
    }
    const std::string message = message_of([&] { check_finite(x); });
    CHECK(message ==
          "check_finite: the data holds nan at [1] of [2] f64, at finite_test.cpp:" + std::to_string(line + 1));
  }
}

TEST_CASE("check_finite reads gradients, with the line of the operation they belong to") {
  const Tensor x = track(tensor({1.0, 0.0}, float64));
  const Tensor root = sqrt(x * x);
  const std::string place = "finite_test.cpp:" + std::to_string(__LINE__ - 1);
  const Tensor gradient = grad(sum(root), x);
  const std::string message = message_of([&] { check_finite(gradient); });
  CHECK(message.find(place) != std::string::npos);
  CHECK(message.find("nan at [1]") != std::string::npos);
}

TEST_CASE("a FiniteScope stops at the entry that goes wrong") {
  const FiniteScope scope;
  const Tensor x = tensor({1.0, 0.0}, float64);
  CHECK_NOTHROW(exp(x));
  throws<ValueError>("FiniteScope: log gives -inf at [1] of [2] f64").by([&] { return log(x); });
  throws<ValueError>("FiniteScope: div gives inf at [1] of [2] f64").by([&] { return 1 / x; });
  throws<ValueError>("mean: FiniteScope: sum gives inf at [0] of [1] f64").by([&] { return mean(x + 1.7e308); });
  CHECK_NOTHROW(where(x > 0, x, -infinity) * 2);  // meant to be infinite
}

TEST_CASE("a FiniteScope tells a backward NaN by its forward line") {
  const Tensor x = track(tensor({0.0, 4.0}, float64));
  Tensor root;
  root = sqrt(x);
  const int line = __LINE__ - 1;
  const Tensor loss = sum(root);
  const FiniteScope scope;
  const std::string message = message_of([&] { return grad(loss, x); });
  CHECK(message == "sqrt: FiniteScope: div gives inf at [0] of [2] f64, at finite_test.cpp:" + std::to_string(line));
}

TEST_CASE("after a FiniteScope evaluation is lazy again") {
  { const FiniteScope scope; }
  const Tensor y = tensor({1.0}) / 0;
  CHECK_FALSE(y.evaluated());
}

}  // namespace
}  // namespace xgrad::finite_test
