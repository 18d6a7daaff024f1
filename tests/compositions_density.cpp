// Log-densities of distributions, and divergences between them.

#include <numbers>

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor pair = known({2}), three = known({3}),
             factor = tensor({{1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}});

// Logarithms of the gamma function, of either sign, whose sum is smaller than they are.
constexpr double where_terms_cancel = 32;

constexpr Real pi = std::numbers::pi_v<Real>;

Real log_gamma(Real x) { return std::lgamma(x); }
// By its series far out, and the recurrence.
Real digamma_of(Real x) {
  Real below = 0;
  while (x < 30) below += 1 / x++;
  const Real y = 1 / (x * x);
  return std::log(x) - 1 / (2 * x) - y * (1.0L / 12 - y * (1.0L / 120 - y * (1.0L / 252 - y / 240))) - below;
}
Real log_beta(Real a, Real b) { return log_gamma(a) + log_gamma(b) - log_gamma(a + b); }
Real sigmoid_of(Real x) { return 1 / (1 + std::exp(-x)); }

Real normal_of(Real x, Real mean, Real deviation) {
  return -(x - mean) * (x - mean) / (2 * deviation * deviation) - std::log(deviation * std::sqrt(2 * pi));
}
Real student_of(const List& a) {
  const Real t = (a[0] - a[2]) / a[3], v = a[1];
  return log_gamma((v + 1) / 2) - log_gamma(v / 2) - std::log(v * pi) / 2 - std::log(a[3]) -
         (v + 1) / 2 * std::log1p(t * t / v);
}
Real bernoulli_of(Real x, Real logit) {
  const Real p = sigmoid_of(logit);
  return x * std::log(p) + (1 - x) * std::log(1 - p);
}

template <class F>
std::function<Tensor(const Xs&)> of_four(F f) {
  return [f](const Xs& x) { return f(x[0], x[1], x[2], x[3]); };
}

// The vector in the last axis, at an index without that axis.
List vector_at(const Array& x, const Places& at) {
  List y;
  for (std::int64_t i = 0; i < x.shape.back(); ++i) y.push_back(x.at(inserted(at, i64(at.size()), i)));
  return y;
}
List probabilities(const List& logits) {
  Real total = 0;
  List y;
  for (const Real each : logits) total += std::exp(each);
  for (const Real each : logits) y.push_back(std::exp(each) / total);
  return y;
}

// A function of vectors in the last axes of all inputs, over a batch.
std::vector<Case> of_vectors(std::function<Tensor(const Xs&)> f, const std::vector<Range>& ranges,
                             std::function<Real(const std::vector<List>&)> of) {
  std::vector<Case> cases;
  for (const Shape& batch : std::vector<Shape>{{}, {2}, {2, 1}, {0}}) {
    std::vector<std::int64_t> sizes(batch.begin(), batch.end());
    sizes.push_back(3);
    std::vector<Input> inputs;
    for (const Range& range : ranges) inputs.push_back({sizes, range.low, range.high, range.dtype});
    cases.push_back(any_case(f, inputs, batch, [of](const Arrays& x, const Places& at) {
      std::vector<List> vectors;
      for (const Array& each : x) vectors.push_back(vector_at(each, at));
      return of(vectors);
    }));
  }
  return cases;
}

Real dirichlet_of(const List& x, const List& a) {
  Real sum = 0, total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (a[i] - 1) * std::log(x[i]) - log_gamma(a[i]), total += a[i];
  return sum + log_gamma(total);
}

// Lower triangular, with a diagonal > 0.
Tensor triangular(const Tensor& x) { return tril(x) * 0.25 + eye(x.size(-1), {}, x.dtype()); }
Real triangular_at(const Array& x, const Places& at, std::int64_t i, std::int64_t j) {
  if (j > i) return 0;
  Places place = at;
  place.insert(place.end(), {i, j});
  return x.at(place) / 4 + (i == j ? 1 : 0);
}
// L⁻¹ v, row by row.
List whitened(const Array& l, const Places& at, const List& v) {
  List y;
  for (std::int64_t i = 0; i < i64(v.size()); ++i) {
    Real rest = v[u(i)];
    for (std::int64_t j = 0; j < i; ++j) rest -= triangular_at(l, at, i, j) * y[u(j)];
    y.push_back(rest / triangular_at(l, at, i, i));
  }
  return y;
}
Real logarithms(const Array& l, const Places& at) {
  Real sum = 0;
  for (std::int64_t i = 0; i < l.shape.back(); ++i) sum += std::log(triangular_at(l, at, i, i));
  return sum;
}
Real square_sum(const List& x) {
  Real sum = 0;
  for (const Real each : x) sum += each * each;
  return sum;
}
List minus(const List& a, const List& b) {
  List y;
  for (std::size_t i = 0; i < a.size(); ++i) y.push_back(a[i] - b[i]);
  return y;
}

