// Losses.

#include "nn/losses.hpp"
#include "tests/compositions.hpp"
#include "tests/reduced.hpp"

namespace xgrad::catalogue {

namespace {

using nn::Reduction;

const Tensor matrix = known({2, 3}), empty = known({0, 3}, 0), labels = tensor({0, 2}),
             none = tensor(std::vector<std::int64_t>{});
const char* const no_batch = "an empty batch is refused";

using Loss = std::function<Tensor(const Tensor& output, const Tensor& target, Reduction)>;

// A loss of each element.
std::vector<Case> of_elements(const Loss& f, Range output, Range target, Real (*element)(Real, Real)) {
  std::vector<Case> cases;
  const auto add = [&](const Shape& shape, Reduction reduction) {
    cases.push_back({[=](const Xs& x) { return f(x[0], x[1], reduction); },
                     {{shape, output.low, output.high}, {shape, target.low, target.high}},
                     [=](const Arrays& x) {
                       return reduced(
                           build(x[0].shape, [&](const Places& at) { return element(x[0].at(at), x[1].at(at)); }),
                           reduction);
                     }});
  };
  add({2, 3}, Reduction::mean);
  add({2, 3}, Reduction::sum);
  add({2, 3}, Reduction::batch_mean);
  add({5}, Reduction::none);
  add({2, 1}, Reduction::mean);
  add({0, 2}, Reduction::none);
  return cases;
}

// The same for targets 1 and -1, made from the signs of the second input.
std::vector<Case> of_signs(const Loss& f, Real (*element)(Real, Real)) {
  return of_elements([f](const Tensor& output, const Tensor& target,
                         Reduction reduction) { return f(output, sign(target), reduction); },
                     {-2, 2}, {-2, 2.5}, element);
}
Real sign_of(Real x) { return x > 0 ? 1 : -1; }

// Half of the squared error of each sample, or all of it.
std::vector<Case> of_samples(Tensor (*f)(const Operand&, const Operand&, Reduction), Real factor) {
  std::vector<Case> cases;
  const auto add = [&](const Shape& shape, Reduction reduction) {
    cases.push_back({[=](const Xs& x) { return f(x[0], x[1], reduction); },
                     {{shape}, {shape}},
                     [=](const Arrays& x) {
                       Array losses{{shape[0]}, List(u(shape[0]))};
                       build(shape, [&](const Places& at) {
                         const Real error = x[0].at(at) - x[1].at(at);
                         losses.elements[u(at[0])] += factor * error * error;
                         return Real{0};
                       });
                       return reduced(losses, reduction);
                     }});
  };
  add({2, 3}, Reduction::mean);
  add({3, 2}, Reduction::sum);
  add({2, 1, 2}, Reduction::none);
  add({0, 2}, Reduction::none);
  return cases;
}

Real smooth_of(Real x, Real y) {
  const Real d = std::abs(x - y);
  return d < 0.5L ? d * d : d - 0.25L;
}
Real huber_of(Real x, Real y) {
  const Real d = std::abs(x - y);
  return d <= 1.5L ? d * d / 2 : 1.5L * (d - 0.75L);
}
Real cross_of(Real p, Real y) { return -(y * std::log(p) + (1 - y) * std::log(1 - p)); }

Real pinball_of(Real x, Real y) { return y > x ? 0.8L * (y - x) : 0.2L * (x - y); }
Real poisson_of(Real x, Real y) { return std::exp(x) - y * x; }

std::vector<Composition> of_differences() {
  const auto squares = [](const Tensor& x, const Tensor& y, Reduction r) { return nn::mse_loss(x, y, r); };
  const auto sizes = [](const Tensor& x, const Tensor& y, Reduction r) { return nn::l1_loss(x, y, r); };
  const auto smooth = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::smooth_l1_loss(x, y, {.beta = 0.5, .reduction = r});
  };
  const auto huber = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::huber_loss(x, y, {.delta = 1.5, .reduction = r});
  };
  const auto pinball = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::quantile_loss(x, y, {.quantile = 0.8, .reduction = r});
  };
  const auto poisson = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::poisson_nll_loss(x, y, {.reduction = r});
  };
  return {
      {.call = "nn::mse_loss(output, target, reduction)",
       .equation = "(output − target)²",
       .cases = of_elements(squares, {}, {}, [](Real x, Real y) { return (x - y) * (x - y); }),
       .refusals = {refuses<ShapeError>([] { return nn::mse_loss(matrix, ones({3})); }),
                    refuses<ValueError>([] { return nn::mse_loss(empty, empty); })}},
      {.call = "nn::squared_error(output, target, reduction)",
       .equation = "Σ (outputⱼ − targetⱼ)² of each sample",
       .cases = of_samples(nn::squared_error, 1),
       .refusals = {refuses<ShapeError>([] { return nn::squared_error(matrix, ones({3})); })}},
      {.call = "nn::half_squared_error(output, target, reduction)",
       .equation = "Σ (outputⱼ − targetⱼ)² / 2 of each sample",
       .cases = of_samples(nn::half_squared_error, 0.5L),
       .refusals = {refuses<ShapeError>([] { return nn::half_squared_error(matrix, ones({3})); })}},
      {.call = "nn::l1_loss(output, target, reduction)",
       .equation = "|output − target|",
       .cases = of_elements(sizes, {}, {2.5, 4}, [](Real x, Real y) { return std::abs(x - y); }),
       .refusals = {refuses<ShapeError>([] { return nn::l1_loss(matrix, ones({3})); })}},
      {.call = "nn::smooth_l1_loss(output, target, {.beta, .reduction})",
       .equation = "d = |output − target|: d² / (2 beta) for d < beta, else d − beta / 2",
       .cases = of_elements(smooth, {}, {}, smooth_of),
       .refusals = {refuses<ShapeError>([] { return nn::smooth_l1_loss(matrix, ones({3})); })}},
      {.call = "nn::huber_loss(output, target, {.delta, .reduction})",
       .equation = "d = |output − target|: d² / 2 for d ≤ delta, else delta (d − delta / 2)",
       .cases = of_elements(huber, {}, {}, huber_of),
       .refusals = {refuses<ShapeError>([] { return nn::huber_loss(matrix, ones({3})); })}},
      {.call = "nn::quantile_loss(output, target, {.quantile, .reduction})",
       .equation = "e = target − output: q e for e > 0, else (q − 1) e",
       .cases = of_elements(pinball, {}, {}, pinball_of),
       .refusals = {refuses<ShapeError>([] { return nn::quantile_loss(matrix, ones({3})); }),
                    refuses<ValueError>([] { return nn::quantile_loss(matrix, matrix, {.quantile = 2}); })}},
      {.call = "nn::poisson_nll_loss(output, target, {.log_input, .full, .eps, .reduction})",
       .equation = "exp(output) − target output",
       .cases = of_elements(poisson, {}, {0, 4}, poisson_of),
       .refusals = {refuses<ShapeError>([] { return nn::poisson_nll_loss(matrix, ones({3})); })}},
  };
}

