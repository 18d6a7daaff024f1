// Wide graphs take time in proportion to their size: none of these lists of 300,000 (100,000 where a sanitizer looks
// on) could be planned within the time that a test has if anything looked at all pairs of their entries. Their plans
// are made directly, without the parts that long lists are otherwise planned in, which would hide that.

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/engine/run/plan_key.hpp"
#include "autograd/engine/run/plan_run.hpp"
#include "autograd/tape/traversal.hpp"
#include "optim/optim.hpp"
#include "tests/sanitized.hpp"

namespace xgrad::linear_time_test {
namespace {

constexpr std::int64_t many = sanitized ? 100'000 : 300'000;

/// Plans and computes all that the roots need, as one list.
void compute_as_one(const std::vector<Tensor>& roots, std::size_t budget = 0) {
  std::vector<Entry*> entries;
  for (const Tensor& root : roots) entries.push_back(root.entry());
  Numbering numbers;
  std::vector<Entry*> pending =
      reachable(std::span<Entry* const>(entries), numbers, [](const Entry& entry) { return !entry.evaluated; });
  const Pending all{std::move(pending), numbers, entries};
  const fused::Key key(all, budget);
  fused::run(fused::Plan(all, key.inputs(), budget), all, key.inputs(), false);
}

/// What keeps the tape from evaluating what is recorded by itself.
struct NoEvaluation : detail::TapeScope<std::uint64_t, &Tape::most_pending> {
  NoEvaluation() : TapeScope((static_cast<void>(zeros({})), std::uint64_t{1} << 40)) {}
};

Tensor sum_of(const std::vector<Tensor>& list) { return sum(concat(list)); }

}  // namespace

TEST_CASE("a leaf with many readers, all of them roots", "[linear]") {
  const NoEvaluation lazy;
  const Tensor x = tensor({1.0, 2.0}, float64);
  std::vector<Tensor> roots;
  for (std::int64_t i = 0; i < many; ++i) roots.push_back(pad(x, 0, 1, 0, static_cast<double>(i)));
  compute_as_one(roots);
  CHECK(roots.back().to_vector() == std::vector<double>{many - 1, 1, 2});
}

TEST_CASE("a concat of many values, of a leaf and as many constants", "[linear]") {
  const NoEvaluation lazy;
  const Tensor x = tensor({1.0, 2.0}, float64);
  std::vector<Tensor> values;
  for (std::int64_t i = 0; i < many; ++i) values.push_back(x + static_cast<double>(i));
  const Tensor all = concat(values);
  for (const std::size_t budget : {std::size_t{0}, std::size_t{1} << 16}) {
    const auto factor = 2 + static_cast<double>(budget);
    values.push_back(sum(all * factor));
    compute_as_one({values.back()}, budget);
    CHECK(values.back().item() == factor * (3.0 * many + static_cast<double>(many) * (many - 1)));
  }
}

TEST_CASE("many shapes of one value, one made of the other", "[linear]") {
  const NoEvaluation lazy;
  Tensor x = exp(zeros({6}, float64));
  for (std::int64_t i = 0; i < many; ++i) x = reshape(x, i % 2 == 0 ? Shape{2, 3} : Shape{6});
  compute_as_one({x});
  CHECK(x.to_vector() == std::vector<double>(6, 1));
}

TEST_CASE("the derivative of a leaf that is used often, and of as many leaves in a concat", "[linear]") {
  constexpr std::int64_t uses = 100'000;
  const Tensor x = track(tensor({0.5, -0.5}, float64));
  const std::vector<Tensor> same(uses, x);
  CHECK(grad(sum_of(same), x).to_vector() == std::vector<double>(2, uses));

  std::vector<Parameter> leaves;
  std::vector<Tensor> products;
  for (std::int64_t i = 0; i < uses; ++i) {
    leaves.emplace_back(tensor({0.5, -0.5}, float64));
    products.push_back(leaves.back() * x);
  }
  std::vector<Tensor> wanted(leaves.begin(), leaves.end());
  wanted.push_back(x);
  const std::vector<Tensor> gradients = grad(sum_of(products), wanted);
  evaluate(gradients);
  CHECK(gradients[0].to_vector() == std::vector<double>{0.5, -0.5});
  CHECK(gradients.back().to_vector() == std::vector<double>{0.5 * uses, -0.5 * uses});
}

TEST_CASE("an optimiser of many parameters", "[linear]") {
  std::vector<Parameter> parameters;
  for (std::int64_t i = 0; i < many; ++i) parameters.emplace_back(zeros({}));
  const optim::Optimizer optimizer(parameters, optim::sgd(0.1));
  CHECK(optimizer.steps() == 0);
  parameters.push_back(parameters[7]);
  CHECK_THROWS_WITH(optim::Optimizer(parameters, optim::sgd(0.1)),
                    Catch::Contains("parameters 7 and " + std::to_string(many) + " are the same"));
}

TEST_CASE("many stop_gradients of values that are computed together", "[linear]") {
  const Tensor x = track(tensor({1.0, 2.0}, float64));
  std::vector<Tensor> values, stops;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(x * i);
    stops.push_back(stop_gradient(values.back()));
  }
  evaluate(values);
  CHECK(std::ranges::all_of(stops, &Tensor::evaluated));
  CHECK(stops.back().to_vector() == std::vector<double>{19999, 39998});
}

}  // namespace xgrad::linear_time_test