Real multivariate_of(const Arrays& x, const Places& at) {
  const List white = whitened(x[2], at, minus(vector_at(x[0], at), vector_at(x[1], at)));
  return -square_sum(white) / 2 - logarithms(x[2], at) - static_cast<Real>(white.size()) * std::log(2 * pi) / 2;
}
Real multivariate_divergence(const Arrays& x, const Places& at) {
  const std::int64_t n = x[0].shape.back();
  Real traces = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    List column;
    for (std::int64_t i = 0; i < n; ++i) column.push_back(triangular_at(x[1], at, i, j));
    traces += square_sum(whitened(x[3], at, column));
  }
  const List white = whitened(x[3], at, minus(vector_at(x[0], at), vector_at(x[2], at)));
  return (traces + square_sum(white) - static_cast<Real>(n)) / 2 + logarithms(x[3], at) - logarithms(x[1], at);
}

std::vector<Case> multivariate_cases() {
  const auto f = [](const Xs& x) { return log_density::multivariate_normal(x[0], x[1], triangular(x[2])); };
  return {any_case(f, {{{3}}, {{3}}, {{3, 3}}}, {}, multivariate_of),
          any_case(f, {{{2, 2}}, {{2, 2}}, {{2, 2, 2}}}, {2}, multivariate_of),
          any_case(f, {{{1}}, {{1}}, {{1, 1}}}, {}, multivariate_of),
          any_case(f, {{{0, 2}}, {{0, 2}}, {{0, 2, 2}}}, {0}, multivariate_of)};
}
std::vector<Case> multivariate_divergence_cases() {
  const auto f = [](const Xs& x) {
    return kl_divergence::multivariate_normal(x[0], triangular(x[1]), x[2], triangular(x[3]));
  };
  return {any_case(f, {{{3}}, {{3, 3}}, {{3}}, {{3, 3}}}, {}, multivariate_divergence),
          any_case(f, {{{2, 2}}, {{2, 2, 2}}, {{2, 2}}, {{2, 2, 2}}}, {2}, multivariate_divergence),
          any_case(f, {{{1}}, {{1, 1}}, {{1}}, {{1, 1}}}, {}, multivariate_divergence),
          any_case(f, {{{0, 2}}, {{0, 2, 2}}, {{0, 2}}, {{0, 2, 2}}}, {0}, multivariate_divergence)};
}

Case categorical_case(const Shape& x, const Shape& logits) {
  const double classes = static_cast<double>(logits.back());
  return any_case([](const Xs& xs) { return log_density::categorical(xs[0], xs[1]); },
                  {{x, 0, classes, int64}, {logits, -3, 3}}, x,
                  [](const Arrays& a, const Places& at) {
                    return std::log(probabilities(vector_at(a[1], at))[static_cast<std::size_t>(a[0].at(at))]);
                  });
}

