// Draws: of random numbers there are no values to compare, but shapes, dtypes, derivatives and what is refused.

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor whole = tensor({1, 2}), pair = known({2}), three = known({3});
const char* const distributions = "tests/autograd/ops/draws_test.cpp";

using One = Tensor (*)(const Shape&, Rng&, const Operand&, std::optional<DType>);
using Two = Tensor (*)(const Shape&, Rng&, const Operand&, const Operand&, std::optional<DType>);

// From equal states, so that they are functions of their parameters.
Case draw_case(std::function<Tensor(const Shape&, Rng&, const Xs&)> f, const Shape& parameters,
               const std::vector<Range>& ranges, const Shape& to) {
  std::vector<Input> inputs;
  for (const Range& range : ranges) inputs.push_back({parameters, range.low, range.high, range.dtype});
  return any_case(
      [=](const Xs& x) {
        Rng rng(5);
        return f(to, rng, x);
      },
      inputs, to, [](const Arrays&, const Places&) -> Real { return 0; });
}
std::vector<Case> draw_cases(const std::function<Tensor(const Shape&, Rng&, const Xs&)>& f,
                             const std::vector<Range>& ranges) {
  return {draw_case(f, {3}, ranges, {3}), draw_case(f, {2, 1}, ranges, {2, 2}), draw_case(f, {0}, ranges, {0})};
}
std::vector<Case> draw_cases(One f, Range a) {
  return draw_cases([f](const Shape& to, Rng& rng, const Xs& x) { return f(to, rng, x[0], {}); }, {a});
}
std::vector<Case> draw_cases(Two f, Range a, Range b) {
  return draw_cases([f](const Shape& to, Rng& rng, const Xs& x) { return f(to, rng, x[0], x[1], {}); }, {a, b});
}

template <class F>
std::vector<Refusal> refusals(F f) {
  const auto call = [f](const Shape& shape, const Operand& parameter) {
    Rng rng(1);
    return f(shape, rng, parameter);
  };
  return {refuses<ShapeError>([=] { return call({2}, three); }), refuses<DTypeError>([=] { return call({2}, whole); }),
          refuses<ValueError>([=] { return evaluate(call({2}, -1)); })};
}

std::vector<Composition> located() {
  const Range positive{0.5, 3};
  return {
      {.call = "exponential(shape, rng, rate, dtype)",
       .equation = "with density rate exp(−rate x)",
       .cases = draw_cases(exponential, positive),
       .refusals = refusals([](auto&&... x) { return exponential(x...); }),
       .drawn = distributions},
      {.call = "laplace(shape, rng, location, scale, dtype)",
       .equation = "with density exp(−|x − location| / scale) / (2 scale)",
       .cases = draw_cases(laplace, {}, positive),
       .refusals = refusals([](const Shape& to, Rng& rng, const Operand& x) { return laplace(to, rng, x, x); }),
       .drawn = distributions},
      {.call = "gumbel(shape, rng, location, scale, dtype)",
       .equation = "with P(x < t) = exp(−exp(−(t − location) / scale))",
       .cases = draw_cases(gumbel, {}, positive),
       .refusals = refusals([](const Shape& to, Rng& rng, const Operand& x) { return gumbel(to, rng, x, x); }),
       .drawn = distributions},
      {.call = "cauchy(shape, rng, location, scale, dtype)",
       .equation = "location + scale y, with density 1 / (π (1 + y²))",
       .cases = draw_cases(cauchy, {}, positive),
       .refusals = refusals([](const Shape& to, Rng& rng, const Operand& x) { return cauchy(to, rng, x, x); }),
       .drawn = distributions},
      {.call = "lognormal(shape, rng, mean, deviation, dtype)",
       .equation = "exp(y) of normally distributed y",
       .cases = draw_cases(lognormal, {}, {0.2, 1}),
       .refusals = refusals([](const Shape& to, Rng& rng, const Operand& x) { return lognormal(to, rng, x, x); }),
       .drawn = distributions},
      {.call = "truncated_normal(shape, rng, mean, deviation, low, high, dtype)",
       .equation = "normally distributed between two bounds",
       .cases = draw_cases(
           [](const Shape& to, Rng& rng, const Xs& x) { return truncated_normal(to, rng, x[0], x[1], x[2], x[3]); },
           {{}, positive, {-2, -1}, {1, 2}}),
       .refusals =
           refusals([](const Shape& to, Rng& rng, const Operand& x) { return truncated_normal(to, rng, x, x, -1, 1); }),
       .drawn = distributions},
  };
}