Real focal_of(Real z, Real y) {
  const Real p = 1 / (1 + std::exp(-z)), miss = p * (1 - y) + (1 - p) * y;
  return (0.25L * y + 0.75L * (1 - y)) * miss * miss * cross_of(p, y);
}

std::vector<Composition> of_probabilities() {
  const auto cross = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::binary_cross_entropy(x, y, {.reduction = r});
  };
  const auto from_logits = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::binary_cross_entropy_with_logits(x, y, {.reduction = r});
  };
  const auto divergence_of = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::kl_div(x, y, {.reduction = r});
  };
  const auto hinge = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::hinge_loss(x, y, {.reduction = r});
  };
  const auto soft = [](const Tensor& x, const Tensor& y, Reduction r) { return nn::soft_margin_loss(x, y, r); };
  const auto focal = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::sigmoid_focal_loss(x, y, {.reduction = r});
  };
  const auto embedding = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::hinge_embedding_loss(x, y, {.reduction = r});
  };
  return {
      {.call = "nn::binary_cross_entropy(probabilities, target, {.weight, .reduction})",
       .equation = "−(y log p + (1 − y) log(1 − p))",
       .cases = of_elements(cross, {0.1, 0.9}, {0, 1}, cross_of),
       .refusals = {refuses<ShapeError>([] { return nn::binary_cross_entropy(matrix, ones({3})); })}},
      {.call = "nn::binary_cross_entropy_with_logits(logits, target, {.weight, .pos_weight, .reduction})",
       .equation = "−(q y log s(z) + (1 − y) log(1 − s(z))), s the sigmoid",
       .cases = of_elements(from_logits, {-4, 4}, {0, 1},
                            [](Real z, Real y) { return cross_of(1 / (1 + std::exp(-z)), y); }),
       .refusals = {refuses<ShapeError>([] { return nn::binary_cross_entropy_with_logits(matrix, ones({3})); })}},
      {.call = "nn::kl_div(output, target, {.log_target, .reduction})",
       .equation = "p (log p − output)",
       .cases = of_elements(divergence_of, {-3, 0}, {0.1, 1}, [](Real x, Real p) { return p * (std::log(p) - x); }),
       .refusals = {refuses<ShapeError>([] { return nn::kl_div(matrix, ones({3})); })}},
      {.call = "nn::hinge_loss(output, target, {.margin, .reduction})",
       .equation = "max(0, margin − target output)",
       .cases = of_signs(hinge, [](Real x, Real y) { return std::max<Real>(0, 1 - sign_of(y) * x); }),
       .refusals = {refuses<ShapeError>([] { return nn::hinge_loss(matrix, ones({3})); })}},
      {.call = "nn::hinge_embedding_loss(output, target, {.margin, .reduction})",
       .equation = "output for target 1, max(0, margin − output) for −1",
       .cases = of_signs(embedding, [](Real x, Real y) { return y > 0 ? x : std::max<Real>(0, 1 - x); }),
       .refusals = {refuses<ShapeError>([] { return nn::hinge_embedding_loss(matrix, ones({3})); })}},
      {.call = "nn::soft_margin_loss(output, target, reduction)",
       .equation = "log(1 + exp(−target output))",
       .cases = of_signs(soft, [](Real x, Real y) { return std::log1p(std::exp(-sign_of(y) * x)); }),
       .refusals = {refuses<ShapeError>([] { return nn::soft_margin_loss(matrix, ones({3})); })}},
      {.call = "nn::sigmoid_focal_loss(logits, target, {.alpha, .gamma, .reduction})",
       .equation = "alpha (1 − p)^gamma (−log p) for target 1, (1 − alpha) p^gamma (−log(1 − p)) for 0, p the sigmoid",
       .cases = of_elements(focal, {-4, 4}, {0, 1}, focal_of),
       .refusals = {refuses<ShapeError>([] { return nn::sigmoid_focal_loss(matrix, ones({3})); }),
                    refuses<ValueError>([] { return nn::sigmoid_focal_loss(matrix, matrix, {.gamma = -1}); })}},
  };
}

