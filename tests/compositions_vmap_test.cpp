// vmap of every composition against a loop over the examples.

#include <catch2/catch.hpp>

#include "autograd/transform/vmap.hpp"
#include "tests/apart.hpp"
#include "tests/compositions.hpp"
#include "tests/sanitized.hpp"

namespace xgrad::catalogue::compositions_vmap_test {
namespace {

constexpr int count = sanitized ? 2 : 3;  // of examples

// Batched products and sums may round otherwise.
void check_close(const Tensor& got, const Tensor& expected, double tolerance) {
  REQUIRE(got.shape() == expected.shape());
  REQUIRE(got.dtype() == expected.dtype());
  const auto a = got.to_vector(), b = expected.to_vector();
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, apart(a[i], b[i]) / (1 + std::abs(b[i])));
  CHECK(worst <= tolerance);
}

using Function = std::function<Xs(const Xs&)>;

// A function of the inputs of a case over all examples, and over one after another. The mapped inputs are those whose
// bit is set; the others are the same for all examples.
void compare(const Function& f, const Case& sample, std::size_t mapped, double tolerance) {
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
    return f(all);
  };
  const Xs got = vmap(call, {0, unmapped})(varied, same);
  std::vector<Xs> one_by_one(got.size());
  for (int k = 0; k < count; ++k) {
    Xs slices;
    for (const Tensor& x : varied) slices.push_back(select(x, 0, k));
    const Xs results = call(slices, same);
    for (std::size_t r = 0; r < got.size(); ++r) one_by_one[r].push_back(results[r]);
  }
  for (std::size_t r = 0; r < got.size(); ++r) {
    REQUIRE(got[r].defined() == one_by_one[r][0].defined());
    if (got[r].defined()) check_close(got[r], stack(one_by_one[r]), tolerance);
  }
}

// Which inputs are mapped: each alone, and all of them.
std::vector<std::size_t> choices(std::size_t inputs) {
  std::vector<std::size_t> masks;
  for (std::size_t i = 0; i < inputs; ++i) masks.push_back(std::size_t{1} << i);
  if (inputs > 1) masks.push_back((std::size_t{1} << inputs) - 1);
  return masks;
}

template <class See>
void each_choice(See&& see) {
  for (const Group& group : groups())
    for (const Composition& row : group.rows)
      for (std::size_t i = 0; i < row.cases.size(); ++i)
        for (const std::size_t mapped : choices(row.cases[i].inputs.size())) {
          if (!row.reads_values.empty() || !row.drawn.empty()) continue;
          INFO(row.call << " case " << i << ", mapped inputs " << mapped);
          see(row, row.cases[i], mapped);
        }
}

TEST_CASE("vmap of every composition is a loop over the examples, whichever inputs are mapped") {
  each_choice([](const Composition& row, const Case& sample, std::size_t mapped) {
    compare([&](const Xs& xs) { return Xs{sample.function(xs)}; }, sample, mapped, row.epsilons * 0x1p-50);
  });
}

TEST_CASE("vmap of the gradients of every composition is a loop over the examples") {
  each_choice([](const Composition& row, const Case& sample, std::size_t mapped) {
    if (!row.constant.empty()) return;
    compare([&](const Xs& xs) { return pull(sample, xs).cotangents; }, sample, mapped, row.epsilons * 0x1p-48);
  });
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
}  // namespace xgrad::catalogue::compositions_vmap_test