// A draw that may be rejected is no smooth function of its parameters: the mean is. Its derivatives are compared in
// tests/autograd/ops/draws_derivatives_test.cpp.
std::vector<Composition> of_gamma() {
  const Range positive{0.5, 3};
  std::vector<Composition> all{
      {.call = "gamma(shape, rng, concentration, rate, dtype)",
       .equation = "with density rateᵃ x^(a − 1) exp(−rate x) / Γ(a)",
       .cases = draw_cases(gamma, positive, positive),
       .refusals = refusals([](const Shape& to, Rng& rng, const Operand& x) { return gamma(to, rng, x, x); })},
      {.call = "log_gamma_draw(shape, rng, concentration, dtype)",
       .equation = "the logarithm of a draw from the gamma distribution",
       .cases = draw_cases(log_gamma_draw, positive),
       .refusals = refusals([](auto&&... x) { return log_gamma_draw(x...); })},
      {.call = "chi_squared(shape, rng, freedom, dtype)",
       .equation = "the sum of so many squares of normal numbers",
       .cases = draw_cases(chi_squared, positive),
       .refusals = refusals([](auto&&... x) { return chi_squared(x...); })},
      {.call = "student_t(shape, rng, freedom, dtype)",
       .equation = "with density proportional to (1 + x² / freedom)^(−(freedom + 1) / 2)",
       .cases = draw_cases(student_t, positive),
       .refusals = refusals([](auto&&... x) { return student_t(x...); })},
      {.call = "beta(shape, rng, a, b, dtype)",
       .equation = "with density x^(a − 1) (1 − x)^(b − 1) / B(a, b)",
       .cases = draw_cases(beta, positive, positive),
       .refusals = refusals([](const Shape& to, Rng& rng, const Operand& x) { return beta(to, rng, x, x); })},
      {.call = "dirichlet(shape, rng, concentration, dtype)",
       .equation = "with density proportional to Π xᵢ^(aᵢ − 1), Σ xᵢ = 1",
       .cases = draw_cases(dirichlet, positive),
       .refusals = refusals([](auto&&... x) { return dirichlet(x...); })},
  };
  for (Composition& row : all) {
    row.orders = 0;
    row.drawn = distributions;
  }
  return all;
}

std::vector<Composition> of_numbers() {
  return {
      {.call = "poisson(shape, rng, rate)",
       .equation = "k with probability rateᵏ exp(−rate) / k!",
       .cases = draw_cases([](const Shape& to, Rng& rng, const Xs& x) { return poisson(to, rng, x[0]); }, {{0.5, 20}}),
       .refusals = refusals([](auto&&... x) { return poisson(x...); }),
       .constant = "whole numbers",
       .drawn = distributions},
      {.call = "multinomial(logits, count, rng, replacement)",
       .equation = "indices with probabilities softmax(logits), each at most once without replacement",
       .cases = {draw_case([](const Shape&, Rng& rng, const Xs& x) { return multinomial(x[0], 2, rng); }, {4}, {{}},
                           {2}),
                 draw_case([](const Shape&, Rng& rng, const Xs& x) { return multinomial(x[0], 5, rng, true); }, {2, 1},
                           {{}}, {2, 5}),
                 draw_case([](const Shape&, Rng& rng, const Xs& x) { return multinomial(x[0], 3, rng); }, {0, 3}, {{}},
                           {0, 3})},
       .refusals = {refuses<ValueError>([] {
                      Rng rng(1);
                      return multinomial(pair, 3, rng);
                    }),
                    refuses<DTypeError>([] {
                      Rng rng(1);
                      return multinomial(whole, 1, rng);
                    })},
       .constant = "indices",
       .drawn = distributions},
  };
}

}  // namespace

std::vector<Composition> draw_compositions() {
  std::vector<Composition> all = located();
  for (auto* part : {of_gamma, of_numbers})
    for (Composition& row : part()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
