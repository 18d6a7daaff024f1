// Einstein's sums are what plain loops over all indices give.

#include "autograd/ops/einsum.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "autograd/ops/contraction_order.hpp"
#include "tests/throws.hpp"

namespace xgrad::einsum_test {
namespace {

using Numbers = std::vector<double>;
using Terms = std::vector<std::string>;

Tensor numbers(const Shape& shape, std::uint64_t seed, DType dtype = float64) {
  Rng rng(seed);
  return cast(randint(shape, rng, -4, 5), dtype);
}

std::string written(const Terms& terms, const std::string& output) {
  std::string equation;
  for (const std::string& term : terms) equation += (&term == &terms[0] ? "" : ",") + term;
  return equation + "->" + output;
}

// The sum over all letters, one loop for each.
Numbers by_loops(const Terms& terms, const std::string& output, const std::vector<Tensor>& operands) {
  std::map<char, std::int64_t> sizes, at;
  std::vector<Numbers> values;
  for (std::size_t k = 0; k < terms.size(); ++k) {
    values.push_back(operands[k].to_vector());
    for (std::size_t axis = 0; axis < terms[k].size(); ++axis) {
      std::int64_t& size = sizes.try_emplace(terms[k][axis], 1).first->second;
      size = size == 1 ? operands[k].size(static_cast<std::int64_t>(axis)) : size;
    }
  }
  std::int64_t all = 1, results = 1;
  for (const auto& [letter, size] : sizes) all *= size;
  for (const char letter : output) results *= sizes[letter];
  Numbers result(static_cast<std::size_t>(results));
  for (std::int64_t combination = 0; combination < all; ++combination) {
    std::int64_t rest = combination;
    for (const auto& [letter, size] : sizes) at[letter] = rest % size, rest /= size;
    double product = 1;
    for (std::size_t k = 0; k < terms.size(); ++k) {
      std::int64_t place = 0;
      for (std::size_t axis = 0; axis < terms[k].size(); ++axis) {
        const std::int64_t size = operands[k].size(static_cast<std::int64_t>(axis));
        place = place * size + (size == 1 ? 0 : at[terms[k][axis]]);
      }
      product *= values[k][static_cast<std::size_t>(place)];
    }
    std::int64_t place = 0;
    for (const char letter : output) place = place * sizes[letter] + at[letter];
    result[static_cast<std::size_t>(place)] += product;
  }
  return result;
}

}  // namespace

TEST_CASE("what one writes with einsum") {
  const Tensor a = numbers({3, 4}, 1), b = numbers({4, 5}, 2), x = numbers({4}, 3), m = numbers({4, 4}, 4);
  const Tensor q = numbers({2, 3, 4, 5}, 5), k = numbers({2, 3, 6, 5}, 6);
  const auto same = [](const Tensor& got, const Tensor& expected) {
    CHECK(got.shape() == expected.shape());
    CHECK(got.to_vector() == expected.to_vector());
  };
  same(einsum("ij,jk->ik", a, b), matmul(a, b));
  same(einsum("ij,jk", {a, b}), matmul(a, b));
  same(einsum("kj,ji", {a, b}), transpose(matmul(a, b)));  // letters that occur once, sorted
  same(einsum(" i j , j -> i ", a, x), matmul(a, x));
  same(einsum("ij->ji", a), transpose(a));
  same(einsum("ij->", a), sum(a));
  same(einsum("ij->j", a), sum(a, 0));
  same(einsum("ii->i", m), diagonal(m));
  same(einsum("ii", m), trace(m));
  same(einsum("i,j->ij", x, x), outer(x, x));
  same(einsum("i,i->", x, x), dot(x, x));
  same(einsum("bhqd,bhkd->bhqk", q, k), matmul(q, transpose(k)));
  same(einsum("...qd,...kd->...qk", q, k), matmul(q, transpose(k)));
  same(einsum("...ij,...jk->...ik", q, numbers({3, 5, 2}, 7)), matmul(q, numbers({3, 5, 2}, 7)));
  same(einsum("...", x), x);
  same(einsum("i...->...i", q), permute(q, {1, 2, 3, 0}));
  same(einsum(",ij->ij", tensor(2.0, float64), a), 2 * a);
  same(einsum("->", tensor(2.0, float64)), tensor(2.0, float64));
  same(einsum("ij,kj->ijk", a, numbers({2, 1}, 8)), unsqueeze(a, 2) * reshape(numbers({2, 1}, 8), {1, 1, 2}));
  same(einsum("ij,jk->ik", tensor({{1, 2}, {3, 4}}), tensor({{5}, {6}})), tensor({{17}, {39}}));
  same(einsum("ij,jk->ik", zeros({2, 0}), zeros({0, 3})), zeros({2, 3}));
  CHECK(einsum("ij,jk->ik", zeros({0, 2}), zeros({2, 3})).shape() == Shape{0, 3});
}

TEST_CASE("random equations") {
  Rng rng(11);
  const std::string letters = "abcdeF";
  for (int round = 0; round < 300; ++round) {
    std::map<char, std::int64_t> sizes;
    for (const char letter : letters) sizes[letter] = 1 + static_cast<std::int64_t>(rng.below(3));
    Terms terms;
    std::vector<Tensor> operands;
    std::string used;
    const std::size_t count = 1 + rng.below(round % 10 == 0 ? 5 : 3);
    for (std::size_t k = 0; k < count; ++k) {
      std::string term;
      std::vector<std::int64_t> shape;
      for (std::size_t axis = rng.below(5); axis > 0; --axis) {
        term += letters[rng.below(letters.size())];
        const bool twice = std::ranges::count(term, term.back()) > 1;
        shape.push_back(!twice && rng.below(5) == 0 ? 1 : sizes[term.back()]);
        // A letter twice has one size in its term.
        if (twice) shape.back() = shape[term.find(term.back())];
      }
      used += term;
      terms.push_back(term);
      operands.push_back(numbers(Shape(shape), rng.below(1000)));
    }
    std::string output;
    for (const char letter : letters)
      if (used.find(letter) != std::string::npos && rng.below(2) == 0) output += letter;
    std::ranges::reverse(output);
    const std::string equation = written(terms, output);
    INFO(equation);
    const Tensor got = einsum(equation, operands);
    CHECK(got.to_vector() == by_loops(terms, output, operands));
  }
}

TEST_CASE("many operands are contracted in a good order") {
  // By pairs from the left, 10 x 10^4 x 10^4 products come first; the vectors make all of it cheap.
  const std::vector<LabelNumbers> chain = {{0, 1}, {1, 2}, {2, 3}, {3}};
  const auto order = contraction_order(chain, {0}, {10, 1e4, 1e4, 1e4});
  CHECK(order == std::vector<std::pair<std::size_t, std::size_t>>{{2, 3}, {1, 2}, {0, 1}});
  std::vector<Tensor> many;
  std::string equation;
  for (int i = 0; i < 12; ++i) {
    many.push_back(numbers({3, 3}, static_cast<std::uint64_t>(i)) * 0.25);
    equation += (i ? "," : "") + std::string{static_cast<char>('a' + i), static_cast<char>('b' + i)};
  }
  Tensor expected = many[0];
  for (int i = 1; i < 12; ++i) expected = matmul(expected, many[static_cast<std::size_t>(i)]);
  const Tensor got = einsum(equation + "->am", many);
  CHECK_THAT(got.to_vector(), Catch::Approx(expected.to_vector()).epsilon(1e-12));
}

TEST_CASE("einsum differentiates as its differences say") {
  const Tensor a = numbers({3, 4}, 1) / 5, b = numbers({4, 2}, 2) / 3, m = numbers({3, 3}, 3) / 4;
  CHECK_THAT([](const Tensor& x, const Tensor& y) { return einsum("ij,jk->ki", x, y); },
             DifferentiatesCorrectly({a, b}).order(2));
  CHECK_THAT([](const Tensor& x) { return einsum("ii,ij->j", x, x); }, DifferentiatesCorrectly(m).order(2));
  CHECK_THAT([](const Tensor& x, const Tensor& y) { return einsum("ij,jk,ik,...->...", x, y, x, x[0]); },
             DifferentiatesCorrectly({numbers({2, 4}, 5) / 4, numbers({4, 4}, 6) / 4}).order(2));
}

TEST_CASE("an equation that is none, and operands that do not fit") {
  const Tensor a = ones({2, 3}), b = ones({4, 5});
  throws<ValueError>("einsum: an unexpected sign in 'ij;jk'").by([&] { einsum("ij;jk", a, b); });
  throws<ValueError>("einsum: an unexpected sign in 'ij->k->'").by([&] { einsum("ij->k->", a); });
  throws<ValueError>("einsum: two ellipses in '...i...'").by([&] { einsum("...i...", a); });
  throws<ValueError>("einsum: 1 terms for 2 operands").by([&] { einsum("ij", a, b); });
  throws<ShapeError>("einsum: term 0 has 3 letters, its operand is [2, 3] f32").by([&] { einsum("ijk", a); });
  throws<ShapeError>("einsum: term 0 has 1 letters, its operand is [2, 3] f32").by([&] { einsum("i", a); });
  throws<ShapeError>("einsum: 'j' is 3 and 4").by([&] { einsum("ij,jk", a, b); });
  throws<ShapeError>("einsum: 'i' is 2 and 3").by([&] { einsum("ii", a); });
  throws<ShapeError>("einsum: axis -1 of ... is 3 and 5").by([&] { einsum("i...,j...", a, b); });
  throws<ValueError>("einsum: no operand has 'k' of the output").by([&] { einsum("ij->ik", a); });
  throws<ValueError>("einsum: the output has 'i' twice").by([&] { einsum("ij->ii", a); });
  throws<ValueError>("einsum: the output has no '...' for the 1 axes of the operands'").by([&] {
    einsum("i...->i", a);
  });
  throws<DTypeError>("einsum: needs numbers of one dtype, got [2, 3] f32 and [3] f64").by([&] {
    einsum("ij,j", a, ones({3}, float64));
  });
}

TEST_CASE("products over axes without letters") {
  const Tensor a = numbers({2, 3, 4}, 1), b = numbers({3, 4, 5}, 2), c = numbers({4, 2}, 3);
  const auto same = [](const Tensor& got, const Tensor& expected) {
    CHECK(got.shape() == expected.shape());
    CHECK(got.to_vector() == expected.to_vector());
  };
  same(tensordot(a, b), einsum("abc,bcd->ad", a, b));
  same(tensordot(a, c, 1), einsum("abc,cd->abd", a, c));
  same(tensordot(c, c, 0), einsum("ab,cd->abcd", c, c));
  same(tensordot(a, b, {2, 1}, {1, 0}), einsum("abc,bcd->ad", a, b));
  same(tensordot(a, c, {0}, {-1}), einsum("abc,da->bcd", a, c));
  same(inner(a, numbers({7, 4}, 4)), einsum("abc,dc->abd", a, numbers({7, 4}, 4)));
  same(inner(3, c), 3 * c);
  same(kron(c, 0.1), c * 0.1);
  same(tensordot(2, c, 0), 2 * c);
  const Tensor left = numbers({2, 3}, 5), right = numbers({4, 2}, 6);
  same(kron(left, right), reshape(einsum("ij,kl->ikjl", left, right), {8, 6}));
  same(kron(left, numbers({4}, 7)), reshape(einsum("ij,l->ijl", left, numbers({4}, 7)), {2, 12}));
  const Tensor x = tensor({1.0, 0.0, 0.0}), y = tensor({0.0, 1.0, 0.0}), z = tensor({0.0, 0.0, 1.0});
  same(cross(x, y), z);
  same(cross(y, z), x);
  same(cross(y, x), -z);
  const Tensor u = numbers({3, 5}, 8), v = numbers({3, 1}, 9), w = cross(u, v, 0);
  CHECK(w.shape() == Shape{3, 5});
  CHECK(sum(abs(sum(w * u, 0)) + abs(sum(w * v, 0))).item() == 0);  // at right angles to both
  same(addmm(ones({2, 2}, float64), left, numbers({3, 2}, 1), 2, 3), 2 + 3 * matmul(left, numbers({3, 2}, 1)));
  // What counts for nothing has to fit all the same.
  const Tensor unknown = full({4, 1, 2}, std::numeric_limits<double>::quiet_NaN(), float64), tall = numbers({3, 2}, 1);
  same(addmm(unknown, left, tall, 0, 3), broadcast_to(3 * matmul(left, tall), {4, 2, 2}));
  CHECK_THAT([](const Tensor& s, const Tensor& t) { return kron(s, cross(t, t * t)); },
             DifferentiatesCorrectly({left / 3, numbers({3}, 2) / 3}).order(2));
}

TEST_CASE("products over axes without letters refuse what does not fit") {
  const Tensor left = numbers({2, 3}, 5), right = numbers({4, 2}, 6), tall = numbers({3, 2}, 1);
  throws<ShapeError>("addmm: add: sizes 3 and 2 differ at axis 1 of shapes [2, 3] and [2, 2]").by([&] {
    addmm(ones({2, 3}, float64), left, tall, 0);
  });
  throws<DTypeError>("addmm: add: dtypes differ: lhs [2, 2] f32, rhs [2, 2] f64 (cast one of them)").by([&] {
    addmm(ones({2}), left, tall, 0);
  });
  throws<ValueError>("tensordot: 3 axes of [2, 3] f64 and [4, 2] f64").by([&] { tensordot(left, right, 3); });
  throws<ShapeError>("tensordot: the last 1 axes of [2, 3] f64 are not the first of [4, 2] f64").by([&] {
    tensordot(left, right, 1);
  });
  throws<ShapeError>("cross: axis -1 of [2, 3] f64 and [4, 2] f64 has not 3 elements").by([&] { cross(left, right); });
}

}  // namespace xgrad::einsum_test
