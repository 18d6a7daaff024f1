// What `why_nan` finds after the fact is what FiniteScope stops at, which evaluates every entry as it is recorded.

#include <catch2/catch.hpp>
#include <functional>
#include <random>

#include "autograd/autograd.hpp"
#include "autograd/check/finite.hpp"
#include "tests/autograd/inspect/planted.hpp"

namespace xgrad::agreement_test {
namespace {

using Operation = std::function<Tensor(const Tensor&)>;

// Each stands in a line of its own, and keeps what is not finite so.
const std::vector<Operation> operations = {
    [](const Tensor& x) { return log(x); },      [](const Tensor& x) { return sqrt(x); },
    [](const Tensor& x) { return pow(x, 1.5); }, [](const Tensor& x) { return x * x; },
    [](const Tensor& x) { return x * 1e15; },    [](const Tensor& x) { return x - 1; },
    [](const Tensor& x) { return flip(x); },     [](const Tensor& x) { return lgamma(x); },
};

Tensor chain(Tensor x, unsigned seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < 6; ++i) x = operations[random() % operations.size()](x);
  return x;
}

/// The line at which FiniteScope stops; 0 where it does not.
template <class Body>
unsigned stopped_at(Body body) {
  try {
    const FiniteScope finite;
    body();
  } catch (const ValueError& error) {
    return error.where().line();
  }
  return 0;
}

}  // namespace

TEST_CASE("why_nan finds the line at which a FiniteScope stops", "[why_nan]") {
  int found = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    INFO("seed " << seed);
    const Parameter p(full({1}, static_cast<double>(seed % 5) * 0.5));
    const Tensor y = chain(p, seed);
    const unsigned expected = stopped_at([&] { chain(p, seed); });
    evaluate(y);
    const WhyNan why = why_nan(y);
    CHECK(why.finite == (expected == 0));
    if (expected == 0) continue;
    ++found;
    CHECK(why.origin.where.line() == expected);
  }
  CHECK(found > 100);
}

TEST_CASE("why_nan finds the forward line of the rule at which a FiniteScope stops", "[why_nan]") {
  int found = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    INFO("seed " << seed);
    const Parameter p(full({1}, static_cast<double>(seed % 3) * 0.5));
    const Tensor loss = sum(chain(p, seed));
    if (!why_nan(loss).finite) continue;
    const Tensor gradient = grad(loss, p);
    const unsigned expected = stopped_at([&] { grad(loss, p); });
    evaluate(gradient);
    const WhyNan why = why_nan(gradient);
    CHECK(why.finite == (expected == 0));
    if (expected == 0) continue;
    ++found;
    INFO(why);
    CHECK(why.origin.backward);
    CHECK(why.origin.where.line() == expected);
  }
  CHECK(found > 5);
}

}  // namespace xgrad::agreement_test
