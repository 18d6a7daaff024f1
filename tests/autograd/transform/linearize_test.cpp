#include "autograd/transform/linearize.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::linearize_test {
namespace {

using Several = std::vector<Tensor>;

const Tensor x = tensor({0.5, -1.0}, float64), y = tensor({{0.3, 0.7}, {-0.2, 1.5}}, float64),
             u = tensor({1.0, 2.0}, float64), w = tensor({{0.5, -1.0}, {2.0, 0.25}}, float64);

Several both(const Tensor& s, const Tensor& t) { return {matmul(t, sin(s)), exp(s) * sum(t * t), sum(s)}; }

TEST_CASE("a linear map takes any number of tangents, and the function is called once") {
  int calls = 0;
  const auto f = [&](const Tensor& t) {
    ++calls;
    return concat({t * t, exp(t)});
  };
  const auto linear = linearize(f, x);
  const Tensor& value = linear.first;
  const auto& push = linear.second;
  CHECK_THAT(value, AllClose(f(x)));
  calls = 0;
  for (const Tensor& tangent : {u, x, zeros_like(x)}) {
    CHECK_THAT(push(tangent), AllClose(concat({2 * x * tangent, exp(x) * tangent})));
    CHECK(calls == 0);
  }
  throws<ShapeError>("linearize: the tangent is [4] f64, the argument [2] f64").by([&] {
    linearize(f, x).second(value);
  });
}

TEST_CASE("a linear map is differentiated by its tangent and by what lies behind its point") {
  const auto f = [](const Tensor& t, const Tensor& tangent) {
    return linearize([](const Tensor& s) { return s * s * s; }, t).second(tangent);
  };
  CHECK_THAT(f, DifferentiatesCorrectly({x, u}).order(2));
}

TEST_CASE("several arguments and several results") {
  const auto [values, push] = linearize(both, {x, y});
  const Several direct = both(x, y), pushed = push({u, w});
  REQUIRE(values.size() == 3);
  const Several expected{matmul(w, sin(x)) + matmul(y, cos(x) * u), exp(x) * u * sum(y * y) + exp(x) * 2 * sum(y * w),
                         sum(u)};
  const auto [value, along] = jvp(both, {x, y}, {u, w});
  const auto [same, pull] = vjp(both, {x, y});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK_THAT(values[i], AllClose(direct[i]));
    CHECK_THAT(value[i], AllClose(direct[i]));
    CHECK_THAT(same[i], AllClose(direct[i]));
    CHECK_THAT(pushed[i], AllClose(expected[i]));
    CHECK_THAT(along[i], AllClose(expected[i]));
  }
  // <cotangents, J tangents> = <J^T cotangents, tangents>
  const Several cotangents{tensor({0.7, -0.1}, float64), tensor({2.0, 3.0}, float64), tensor(0.5, float64)};
  const Several pulled = pull(cotangents);
  REQUIRE(pulled.size() == 2);
  Tensor left = zeros({}, float64);
  for (std::size_t i = 0; i < 3; ++i) left += sum(cotangents[i] * pushed[i]);
  CHECK_THAT(sum(pulled[0] * u) + sum(pulled[1] * w), AllClose(left));
}

TEST_CASE("functions of one Tensor and of a vector may give several") {
  const auto one = [](const Tensor& t) { return Several{t * 2, sum(t)}; };
  const auto [values, pull] = vjp(one, x);
  CHECK(pull({u, tensor(1.0, float64)}).to_vector() == std::vector<double>{3, 5});
  CHECK(jvp(one, x, u).second[1].item() == 3);
  const auto list = [](const Several& ts) { return Several{ts[0] * ts[1]}; };
  CHECK(jvp(list, {x, u}, {u, x}).second[0].to_vector() == (u * u + x * x).to_vector());
  const auto constant = [](const Tensor& t) { return Several{t, ones({3}, float64)}; };
  CHECK(jvp(constant, x, u).second[1].to_vector() == std::vector<double>(3, 0.0));
}

TEST_CASE("results of several dtypes, and wrong numbers of tangents and cotangents") {
  const auto mixed = [](const Tensor& t) { return Several{t, cast(t, float32) * 2}; };
  const Several along = jvp(mixed, x, u).second;
  CHECK(along[0].dtype() == float64);
  CHECK(along[1].to_vector() == std::vector<double>{2, 4});
  throws<ValueError>("vjp: 1 cotangents for 2 results").by([&] { vjp(mixed, x).second({u}); });
  throws<ValueError>("jvp: 1 tangents for 2 arguments").by([&] { jvp(both, {x, y}, {u}); });
  throws<ValueError>("the function does not take 3 Tensors").by([&] { vjp(both, {x, y, u}); });
  throws<GraphError>("vjp: the function returned an undefined Tensor").by([&] {
    vjp([](const Tensor&) { return Tensor(); }, x).second(u);
  });
}

}  // namespace
}  // namespace xgrad::linearize_test