std::vector<Composition> densities() {
  using namespace log_density;
  const Range positive{0.5, 4}, part{0.1, 0.9};
  return {
      {.call = "log_density::normal(x, mean, deviation)",
       .equation = "−(x − mean)² / (2 deviation²) − log(deviation √(2π))",
       .cases = elementwise(log_density::normal, {}, {}, positive, normal_of),
       .refusals = {refuses<ShapeError>([] { return log_density::normal(pair, three, 1); })}},
      {.call = "log_density::laplace(x, mean, scale)",
       .equation = "−|x − mean| / scale − log(2 scale)",
       .cases = elementwise(laplace, {2.5, 4}, {}, positive,
                            [](Real x, Real m, Real s) { return -std::abs(x - m) / s - std::log(2 * s); }),
       .refusals = {refuses<ShapeError>([] { return laplace(pair, three, 1); })}},
      {.call = "log_density::student_t(x, freedom, mean, scale)",
       .equation = "log of Γ((ν + 1) / 2) / (Γ(ν / 2) √(νπ) scale) (1 + t² / ν)^(−(ν + 1) / 2), t = (x − mean) / scale",
       .cases = elementwise(of_four(log_density::student_t), {{}, positive, {}, positive}, student_of),
       .refusals = {refuses<ShapeError>([] { return student_t(pair, 2, three, 1); })}},
      {.call = "log_density::bernoulli(x, logit)",
       .equation = "x log p + (1 − x) log(1 − p), p = 1 / (1 + exp(−logit))",
       .cases = elementwise(log_density::bernoulli, {0, 1}, {-4, 4}, bernoulli_of),
       .refusals = {refuses<ShapeError>([] { return log_density::bernoulli(pair, three); })}},
      {.call = "log_density::categorical(x, logits)",
       .equation = "log softmax(logits) at the class x",
       .cases = {categorical_case({4}, {4, 3}), categorical_case({}, {3}), categorical_case({2, 1}, {2, 1, 4}),
                 categorical_case({0}, {0, 3})},
       .refusals = {refuses<DTypeError>([] { return log_density::categorical(three, factor); })}},
      {.call = "log_density::poisson(x, rate)",
       .equation = "x log rate − rate − log x!",
       .cases = elementwise(poisson, {0, 6}, positive,
                            [](Real x, Real r) { return x * std::log(r) - r - log_gamma(x + 1); }),
       .refusals = {refuses<ShapeError>([] { return poisson(pair, three); })}},
      {.call = "log_density::gamma(x, shape, rate)",
       .equation = "shape log rate + (shape − 1) log x − rate x − log Γ(shape)",
       .cases = elementwise(
           log_density::gamma, positive, positive, positive,
           [](Real x, Real a, Real r) { return a * std::log(r) + (a - 1) * std::log(x) - r * x - log_gamma(a); }),
       .refusals = {refuses<ShapeError>([] { return log_density::gamma(pair, three, 1); })},
       .epsilons = where_terms_cancel},
      {.call = "log_density::beta(x, a, b)",
       .equation = "(a − 1) log x + (b − 1) log(1 − x) − log B(a, b)",
       .cases = elementwise(
           log_density::beta, part, positive, positive,
           [](Real x, Real a, Real b) { return (a - 1) * std::log(x) + (b - 1) * std::log(1 - x) - log_beta(a, b); }),
       .refusals = {refuses<ShapeError>([] { return log_density::beta(pair, three, 1); })},
       .epsilons = where_terms_cancel},
      {.call = "log_density::dirichlet(x, concentration)",
       .equation = "Σ (aᵢ − 1) log xᵢ − Σ log Γ(aᵢ) + log Γ(Σ aᵢ)",
       .cases = of_vectors([](const Xs& x) { return log_density::dirichlet(x[0], x[1]); }, {part, positive},
                           [](const std::vector<List>& x) { return dirichlet_of(x[0], x[1]); }),
       .refusals = {refuses<ShapeError>([] { return log_density::dirichlet(pair, three); })},
       .epsilons = where_terms_cancel},
      {.call = "log_density::multivariate_normal(x, mean, factor)",
       .equation = "−|L⁻¹ (x − mean)|² / 2 − Σ log Lᵢᵢ − n log √(2π)",
       .cases = multivariate_cases(),
       .refusals = {refuses<ShapeError>([] { return log_density::multivariate_normal(pair, pair, factor); })}},
  };
}

Real normal_divergence(const List& a) {
  const Real r = a[1] / a[3], d = (a[0] - a[2]) / a[3];
  return (r * r + d * d - 1) / 2 - std::log(r);
}
Real laplace_divergence(const List& a) {
  const Real d = std::abs(a[0] - a[2]);
  return std::log(a[3] / a[1]) + (d + a[1] * std::exp(-d / a[1])) / a[3] - 1;
}
Real gamma_divergence(const List& a) {
  return (a[0] - a[2]) * digamma_of(a[0]) - log_gamma(a[0]) + log_gamma(a[2]) + a[2] * std::log(a[1] / a[3]) +
         a[0] * (a[3] - a[1]) / a[1];
}
Real beta_divergence(const List& a) {
  return log_beta(a[2], a[3]) - log_beta(a[0], a[1]) + (a[0] - a[2]) * digamma_of(a[0]) +
         (a[1] - a[3]) * digamma_of(a[1]) + (a[2] - a[0] + a[3] - a[1]) * digamma_of(a[0] + a[1]);
}
Real bernoulli_divergence(Real a, Real b) {
  const Real p = sigmoid_of(a), q = sigmoid_of(b);
  return p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
}
Real categorical_divergence(const std::vector<List>& x) {
  const List p = probabilities(x[0]), q = probabilities(x[1]);
  Real sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += p[i] * std::log(p[i] / q[i]);
  return sum;
}
Real dirichlet_divergence(const std::vector<List>& x) {
  Real a = 0, b = 0, sum = 0;
  for (std::size_t i = 0; i < x[0].size(); ++i) a += x[0][i], b += x[1][i];
  for (std::size_t i = 0; i < x[0].size(); ++i)
    sum += log_gamma(x[1][i]) - log_gamma(x[0][i]) + (x[0][i] - x[1][i]) * (digamma_of(x[0][i]) - digamma_of(a));
  return sum + log_gamma(a) - log_gamma(b);
}

