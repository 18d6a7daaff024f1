// vmap of every composition against a loop over the examples.

#include <catch2/catch.hpp>

#include "autograd/transform/vmap.hpp"
#include "tests/apart.hpp"
#include "tests/compositions.hpp"

namespace xgrad::catalogue {
namespace {

constexpr int count = 3;

// Batched products and sums may round otherwise.
double apart_at_most(const Tensor& got, const Tensor& expected) {
  const auto a = got.to_vector(), b = expected.to_vector();
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, apart(a[i], b[i]) / (1 + std::abs(b[i])));
  return worst;
}

// The mapped inputs are those whose bit is set; the others are the same for all examples.
void compare(const Case& sample, std::size_t mapped, double tolerance) {
  std::vector<Xs> examples;
  for (int variant = 0; variant < count; ++variant) examples.push_back(sample.make_inputs(variant));
  const auto is_mapped = [&](std::size_t i) { return (mapped >> i & 1) != 0; };
  Xs varied, same;
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    Xs one;
    for (const Xs& inputs : examples) one.push_back(inputs[i]);
    (is_mapped(i) ? varied : same).push_back(is_mapped(i) ? stack(one) : one[0]);
  }
  const auto call = [&](const Xs& some, const Xs& others) {
    Xs all;
    std::size_t next = 0, other = 0;
    for (std::size_t i = 0; i < sample.inputs.size(); ++i) all.push_back(is_mapped(i) ? some[next++] : others[other++]);
    return sample.function(all);
  };
  Xs one_by_one;
  for (int k = 0; k < count; ++k) {
    Xs slices;
    for (const Tensor& x : varied) slices.push_back(select(x, 0, k));
    one_by_one.push_back(call(slices, same));
  }
  const Tensor got = vmap(call, {0, unmapped})(varied, same), expected = stack(one_by_one);
  REQUIRE(got.shape() == expected.shape());
  REQUIRE(got.dtype() == expected.dtype());
  CHECK(apart_at_most(got, expected) <= tolerance);
}

TEST_CASE("vmap of every composition is a loop over the examples, whichever inputs are mapped") {
  for (const Group& group : groups())
    for (const Composition& row : group.rows)
      for (std::size_t i = 0; i < row.cases.size(); ++i) {
        const std::size_t inputs = row.cases[i].inputs.size();
        if (!row.reads_values.empty() || inputs == 0) continue;
        const std::size_t all = (std::size_t{1} << std::min<std::size_t>(inputs, 4)) - 1;
        for (std::size_t mapped = 1; mapped <= all; ++mapped) {
          INFO(row.call << " case " << i << ", mapped inputs " << mapped);
          compare(row.cases[i], mapped, row.epsilons * 0x1p-50);
        }
      }
}

TEST_CASE("compositions that look at values say so in a vmap") {
  for (const Group& group : groups())
    for (const Composition& row : group.rows) {
      if (row.reads_values.empty()) continue;
      INFO(row.call);
      Xs stacked;
      for (const Tensor& x : row.cases[0].make_inputs()) stacked.push_back(stack({x, x}));
      CHECK_THROWS_AS(vmap(row.cases[0].function)(stacked), GraphError);
    }
}

}  // namespace
}  // namespace xgrad::catalogue
