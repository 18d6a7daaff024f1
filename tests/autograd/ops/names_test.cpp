// A program that opens both namespaces: what it reads as, and that its names are found.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

namespace names_test {

using namespace std;
using namespace xgrad;

TEST_CASE("the standard deviation is stddev, beside std the namespace") {
  const std::vector<double> numbers{1, 2, 3, 6};
  const Tensor x = tensor(numbers, float64);
  CHECK(stddev(x).item() == Approx(std::sqrt(14.0 / 3)));
  CHECK(stddev(x, 0, 0).item() == Approx(std::sqrt(3.5)));
  CHECK(xgrad::std(x).item() == stddev(x).item());
  CHECK(grad([](const Tensor& t) { return stddev(t); })(ones({3})).to_vector() == vector<double>{0, 0, 0});
}

TEST_CASE("names of xgrad are found beside those of the standard library") {
  const Tensor x = tensor({{1.0, -2.0}, {3.0, 4.0}});
  CHECK(max(x).item() == 4);
  CHECK(min(abs(x)).item() == 1);
  CHECK(any(x < 0).item() == 1);
  CHECK(all(isfinite(x)).item() == 1);
  CHECK(x(all, 0).to_vector() == vector<double>{1, 3});
  CHECK(x(slice(1, {}), -1).item() == 4);
  CHECK(sum(exp(log(abs(x)))).item() == Approx(10));
  CHECK(round(tanh(pow(x, 2.0))).shape() == Shape{2, 2});
  nn::Sequential model(nn::Linear(2, 3), gelu, nn::Linear(3, 2), softmax);
  CHECK(sum(model(x)).item() == Approx(2));
}

}  // namespace names_test
