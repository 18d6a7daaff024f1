// Transforms of functions of several arguments: Tensors, lists of them, and what is not differentiated.

#include "autograd/transform/arguments.hpp"

#include <catch2/catch.hpp>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "tests/throws.hpp"

namespace xgrad::arguments_test {
namespace {

using Numbers = std::vector<double>;
using List = std::vector<Tensor>;

const Tensor x = tensor({0.5, -1.0}, float64), y = tensor({2.0, 3.0, -1.0}, float64), u = tensor({1.0, -2.0}, float64),
             v = tensor({0.5, 0.25, 1.0}, float64);

/// sum_ij sin(a_i) b_j^2 a_i: by a_i it is (cos(a_i) a_i + sin(a_i)) |b|^2, and so on.
Tensor f(const Tensor& a, const Tensor& b) { return sum(outer(sin(a) * a, b * b)); }
Tensor f_of_list(const List& list) { return f(list.at(0), list.at(1)); }
Tensor by_a(const Tensor& a, const Tensor& b) { return (cos(a) * a + sin(a)) * sum(b * b); }
Tensor by_b(const Tensor& a, const Tensor& b) { return 2 * b * sum(sin(a) * a); }

Tensor diag_of(const Tensor& t) { return eye(t.size(0), {}, float64) * t; }

TEST_CASE("argnums say by which arguments a gradient is, and in which order") {
  CHECK_THAT(grad(f, argnums<0>)(x, y), AllClose(by_a(x, y)));
  CHECK_THAT(grad(f, argnums<1>)(x, y), AllClose(by_b(x, y)));
  const auto [b, a] = grad(f, argnums<1, 0>)(x, y);
  CHECK_THAT(a, AllClose(by_a(x, y)));
  CHECK_THAT(b, AllClose(by_b(x, y)));
  const auto all_of_them = grad(f)(x, y);
  STATIC_REQUIRE(std::same_as<decltype(all_of_them), const std::array<Tensor, 2>>);
  CHECK_THAT(all_of_them[0], AllClose(by_a(x, y)));
  const auto [value, slope] = value_and_grad(f, argnums<1>)(x, y);
  CHECK_THAT(value, AllClose(f(x, y)));
  CHECK_THAT(slope, AllClose(by_b(x, y)));
}

TEST_CASE("arguments that are not differentiated by may be anything") {
  struct Offset {
    double by;
  };
  const auto g = [](const List& w, const Tensor& labels, int power, const Offset& offset) {
    const Tensor picked = take(w[0], labels) + offset.by;
    return sum(pow(picked, power)) + sum(w[1]);
  };
  const Tensor labels = tensor({1, 1, 0});
  const auto gradients = grad(g, argnums<0>)(List{x, y}, labels, 3, Offset{2});
  STATIC_REQUIRE(std::same_as<decltype(gradients), const List>);
  CHECK(gradients[0].to_vector() == Numbers{3 * 2.5 * 2.5, 2 * 3 * 1.0 * 1.0});
  CHECK(gradients[1].to_vector() == Numbers{1, 1, 1});
}

TEST_CASE("lists and Tensors together give a tuple, in the form of the arguments") {
  const auto g = [](const List& w, const Tensor& t) { return sum(w[0] * w[1]) * sum(t); };
  const auto [by_list, by_tensor] = grad(g)(List{x, u}, y);
  STATIC_REQUIRE(std::same_as<decltype(by_list), const List>);
  CHECK_THAT(by_list[0], AllClose(u * sum(y)));
  CHECK_THAT(by_list[1], AllClose(x * sum(y)));
  CHECK_THAT(by_tensor, AllClose(ones_like(y) * sum(x * u)));
  CHECK(grad([](const List& w) { return sum(w[0]) + ones({}, float64); })(List{x})[0].to_vector() == Numbers{1, 1});
}

TEST_CASE("Parameters and vectors of them are arguments like Tensors") {
  const Parameter p(x), q(y);
  CHECK_THAT(grad(f)(p, y)[0], AllClose(by_a(x, y)));
  const auto gradients = grad(f_of_list)(std::vector<Parameter>{p, q});
  CHECK_THAT(gradients[1], AllClose(by_b(x, y)));
  const auto [value, tangent] = jvp(f_of_list, std::vector<Parameter>{p, q}, {u, v});
  CHECK_THAT(tangent, AllClose(sum(by_a(x, y) * u) + sum(by_b(x, y) * v)));
  CHECK_FALSE(p.gradient().defined());
}

TEST_CASE("vjp and jvp of functions of several Tensors, as arguments and as a list") {
  const auto g = [](const Tensor& a, const Tensor& b) { return outer(a * a, b); };
  const auto g_of_list = [g](const List& list) { return g(list[0], list[1]); };
  const Tensor w = tensor({{1.0, 2.0, 3.0}, {-1.0, 0.5, 2.0}}, float64);
  const auto check = [&](auto function) {
    const auto [value, pull] = vjp(function, {x, y});
    CHECK_THAT(value, AllClose(g(x, y)));
    const List pulled = pull(w);
    CHECK_THAT(pulled[0], AllClose(2 * x * matmul(w, y)));
    CHECK_THAT(pulled[1], AllClose(matmul(x * x, w)));
    const auto [same, tangent] = jvp(function, {x, y}, {u, v});
    CHECK_THAT(same, AllClose(value));
    CHECK_THAT(tangent, AllClose(outer(2 * x * u, y) + outer(x * x, v)));
  };
  check(g);
  check(g_of_list);
}

TEST_CASE("Jacobians by several arguments") {
  const auto g = [](const Tensor& a, const Tensor& b) { return concat({a * sum(b), b * b}); };
  const auto [by_x, by_y] = jacobian(g)(x, y);
  CHECK(by_x.shape() == Shape{5, 2});
  CHECK(by_x.to_vector() == Numbers{4, 0, 0, 4, 0, 0, 0, 0, 0, 0});
  CHECK(by_y.to_vector() == Numbers{0.5, 0.5, 0.5, -1, -1, -1, 4, 0, 0, 0, 6, 0, 0, 0, -2});
  CHECK(jacobian(g, argnums<1>)(x, y).to_vector() == by_y.to_vector());
  const List listed = jacobian([&](const List& list) { return g(list[0], list[1]); })(List{x, y});
  CHECK(listed[0].to_vector() == by_x.to_vector());
  const auto [none, empty] = jacobian([](const Tensor& a, const Tensor&) { return a * a; })(x, zeros({0}));
  CHECK(none.to_vector() == Numbers{1, 0, 0, -2});
  CHECK(empty.shape() == Shape{2, 0});
}

TEST_CASE("Hessians have a block for each two arguments, and products with them need none") {
  const auto [row_x, row_y] = hessian(f)(x, y);
  const Tensor xx = diag_of(2 * cos(x) - sin(x) * x) * sum(y * y), xy = outer(cos(x) * x + sin(x), 2 * y),
               yy = diag_of(2 * ones_like(y)) * sum(sin(x) * x);
  CHECK_THAT(row_x[0], AllClose(xx));
  CHECK_THAT(row_x[1], AllClose(xy));
  CHECK_THAT(row_y[0], AllClose(transpose(xy)));
  CHECK_THAT(row_y[1], AllClose(yy));
  CHECK_THAT(hessian(f, argnums<1>)(x, y), AllClose(yy));
  const std::vector<List> blocks = hessian(f_of_list)(List{x, y});
  CHECK_THAT(blocks[0][1], AllClose(xy));
  for (const List& product : {hvp(f, {x, y}, {u, v}), hvp(f_of_list, {x, y}, {u, v})}) {
    CHECK_THAT(product[0], AllClose(matmul(xx, u) + matmul(xy, v)));
    CHECK_THAT(product[1], AllClose(matmul(transpose(xy), u) + matmul(yy, v)));
  }
}

TEST_CASE("float32 and float64 arguments go together where the function casts them") {
  const auto g = [](const Tensor& a, const Tensor& b) { return sum(cast(a, float64)) * sum(b * b); };
  const Tensor a = tensor({1.0, 2.0});
  const auto [by_first, by_second] = grad(g)(a, y);
  CHECK(by_first.dtype() == float32);
  CHECK(by_second.dtype() == float64);
  const auto [value, tangent] = jvp(g, {a, y}, {ones({2}), v});
  CHECK_THAT(tangent, AllClose(2 * sum(y * y) + 3 * sum(2 * y * v)));
  CHECK(hvp(g, {a, y}, {ones({2}), v})[0].dtype() == float32);
}

TEST_CASE("transforms of several arguments nest and may be differentiated") {
  const auto slope = [](const Tensor& a, const Tensor& b) { return sum(square(grad(f, argnums<0>)(a, b))); };
  CHECK_THAT(slope, DifferentiatesCorrectly(List{x, y}));
  const auto along = [](const Tensor& a, const Tensor& b) { return jvp(f, {a, b}, {a, b}).second; };
  CHECK_THAT(along, DifferentiatesCorrectly(List{x, y}));
  const NoGrad untracked;
  CHECK_THAT(grad(f, argnums<0>)(x, y), AllClose(by_a(x, y)));
  CHECK_THAT(hvp(f, {x, y}, {u, v})[0], AllClose(hvp([](const Tensor& a) { return f(a, y); }, x, u) +
                                                 matmul(outer(cos(x) * x + sin(x), 2 * y), v)));
}

TEST_CASE("tangents and lists that do not fit are refused by name") {
  throws<ValueError>("jvp: 1 tangents for 2 arguments").by([&] { return jvp(f, {x, y}, List{u}); });
  throws<ShapeError>("jvp: the tangent 1 is [2] f64, the argument [3] f64").by([&] { return jvp(f, {x, y}, {u, u}); });
  throws<DTypeError>("jvp: the tangent 0 is [2] f32, the argument [2] f64").by([&] {
    return jvp(f, {x, y}, {ones({2}), v});
  });
  throws<ShapeError>("grad: the cotangent is [2] f64, the output [] f64").by([&] { return vjp(f, {x, y}).second(u); });
  throws<ValueError>("the function does not take 3 Tensors").by([&] { return vjp(f, {x, y, x}); });
  throws<DTypeError>("track: derivatives need a floating dtype, got [2] i64").by([&] { return grad(f)(arange(2), y); });
  throws<GraphError>("an operand is an undefined Tensor").by([&] { return jacobian(f)(x, Tensor()); });
  throws<ShapeError>("jvp: the tangent 1 is undefined, the argument [3] f64").by([&] {
    return jvp(f, {x, y}, {u, Tensor()});
  });
}

}  // namespace
}  // namespace xgrad::arguments_test