// Of scores [N, C] and class indices [N]: the losses of the samples.
using ByClass = std::function<Real(const List& scores, std::size_t target)>;
std::vector<Case> of_classes(const Loss& f, ByClass of_sample) {
  std::vector<Case> cases;
  const auto add = [&](const Shape& scores, Reduction reduction) {
    const double classes = static_cast<double>(scores[1]);
    cases.push_back({[=](const Xs& x) { return f(x[0], x[1], reduction); },
                     {{scores, -2, 2.3}, {{scores[0]}, 0, classes, int64}},
                     [=](const Arrays& x) {
                       Array losses{{scores[0]}, {}};
                       for (std::int64_t n = 0; n < scores[0]; ++n) {
                         List row;
                         for (std::int64_t c = 0; c < scores[1]; ++c) row.push_back(x[0].at({n, c}));
                         losses.elements.push_back(of_sample(row, static_cast<std::size_t>(x[1].at({n}))));
                       }
                       return reduced(losses, reduction);
                     }});
  };
  add({4, 3}, Reduction::mean);
  add({2, 3}, Reduction::sum);
  add({3, 4}, Reduction::none);
  add({1, 1}, Reduction::mean);
  return cases;
}

std::vector<Composition> choices() {
  const auto cross = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::cross_entropy(x, y, {.reduction = r});
  };
  const auto likelihood = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::nll_loss(x, y, {.reduction = r});
  };
  const auto margin = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::multi_margin_loss(x, y, {.reduction = r});
  };
  const auto focal = [](const Tensor& x, const Tensor& y, Reduction r) {
    return nn::focal_loss(x, y, {.gamma = 1.5, .reduction = r});
  };
  const auto cross_of_class = [](const List& z, std::size_t y) {
    Real total = 0;
    for (const Real each : z) total += std::exp(each);
    return std::log(total) - z[y];
  };
  const auto focal_of_class = [cross_of_class](const List& z, std::size_t y) {
    const Real cost = std::max<Real>(0, cross_of_class(z, y));
    return std::pow(-std::expm1(-cost), 1.5L) * cost;
  };
  const auto margin_of_class = [](const List& x, std::size_t y) {
    Real total = 0;
    for (std::size_t c = 0; c < x.size(); ++c)
      if (c != y) total += std::max<Real>(0, 1 - x[y] + x[c]);
    return total / static_cast<Real>(x.size());
  };
  return {
      {.call =
           "nn::cross_entropy(logits, target, {.class_weights, .label_smoothing, .ignore_index, .axis, .reduction})",
       .equation = "w_y (log Σ exp z_c − z_y)",
       .cases = of_classes(cross, cross_of_class),
       .refusals = {refuses<ValueError>([] { return nn::cross_entropy(empty, none); }), refuses<IndexError>([] {
                      return nn::cross_entropy(ones({2, 2}), labels);
                    }),
                    refuses<DTypeError>([] { return nn::cross_entropy(matrix, ones({2})); }), refuses<ShapeError>([] {
                      return nn::cross_entropy(ones({3, 3}), labels);
                    })},
       .never_empty = no_batch},
      {.call = "nn::nll_loss(log_probabilities, target, {.class_weights, .ignore_index, .axis, .reduction})",
       .equation = "−w_y log p_y",
       .cases = of_classes(likelihood, [](const List& x, std::size_t y) { return -x[y]; }),
       .refusals = {refuses<ValueError>([] { return nn::nll_loss(empty, none); }), refuses<IndexError>([] {
                      return nn::nll_loss(ones({2, 2}), labels);
                    }),
                    refuses<DTypeError>([] { return nn::nll_loss(matrix, ones({2})); })},
       .never_empty = no_batch},
      {.call = "nn::focal_loss(logits, target, {.class_weights, .gamma, .axis, .reduction})",
       .equation = "w_y (1 − p_y)^gamma (−log p_y), p = softmax(logits)",
       .cases = of_classes(focal, focal_of_class),
       .refusals = {refuses<ValueError>([] { return nn::focal_loss(empty, none); }), refuses<IndexError>([] {
                      return nn::focal_loss(ones({2, 2}), labels);
                    }),
                    refuses<DTypeError>([] { return nn::focal_loss(matrix, ones({2})); })},
       .never_empty = no_batch},
      {.call = "nn::multi_margin_loss(scores, target, {.power, .margin, .class_weights, .reduction})",
       .equation = "w_y / C Σ over c ≠ y of max(0, margin − x_y + x_c)^power",
       .cases = of_classes(margin, margin_of_class),
       .refusals = {refuses<ValueError>([] { return nn::multi_margin_loss(empty, none); }), refuses<IndexError>([] {
                      return nn::multi_margin_loss(ones({2, 2}), labels);
                    }),
                    refuses<ShapeError>([] {
                      return nn::multi_margin_loss(ones({3, 3}), labels);
                    })},
       .never_empty = no_batch},
  };
}

}  // namespace

std::vector<Composition> loss_compositions() {
  std::vector<Composition> all = of_differences();
  for (auto* part : {of_probabilities, choices, sample_loss_compositions, similarity_compositions})
    for (Composition& row : part()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
