// Losses of whole samples.

#include <algorithm>
#include <limits>

#include "nn/losses.hpp"
#include "tests/compositions.hpp"
#include "tests/reduced.hpp"

namespace xgrad::catalogue {

namespace {

using nn::Reduction;

const Tensor matrix = known({2, 3}), empty = known({0, 3}, 0), labels = tensor({{0, -1, -1}, {1, 2, -1}});

// The losses of the rows [n, d] of the inputs, from those of one.
Case of_rows(std::function<Tensor(const Xs&)> f, std::vector<Input> inputs, Reduction reduction,
             std::function<Real(const Arrays&, std::int64_t)> of_row) {
  const std::int64_t rows = inputs[0].shape[0];
  return {std::move(f), std::move(inputs), [=](const Arrays& x) {
            Array losses{{rows}, {}};
            for (std::int64_t n = 0; n < rows; ++n) losses.elements.push_back(of_row(x, n));
            return reduced(losses, reduction);
          }};
}

// ---- single elements with a third input -----------------------------------------------------------------------------

Case gaussian_case(const Shape& shape, const Shape& variance, Reduction reduction) {
  return {[=](const Xs& x) { return nn::gaussian_nll_loss(x[0], x[1], x[2], {.reduction = reduction}); },
          {{shape}, {shape}, {variance, 0.3, 2}},
          [=](const Arrays& x) {
            return reduced(build(shape,
                                 [&](const Places& at) {
                                   const bool each = variance.ndim() == shape.ndim() && variance.back() != 1;
                                   Places place = each ? at : without(at, shape.ndim() - 1);
                                   if (!each && variance.ndim() == shape.ndim()) place.push_back(0);
                                   const Real v = x[2].at(place), error = x[0].at(at) - x[1].at(at);
                                   return (std::log(v) + error * error / v) / 2;
                                 }),
                           reduction);
          }};
}

Case ranking_case(const Shape& shape, Reduction reduction) {
  return {[=](const Xs& x) {
            return nn::margin_ranking_loss(x[0], x[1], sign(x[2]), {.margin = 0.5, .reduction = reduction});
          },
          {{shape}, {shape, -2, 2.3}, {shape, -2, 2.5}},
          [=](const Arrays& x) {
            return reduced(build(shape,
                                 [&](const Places& at) {
                                   const Real difference = x[0].at(at) - x[1].at(at);
                                   return std::max<Real>(0, 0.5L - (x[2].at(at) > 0 ? difference : -difference));
                                 }),
                           reduction);
          }};
}

// ---- rows -----------------------------------------------------------------------------------------------------------

Case multilabel_margin_case(const Shape& shape, Reduction reduction) {
  const std::int64_t classes = shape[1];
  return of_rows([=](const Xs& x) { return nn::multilabel_margin_loss(x[0], x[1], reduction); },
                 {{shape, -2, 2.3}, {shape, -1, static_cast<double>(classes), int64}}, reduction,
                 [=](const Arrays& x, std::int64_t n) {
                   std::vector<std::int64_t> given;
                   for (std::int64_t j = 0; j < classes && x[1].at({n, j}) >= 0; ++j)
                     given.push_back(static_cast<std::int64_t>(x[1].at({n, j})));
                   Real total = 0;
                   for (const std::int64_t j : given)
                     for (std::int64_t c = 0; c < classes; ++c)
                       if (std::find(given.begin(), given.end(), c) == given.end())
                         total += std::max<Real>(0, 1 - (x[0].at({n, j}) - x[0].at({n, c})));
                   return total / static_cast<Real>(classes);
                 });
}

Case multilabel_soft_case(const Shape& shape, Reduction reduction) {
  return of_rows([=](const Xs& x) { return nn::multilabel_soft_margin_loss(x[0], x[1], {.reduction = reduction}); },
                 {{shape, -4, 4}, {shape, 0, 1}}, reduction,
                 [=](const Arrays& x, std::int64_t n) {
                   Real total = 0;
                   for (std::int64_t c = 0; c < shape[1]; ++c) {
                     const Real z = x[0].at({n, c}), y = x[1].at({n, c});
                     total += y * std::log1p(std::exp(-z)) + (1 - y) * std::log1p(std::exp(z));
                   }
                   return total / static_cast<Real>(shape[1]);
                 });
}

// The sums of p y, p and y over each row.
Case overlap_case(std::function<Tensor(const Tensor&, const Tensor&, Reduction)> f, const Shape& shape,
                  Reduction reduction, Real (*of_sums)(Real both, Real claimed, Real there)) {
  return of_rows([=](const Xs& x) { return f(x[0], x[1], reduction); }, {{shape, 0.05, 1}, {shape, 0.05, 1}}, reduction,
                 [=](const Arrays& x, std::int64_t n) {
                   Real both = 0, claimed = 0, there = 0;
                   for (std::int64_t d = 0; d < shape[1]; ++d) {
                     both += x[0].at({n, d}) * x[1].at({n, d});
                     claimed += x[0].at({n, d});
                     there += x[1].at({n, d});
                   }
                   return of_sums(both, claimed, there);
                 });
}
std::vector<Case> overlaps(const std::function<Tensor(const Tensor&, const Tensor&, Reduction)>& f,
                           Real (*of_sums)(Real, Real, Real)) {
  return {overlap_case(f, {2, 3}, Reduction::mean, of_sums), overlap_case(f, {3, 4}, Reduction::none, of_sums),
          overlap_case(f, {2, 1}, Reduction::sum, of_sums), overlap_case(f, {0, 2}, Reduction::none, of_sums)};
}
Real dice_of(Real both, Real claimed, Real there) { return 1 - (2 * both + 1) / (claimed + there + 1); }
Real tversky_of(Real both, Real claimed, Real there) {
  const Real wrong = 0.3L * (claimed - both) + 0.7L * (there - both);
  return std::pow(1 - (both + 1) / (both + wrong + 1), 0.75L);
}

Case gaussian_kl_case(const Shape& shape, Reduction reduction) {
  return of_rows([=](const Xs& x) { return nn::gaussian_kl_loss(x[0], x[1], {.reduction = reduction}); },
                 {{shape}, {shape}}, reduction,
                 [=](const Arrays& x, std::int64_t n) {
                   Real total = 0;
                   for (std::int64_t d = 0; d < shape[1]; ++d) {
                     const Real mean = x[0].at({n, d}), l = x[1].at({n, d});
                     total += (std::exp(l) - 1 - l + mean * mean) / 2;
                   }
                   return total;
                 });
}

// Each sample of x as often as there are samples of y, and the other way round: then both are as many.
Case wasserstein_case(std::int64_t batch, std::int64_t n, std::int64_t m, double p, Reduction reduction) {
  return of_rows([=](const Xs& x) { return nn::wasserstein_loss(x[0], x[1], {.p = p, .reduction = reduction}); },
                 {{{batch, n}}, {{batch, m}, -1, 3}}, reduction,
                 [=](const Arrays& x, std::int64_t row) {
                   List first, second;
                   for (std::int64_t i = 0; i < n; ++i)
                     for (std::int64_t k = 0; k < m; ++k) {
                       first.push_back(x[0].at({row, i}));
                       second.push_back(x[1].at({row, k}));
                     }
                   std::sort(first.begin(), first.end());
                   std::sort(second.begin(), second.end());
                   Real total = 0;
                   for (std::size_t i = 0; i < first.size(); ++i)
                     total += std::pow(std::abs(first[i] - second[i]), static_cast<Real>(p));
                   return std::pow(total / static_cast<Real>(first.size()), 1 / static_cast<Real>(p));
                 });
}

// ---- connectionist temporal classification --------------------------------------------------------------------------

// Whether a sequence of classes becomes the target when equal neighbours are joined and blanks (0) dropped.
bool collapses_to(const Places& sequence, const Places& target) {
  Places left;
  for (std::size_t t = 0; t < sequence.size(); ++t)
    if (sequence[t] != 0 && (t == 0 || sequence[t] != sequence[t - 1])) left.push_back(sequence[t]);
  return left == target;
}

// Over all sequences.
Real negative_log_likelihood(const Array& log_p, std::int64_t sample, std::int64_t steps, const Places& target) {
  const std::int64_t classes = log_p.shape[2];
  Real total = 0;
  Places sequence(u(steps), 0);
  for (bool more = true; more;) {
    Real logarithm = 0;
    for (std::int64_t t = 0; t < steps; ++t) logarithm += log_p.at({t, sample, sequence[u(t)]});
    if (collapses_to(sequence, target)) total += std::exp(logarithm);
    more = false;
    for (std::int64_t t = 0; t < steps && !more; ++t) {
      sequence[u(t)] = (sequence[u(t)] + 1) % classes;
      more = sequence[u(t)] != 0;
    }
  }
  return -std::log(total);
}

Case ctc_case(const Shape& shape, std::int64_t width, Reduction reduction) {
  const std::int64_t samples = shape[1];
  return {[=](const Xs& x) { return nn::ctc_loss(x[0], x[1], x[2], x[3], {.reduction = reduction}); },
          {{shape, -2, -0.1},
           {{samples, width}, 1, static_cast<double>(shape[2]), int64},
           {{samples}, static_cast<double>(shape[0] - 1), static_cast<double>(shape[0] + 1), int64},
           {{samples}, 0, static_cast<double>(width) + 0.9, int64}},
          [=](const Arrays& x) {
            Array losses{{samples}, {}};
            for (std::int64_t n = 0; n < samples; ++n) {
              Places target;
              for (std::int64_t s = 0; s < static_cast<std::int64_t>(x[3].at({n})); ++s)
                target.push_back(static_cast<std::int64_t>(x[1].at({n, s})));
              const auto steps = static_cast<std::int64_t>(x[2].at({n}));
              const Real each = negative_log_likelihood(x[0], n, steps, target);
              const Real divisor =
                  reduction == Reduction::mean ? std::max<Real>(1, static_cast<Real>(target.size())) : 1;
              losses.elements.push_back(each / divisor);
            }
            return reduced(losses, reduction);
          }};
}

std::vector<Composition> of_elements() {
  return {
      {.call = "nn::gaussian_nll_loss(output, target, variance, {.full, .eps, .reduction})",
       .equation = "(log v + (output − target)² / v) / 2",
       .cases = {gaussian_case({2, 3}, {2, 3}, Reduction::mean), gaussian_case({2, 3}, {2, 1}, Reduction::sum),
                 gaussian_case({3, 2}, {3}, Reduction::none), gaussian_case({0, 2}, {0, 2}, Reduction::none)},
       .refusals = {refuses<ShapeError>([] { return nn::gaussian_nll_loss(matrix, matrix, ones({2})(newaxis)); }),
                    refuses<ValueError>([] { return nn::gaussian_nll_loss(matrix, matrix, -1); })}},
      {.call = "nn::margin_ranking_loss(first, second, target, {.margin, .reduction})",
       .equation = "max(0, margin − target (first − second))",
       .cases = {ranking_case({2, 3}, Reduction::mean), ranking_case({4}, Reduction::none),
                 ranking_case({1}, Reduction::sum), ranking_case({0}, Reduction::none)},
       .refusals = {refuses<ShapeError>([] { return nn::margin_ranking_loss(matrix, matrix, ones({2})); }),
                    refuses<ValueError>([] {
                      return nn::margin_ranking_loss(matrix, matrix, known({2, 3}, 0.5));
                    })}},
  };
}

std::vector<Composition> of_labels() {
  return {
      {.call = "nn::multilabel_margin_loss(scores, target, reduction)",
       .equation = "1/C Σ over labels j and classes c that are none of max(0, 1 − (x_j − x_c))",
       .cases = {multilabel_margin_case({3, 4}, Reduction::mean), multilabel_margin_case({4, 3}, Reduction::none),
                 multilabel_margin_case({2, 1}, Reduction::sum), multilabel_margin_case({0, 2}, Reduction::none)},
       .refusals = {refuses<ShapeError>([] {
                      return nn::multilabel_margin_loss(known({3, 3}), labels);
                    }),
                    refuses<IndexError>([] {
                      return nn::multilabel_margin_loss(matrix, tensor({{0, 3, -1}, {1, 2, -1}}));
                    }),
                    refuses<DTypeError>([] { return nn::multilabel_margin_loss(matrix, matrix); })}},
      {.call = "nn::multilabel_soft_margin_loss(scores, target, {.weight, .reduction})",
       .equation = "−1/C Σ w_c (y_c log s(x_c) + (1 − y_c) log(1 − s(x_c))), s the sigmoid",
       .cases = {multilabel_soft_case({3, 4}, Reduction::mean), multilabel_soft_case({4, 3}, Reduction::none),
                 multilabel_soft_case({2, 1}, Reduction::sum), multilabel_soft_case({0, 2}, Reduction::none)},
       .refusals = {refuses<ShapeError>([] { return nn::multilabel_soft_margin_loss(matrix, ones({3})); })}},
      {.call = "nn::ctc_loss(log_probabilities, targets, input_lengths, target_lengths, {.blank, .zero_infinity, "
               ".reduction})",
       .equation = "−log Σ Π p over the sequences that become the target when repetitions and blanks are dropped",
       .cases = {ctc_case({5, 3, 3}, 2, Reduction::mean), ctc_case({6, 2, 3}, 2, Reduction::none),
                 ctc_case({4, 1, 2}, 1, Reduction::sum), ctc_case({3, 0, 2}, 1, Reduction::none)},
       .refusals = {refuses<IndexError>([] {
                      return nn::ctc_loss(ones({3, 1, 4}), tensor({{1, 4}}), 3, tensor({2}));
                    }),
                    refuses<ShapeError>([] {
                      return nn::ctc_loss(ones({3, 2, 4}), tensor({{1, 2}}), 3, 2);
                    }),
                    refuses<DTypeError>([] {
                      return nn::ctc_loss(ones({3, 1, 4}), ones({1, 2}), 3, 2);
                    }),
                    refuses<ValueError>([] {
                      return nn::ctc_loss(ones({2, 1, 4}), tensor({{1, 2}}), 3, 2);
                    })}},
  };
}

std::vector<Composition> of_regions() {
  const auto dice = [](const Tensor& x, const Tensor& y, Reduction r) { return nn::dice_loss(x, y, {.reduction = r}); };
  const auto tversky = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::tversky_loss(x, y, {.alpha = 0.3, .beta = 0.7, .gamma = 0.75, .reduction = r});
  };
  return {
      {.call = "nn::dice_loss(probabilities, target, {.smooth, .squared, .axes, .reduction})",
       .equation = "1 − (2 Σ p y + smooth) / (Σ p + Σ y + smooth) of each sample",
       .cases = overlaps(dice, dice_of),
       .refusals = {refuses<ShapeError>([] { return nn::dice_loss(matrix, ones({3})); }),
                    refuses<ValueError>([] { return nn::dice_loss(empty, empty); })}},
      {.call = "nn::tversky_loss(probabilities, target, {.alpha, .beta, .gamma, .smooth, .axes, .reduction})",
       .equation = "(1 − (Σ p y + smooth) / (Σ p y + alpha Σ p (1 − y) + beta Σ (1 − p) y + smooth))^gamma",
       .cases = overlaps(tversky, tversky_of),
       .refusals = {refuses<ShapeError>([] { return nn::tversky_loss(matrix, ones({3})); }),
                    refuses<ValueError>([] { return nn::tversky_loss(matrix, matrix, {.gamma = 0}); })}},
      {.call = "nn::gaussian_kl_loss(mean, log_variance, {.prior_mean, .prior_log_variance, .reduction})",
       .equation = "Σ (exp l − 1 − l + mean²) / 2 of each sample, for a standard normal prior",
       .cases = {gaussian_kl_case({2, 3}, Reduction::mean), gaussian_kl_case({3, 2}, Reduction::none),
                 gaussian_kl_case({2, 1}, Reduction::sum), gaussian_kl_case({0, 2}, Reduction::none)},
       .refusals = {refuses<ShapeError>([] { return nn::gaussian_kl_loss(matrix, ones({3})); })}},
      {.call = "nn::wasserstein_loss(x, y, {.p, .reduction})",
       .equation = "(∫ |F(q) − G(q)|^p dq)^(1/p) for the quantiles F and G of the samples",
       .cases = {wasserstein_case(2, 4, 4, 1, Reduction::mean), wasserstein_case(3, 2, 3, 2, Reduction::none),
                 wasserstein_case(2, 4, 6, 1, Reduction::none), wasserstein_case(2, 1, 3, 2, Reduction::sum),
                 wasserstein_case(0, 2, 3, 1, Reduction::none)},
       .refusals = {refuses<ShapeError>([] {
                      return nn::wasserstein_loss(matrix, known({3, 3}));
                    }),
                    refuses<ValueError>([] { return nn::wasserstein_loss(matrix, matrix, {.p = 0.5}); }),
                    refuses<ValueError>([] {
                      return nn::wasserstein_loss(known({2, 0}), matrix);
                    })}},
  };
}

}  // namespace

std::vector<Composition> sample_loss_compositions() {
  std::vector<Composition> all = of_elements();
  for (auto* part : {of_labels, of_regions})
    for (Composition& row : part()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