std::vector<Composition> divergences() {
  const Range positive{0.5, 4};
  const std::string equation = "E_p[log p − log q]";
  return {
      {.call = "kl_divergence::normal(mean_p, deviation_p, mean_q, deviation_q)",
       .equation =
           equation + " = (r² + ((mean_p − mean_q) / deviation_q)² − 1) / 2 − log r, r = deviation_p / deviation_q",
       .cases = elementwise(of_four(kl_divergence::normal), {{}, positive, {}, positive}, normal_divergence),
       .refusals = {refuses<ShapeError>([] { return kl_divergence::normal(pair, 1, three, 1); })}},
      {.call = "kl_divergence::laplace(mean_p, scale_p, mean_q, scale_q)",
       .equation = equation +
                   " = log(scale_q / scale_p) + (d + scale_p exp(−d / scale_p)) / scale_q − 1, d = |mean_p − mean_q|",
       .cases = elementwise(of_four(kl_divergence::laplace), {{}, positive, {}, positive}, laplace_divergence),
       .refusals = {refuses<ShapeError>([] { return kl_divergence::laplace(pair, 1, three, 1); })}},
      {.call = "kl_divergence::bernoulli(logit_p, logit_q)",
       .equation = equation + " = p log(p / q) + (1 − p) log((1 − p) / (1 − q))",
       .cases = elementwise(kl_divergence::bernoulli, {-4, 4}, {-4, 4}, bernoulli_divergence),
       .refusals = {refuses<ShapeError>([] { return kl_divergence::bernoulli(pair, three); })}},
      {.call = "kl_divergence::categorical(logits_p, logits_q)",
       .equation = equation + " = Σ pᵢ log(pᵢ / qᵢ)",
       .cases = of_vectors([](const Xs& x) { return kl_divergence::categorical(x[0], x[1]); }, {{-3, 3}, {-3, 3}},
                           categorical_divergence),
       .refusals = {refuses<ShapeError>([] { return kl_divergence::categorical(pair, three); })}},
      {.call = "kl_divergence::poisson(rate_p, rate_q)",
       .equation = equation + " = rate_p log(rate_p / rate_q) − rate_p + rate_q",
       .cases = elementwise(kl_divergence::poisson, positive, positive,
                            [](Real p, Real q) { return p * std::log(p / q) - p + q; }),
       .refusals = {refuses<ShapeError>([] { return kl_divergence::poisson(pair, three); })}},
      {.call = "kl_divergence::gamma(shape_p, rate_p, shape_q, rate_q)",
       .equation = equation,
       .cases = elementwise(of_four(kl_divergence::gamma), {positive, positive, positive, positive}, gamma_divergence),
       .refusals = {refuses<ShapeError>([] { return kl_divergence::gamma(pair, 1, three, 1); })},
       .epsilons = where_terms_cancel},
      {.call = "kl_divergence::beta(a_p, b_p, a_q, b_q)",
       .equation = equation,
       .cases = elementwise(of_four(kl_divergence::beta), {positive, positive, positive, positive}, beta_divergence),
       .refusals = {refuses<ShapeError>([] { return kl_divergence::beta(pair, 1, three, 1); })},
       .epsilons = where_terms_cancel},
      {.call = "kl_divergence::dirichlet(concentration_p, concentration_q)",
       .equation = equation,
       .cases = of_vectors([](const Xs& x) { return kl_divergence::dirichlet(x[0], x[1]); }, {positive, positive},
                           dirichlet_divergence),
       .refusals = {refuses<ShapeError>([] { return kl_divergence::dirichlet(pair, three); })},
       .epsilons = where_terms_cancel},
      {.call = "kl_divergence::multivariate_normal(mean_p, factor_p, mean_q, factor_q)",
       .equation = equation + " = (|L_q⁻¹ L_p|² + |L_q⁻¹ (mean_p − mean_q)|² − n) / 2 + Σ log(L_q / L_p)ᵢᵢ",
       .cases = multivariate_divergence_cases(),
       .refusals = {refuses<ShapeError>(
           [] { return kl_divergence::multivariate_normal(pair, factor, pair, factor); })}},
  };
}

}  // namespace

std::vector<Composition> density_compositions() {
  std::vector<Composition> all = densities();
  for (Composition& row : divergences()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
