// What bad operands get: the type of the error, its text, and the line of the call, for operators too.

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"
#include "tests/throws.hpp"

namespace xgrad::errors_test {
namespace {

const std::int64_t huge = std::int64_t{1} << 32;
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();

TEST_CASE("operands that do not fit") {
  const Tensor a = zeros({2, 3}), b = zeros({4}), c = zeros({4, 5}), d = zeros({2, 3}, float64),
               e = zeros({2, 3}, int64);
  throws<ShapeError>("add: sizes 3 and 4 differ at axis 1 of shapes [2, 3] and [4]").by([&] { return a + b; });
  throws<ShapeError>("mul: sizes 3 and 4 differ at axis 1 of shapes [2, 3] and [4]").by([&] { return a * b; });
  throws<ShapeError>("matmul: inner sizes 3 and 4 differ: lhs [2, 3] f32, rhs [4, 5] f32").by([&] {
    return matmul(a, c);
  });
  throws<ShapeError>("matmul: needs at least one axis: lhs [] f32, rhs [4] f32").by([&] {
    return matmul(zeros({}), b);
  });
  throws<DTypeError>("sub: dtypes differ: lhs [2, 3] f32, rhs [2, 3] f64 (cast one of them)").by([&] { return a - d; });
  throws<DTypeError>("div: dtypes differ: lhs [2, 3] f32, rhs [2, 3] i64 (cast one of them)").by([&] { return a / e; });
  throws<DTypeError>("the number 0.5 has a point, beside [2, 3] i64; cast that to a floating dtype").by([&] {
    return e * 0.5;
  });
  throws<DTypeError>("exp: needs a floating dtype, got [2, 3] i64").by([&] { return exp(e); });
  throws<DTypeError>("neg: needs numbers, got [2, 3] bool (cast makes numbers of it; |, & and ^ join masks)").by([&] {
    return -(a > 0);
  });
  throws<DTypeError>("logical_and: needs bool, got [2, 3] f32").by([&] { return logical_and(a, a); });
  throws<DTypeError>("where: the condition must be bool, got [2, 3] f32").by([&] { return where(a, a, a); });
  throws<ValueError>("div: integer division by zero").by([&] { return (tensor({1, 2}) / 0).to_vector(); });
  throws<GraphError>("an operand is an undefined Tensor").by([&] { return a + Tensor(); });
  throws<GraphError>("an operand is an undefined Tensor").by([&] { return a + Parameter(); });
}

TEST_CASE("in-place operators never grow their variable in silence") {
  Tensor a = zeros({3});
  const Tensor before = a;
  throws<ShapeError>("add: sizes 3 and 4 differ at axis 0 of shapes [3] and [4]").by([&] { a += zeros({4}); });
  throws<ShapeError>("+=: [3] f32 would become [2, 3] f32").by([&] { a += zeros({2, 3}); });
  throws<ShapeError>("-=: [3] f32 would become [1, 3] f32").by([&] { a -= zeros({1, 3}); });
  throws<ShapeError>("*=: [3] f32 would become [0, 3] f32").by([&] { a *= Parameter(zeros({0, 3})); });
  throws<ShapeError>("/=: [3] f32 would become [2, 3] f32").by([&] { a /= ones({2, 1}); });
  Tensor one = zeros({1}), number = zeros({});
  throws<ShapeError>("+=: [1] f32 would become [3] f32").by([&] { one += a; });
  throws<ShapeError>("+=: [] f32 would become [1] f32").by([&] { number += one; });
  CHECK(one.shape() == Shape{1});
  CHECK(a.entry() == before.entry());
  a += 1;
  a *= ones({1});
  a -= Parameter(ones({3}));
  a /= full({}, 2);
  CHECK(a.to_vector() == std::vector<double>{0, 0, 0});
}

TEST_CASE("axes") {
  const Tensor a = zeros({2, 3});
  throws<AxisError>("sum: axis 5 is out of range for 2 axes").by([&] { return sum(a, 5); });
  throws<AxisError>("sum: axis -3 is out of range for 2 axes").by([&] { return sum(a, -3); });
  throws<AxisError>("max: axis -9223372036854775808 is out of range for 2 axes").by([&] { return max(a, {lowest}); });
  throws<AxisError>("sum: axis 1 is given twice").by([&] { return sum(a, {1, 1}); });
  throws<AxisError>("mean: axis -1 is given twice").by([&] { return mean(a, {1, -1}); });
  CHECK(sum(a, {1, 0}).shape() == Shape{});
  throws<AxisError>("permute: axis 0 is given twice").by([&] { return permute(a, {0, 0}); });
  throws<AxisError>("permute: 1 axes are given for [2, 3] f32").by([&] { return permute(a, {0}); });
  throws<AxisError>("permute: axis 7 is out of range for 2 axes").by([&] { return permute(a, {0, 7}); });
  throws<AxisError>("softmax: axis 2 is out of range for 2 axes").by([&] { return softmax(a, 2); });
}

TEST_CASE("shapes that cannot be") {
  const Tensor a = zeros({2, 3}), none = zeros({0});
  throws<ShapeError>("reshape: [2, 3] f32 has 6 elements, shape [4] has 4").by([&] { return reshape(a, {4}); });
  throws<ShapeError>("reshape: more than one size is -1 in [-1, -1]").by([&] { return reshape(a, {-1, -1}); });
  throws<ShapeError>("reshape: the size -1 in [-1, 0] cannot be inferred for [0] f32").by([&] {
    return reshape(none, {-1, 0});
  });
  CHECK_THROWS_AS(reshape(none, {huge, huge}), LimitError);
  CHECK_THROWS_AS(zeros({huge, huge}), LimitError);
  CHECK_THROWS_AS(zeros({(std::int64_t{1} << 61) + 1}, float64), LimitError);
  CHECK_THROWS_AS(zeros({-1}), ShapeError);
  CHECK_THROWS_AS(zeros(Shape::filled(65, 1)), LimitError);
  throws<ShapeError>("broadcast_to: [2, 3] f32 has more axes than [3]").by([&] { return broadcast_to(a, {3}); });
  throws<ShapeError>("squeeze: axis 0 of [2, 3] f32 is not of size 1").by([&] { return squeeze(a, 0); });
  throws<ShapeError>("concat: shapes differ off axis 0: [2, 3] f32 and [0] f32").by([&] { return concat({a, none}); });
  throws<ValueError>("concat: no Tensors").by([&] { return concat({}); });
  CHECK(concat({a}).entry() == a.entry());
  throws<ShapeError>("item: needs exactly one element, got [2, 3] f32").by([&] { return a.item(); });
}

TEST_CASE("a value that a dtype does not have is never cut to one that it has") {
  const Tensor whole = arange(3), mask = whole > 0;
  throws<ValueError>("pad: 0.5 is not a number of i64").by([&] { return pad(whole, 0, 1, 1, 0.5); });
  throws<ValueError>("pad: -inf is not a number of i64").by([&] { return pad(whole, 0, 1, 1, -HUGE_VAL); });
  throws<ValueError>("pad: 2 is not a number of bool").by([&] { return pad(mask, 0, 1, 1, 2); });
  throws<ValueError>("unfold: 0.5 is not a number of i64").by([&] { return unfold(whole, {{0, 2}}, 0.5); });
  CHECK(pad(whole, 0, 1, 0, -7).to_vector() == std::vector<double>{-7, 0, 1, 2});
}

TEST_CASE("paddings at the limits") {
  const Tensor a = zeros({2, 3});
  constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
  throws<LimitError>("pad: the size of axis 0 overflows").by([&] { return pad(a, 0, highest, highest); });
  throws<LimitError>("pad: the size of axis 0 overflows").by([&] { return pad(a, 0, 0, 0, 0, highest); });
  throws<ShapeError>("pad: cuts more elements than there can be").by([&] { return pad(a, 0, lowest, 0); });
  throws<ShapeError>("pad: cuts more elements than there can be").by([&] { return pad(a, 0, 0, lowest); });
}

TEST_CASE("indices and slices") {
  const Tensor a = zeros({2, 3}), bad = tensor({0, 2}), negative = tensor({-1}), fractions = tensor({0.5});
  throws<IndexError>("select: index 5 is out of range for axis 0 of [2, 3] f32").by([&] { return select(a, 0, 5); });
  throws<ValueError>("slice: the step is 0").by([&] { return slice(a, 0, 0, 1, 0); });
  CHECK(slice(a, 0, 2, 1).shape() == Shape{0, 3});
  CHECK_THROWS_AS(take(a, bad, 0), IndexError);
  CHECK_THROWS_AS(take(a, negative, 0), IndexError);
  CHECK_THROWS_AS(take(a, fractions, 0), DTypeError);
  CHECK_THROWS_AS(gather(a, 0, tensor({{9}})), IndexError);
  CHECK_THROWS_AS(gather(a, 0, tensor({{0, 0, 0, 0}})), ShapeError);
  CHECK_THROWS_AS(one_hot(tensor({3}), 3), IndexError);
  CHECK_THROWS_WITH(one_hot(bad + 1, 3).to_vector(),  // known only when it is computed
                    Catch::StartsWith("one_hot: index 3 at place 1 of [2] is out of range for an axis of size 3, at "
                                      "errors_test.cpp:"));
  CHECK_THROWS_AS(one_hot(negative + 0, 3).to_vector(), IndexError);
  CHECK_THROWS_AS(take(a, bad + 0, 0).to_vector(), IndexError);  // known only when it is computed
  const Tensor sums = scatter_add(zeros({2}), 0, tensor({1, 1, 1}), tensor({1.0, 2.0, 4.0}));
  CHECK(sums.to_vector() == std::vector<double>{0, 7});
}

TEST_CASE("reductions of nothing, and bounds that make no sense") {
  const Tensor none = zeros({0}), a = zeros({2});
  throws<ValueError>("mean: [0] f32 has no elements over these axes").by([&] { return mean(none); });
  throws<ValueError>("max: axis 0 of [0] f32 has no elements").by([&] { return max(none); });
  throws<ValueError>("argmax: axis 0 of [0] f32 has no elements").by([&] { return argmax(none); });
  throws<ValueError>("var: 1 elements with correction 1 have no variance").by([&] { return var(zeros({1})); });
  throws<ValueError>("std: var: 1 elements with correction 1 have no variance").by([&] {
    return xgrad::std(zeros({1}));
  });
  throws<ValueError>("clamp: the bounds are 2 and 1").by([&] { return clamp(a, 2, 1); });
  CHECK(prod(none).item() == 1);
}

TEST_CASE("derivatives that the tape cannot give") {
  const Tensor x = track(tensor({1.0, 2.0})), y = x * x, loss = sum(y), other = track(tensor({1.0}));
  throws<GraphError>("grad: the loss must have one element, got [2] f32; give a cotangent otherwise").by([&] {
    return grad(y, x);
  });
  throws<GraphError>(
      "grad: the loss does not depend on input 0 ([1] f32): nothing that it was recorded from is this "
      "one; what was read out (item, data, to_vector) is a number, and a copy of a Parameter another "
      "one; allow_unused gives zeros")
      .by([&] { return grad(loss, other); });
  throws<GraphError>("backward: the loss is an undefined Tensor").by([&] { backward(Tensor()); });
  throws<GraphError>("backward: the loss ([] f32) depends on no Parameter: nothing that it was recorded from is one")
      .by([&] { backward(loss); });
  throws<DTypeError>("track: derivatives need a floating dtype, got [1] i64").by([&] { return track(tensor({1})); });
  throws<GraphError>("grad: input 0 is an undefined Tensor").by([&] { return grad(loss, Tensor()); });
  throws<DTypeError>("grad: the loss is [] i64; derivatives need a floating dtype").by([&] {
    return grad(sum(tensor({1})), x);
  });
  CHECK(grad(loss, other, {.allow_unused = true}).item() == 0);
  const Parameter w(tensor({1.0, 2.0}));
  const Tensor two = w * 2;
  throws<ShapeError>("grad: the cotangent is [3] f32, the output [2] f32").by([&] { backward(two, zeros({3})); });
  throws<DTypeError>("grad: the cotangent is [2] f64, the output [2] f32").by([&] {
    backward(two, zeros({2}, float64));
  });
  CHECK_FALSE(w.gradient().defined());
  Tensor moved = two;
  const Tensor taken = std::move(moved);
  CHECK_THROWS_AS(backward(moved), GraphError);
}

}  // namespace
}  // namespace xgrad::errors_test
