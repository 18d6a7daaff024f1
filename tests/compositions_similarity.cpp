// Losses of vectors that are to lie near to each other, or far apart.

#include <algorithm>
#include <limits>

#include "nn/losses.hpp"
#include "tests/compositions.hpp"
#include "tests/reduced.hpp"

namespace xgrad::catalogue {

namespace {

using nn::Mining;
using nn::Reduction;

constexpr Real infinity = std::numeric_limits<Real>::infinity();
const Tensor matrix = known({2, 3}), empty = known({0, 3}, 0), labels = tensor({0, 2});

Real product(const Array& a, std::int64_t n, const Array& b, std::int64_t m) {
  Real total = 0;
  for (std::int64_t d = 0; d < a.shape[1]; ++d) total += a.at({n, d}) * b.at({m, d});
  return total;
}
Real cosine(const Array& a, std::int64_t n, const Array& b, std::int64_t m) {
  return product(a, n, b, m) / std::sqrt(product(a, n, a, n) * product(b, m, b, m));
}
// |a - b + eps| to the power p.
Real distance(const Array& a, std::int64_t n, const Array& b, std::int64_t m, Real p, Real eps = 0) {
  Real total = 0;
  for (std::int64_t d = 0; d < a.shape[1]; ++d) total += std::pow(std::abs(a.at({n, d}) - b.at({m, d}) + eps), p);
  return std::pow(total, 1 / p);
}

Array of_each(std::int64_t count, Reduction reduction, const std::function<Real(std::int64_t)>& loss) {
  Array losses{{count}, {}};
  for (std::int64_t n = 0; n < count; ++n) losses.elements.push_back(loss(n));
  return reduced(losses, reduction);
}

Case cosine_case(const Shape& shape, Reduction reduction) {
  return {[=](const Xs& x) {
            return nn::cosine_embedding_loss(x[0], x[1], sign(x[2]), {.margin = -0.2, .reduction = reduction});
          },
          {{shape, -2, 2.3}, {shape, -1.7, 2}, {{shape[0]}, -2, 2.5}},
          [=](const Arrays& x) {
            return of_each(shape[0], reduction, [&](std::int64_t n) {
              const Real c = cosine(x[0], n, x[1], n);
              return x[2].at({n}) > 0 ? 1 - c : std::max<Real>(0, c + 0.2L);
            });
          }};
}

Case triplet_case(const Shape& shape, double p, bool swap, Reduction reduction) {
  return {[=](const Xs& x) {
            return nn::triplet_margin_loss(x[0], x[1], x[2], {.p = p, .swap = swap, .reduction = reduction});
          },
          {{shape}, {shape, -1, 2}, {shape, -2, 1}},
          [=](const Arrays& x) {
            const Real power = static_cast<Real>(p), eps = static_cast<Real>(1e-6);
            return of_each(shape[0], reduction, [&](std::int64_t n) {
              Real far = distance(x[0], n, x[2], n, power, eps);
              if (swap) far = std::min(far, distance(x[1], n, x[2], n, power, eps));
              return std::max<Real>(0, distance(x[0], n, x[1], n, power, eps) - far + 1);
            });
          }};
}

Tensor taxi(const Tensor& a, const Tensor& b) { return sum(abs(a - b), -1); }

Case triplet_distance_case(const Shape& shape, Reduction reduction) {
  return {[=](const Xs& x) {
            return nn::triplet_margin_with_distance_loss(x[0], x[1], x[2],
                                                         {.distance = taxi, .margin = 2, .reduction = reduction});
          },
          {{shape}, {shape, -1, 2}, {shape, -2, 1}},
          [=](const Arrays& x) {
            return of_each(shape[0], reduction, [&](std::int64_t n) {
              return std::max<Real>(0, distance(x[0], n, x[1], n, 1) - distance(x[0], n, x[2], n, 1) + 2);
            });
          }};
}

Case contrast_case(const Shape& shape, bool symmetric, Reduction reduction) {
  return {[=](const Xs& x) {
            return nn::info_nce_loss(x[0], x[1], {.temperature = 0.5, .symmetric = symmetric, .reduction = reduction});
          },
          {{shape, -2, 2.3}, {shape, -1.7, 2}},
          [=](const Arrays& x) {
            return of_each(shape[0], reduction, [&](std::int64_t n) {
              Real forth = 0, back = 0;
              for (std::int64_t m = 0; m < shape[0]; ++m) {
                forth += std::exp(2 * cosine(x[0], n, x[1], m));
                back += std::exp(2 * cosine(x[0], m, x[1], n));
              }
              const Real own = 2 * cosine(x[0], n, x[1], n);
              return symmetric ? (std::log(forth) + std::log(back)) / 2 - own : std::log(forth) - own;
            });
          }};
}

// ---- mined triplets -------------------------------------------------------------------------------------------------

// The mean loss, by looking at every triplet.
Real mined(const Array& x, const Array& y, Mining mining) {
  const std::int64_t count = x.shape[0];
  Real total = 0, units = 0;
  const auto d = [&](std::int64_t a, std::int64_t b) { return distance(x, a, x, b, 2); };
  for (std::int64_t a = 0; a < count; ++a) {
    Real farthest_positive = -infinity, nearest_negative = infinity, farthest_negative = -infinity;
    for (std::int64_t b = 0; b < count; ++b) {
      if (y.at({b}) == y.at({a}) && b != a) farthest_positive = std::max(farthest_positive, d(a, b));
      if (y.at({b}) == y.at({a})) continue;
      nearest_negative = std::min(nearest_negative, d(a, b));
      farthest_negative = std::max(farthest_negative, d(a, b));
    }
    if (farthest_positive == -infinity || nearest_negative == infinity) continue;
    const auto add = [&](Real near, Real far) {
      total += std::max<Real>(0, near - far + 1);
      units += 1;
    };
    if (mining == Mining::hard) add(farthest_positive, nearest_negative);
    for (std::int64_t p = 0; p < count; ++p) {
      if (mining == Mining::hard || y.at({p}) != y.at({a}) || p == a) continue;
      Real farther = infinity;
      for (std::int64_t n = 0; n < count; ++n) {
        if (y.at({n}) == y.at({a})) continue;
        if (mining == Mining::all) add(d(a, p), d(a, n));
        if (d(a, n) > d(a, p)) farther = std::min(farther, d(a, n));
      }
      if (mining == Mining::semi_hard) add(d(a, p), farther == infinity ? farthest_negative : farther);
    }
  }
  return units == 0 ? 0 : total / units;
}

Case mined_case(const Shape& shape, Mining mining) {
  return {[=](const Xs& x) { return nn::mined_triplet_loss(x[0], x[1], {.mining = mining}); },
          {{shape}, {{shape[0]}, 0, 2.5, int64}},
          [=](const Arrays& x) {
            return Array{{}, {mined(x[0], x[1], mining)}};
          }};
}

std::vector<Composition> all_rows() {
  const char* const no_batch = "an empty batch is refused";
  return {
      {.call = "nn::cosine_embedding_loss(x, y, target, {.margin, .reduction})",
       .equation = "c the cosine between x and y: 1 − c for target 1, max(0, c − margin) for −1",
       .cases = {cosine_case({3, 2}, Reduction::mean), cosine_case({4, 3}, Reduction::none),
                 cosine_case({1, 3}, Reduction::sum), cosine_case({0, 2}, Reduction::none)},
       .refusals = {refuses<ShapeError>([] { return nn::cosine_embedding_loss(matrix, ones({3}), 1); }),
                    refuses<ValueError>([] { return nn::cosine_embedding_loss(matrix, matrix, 2); })}},
      {.call = "nn::triplet_margin_loss(anchor, positive, negative, {.margin, .p, .eps, .swap, .reduction})",
       .equation = "max(0, d(anchor, positive) − d(anchor, negative) + margin), d(x, y) = |x − y + eps|",
       .cases = {triplet_case({3, 2}, 2, false, Reduction::mean), triplet_case({4, 3}, 2, true, Reduction::none),
                 triplet_case({2, 3}, 3, false, Reduction::sum), triplet_case({1, 2}, 2, false, Reduction::mean),
                 triplet_case({0, 2}, 2, false, Reduction::none)},
       .refusals = {refuses<ShapeError>([] { return nn::triplet_margin_loss(matrix, ones({3}), matrix); }),
                    refuses<ValueError>([] { return nn::triplet_margin_loss(matrix, matrix, matrix, {.p = -1}); })}},
      {.call = "nn::triplet_margin_with_distance_loss(anchor, positive, negative, {.distance, .margin, .swap, "
               ".reduction})",
       .equation = "max(0, d(anchor, positive) − d(anchor, negative) + margin) for any distance d",
       .cases = {triplet_distance_case({3, 2}, Reduction::mean), triplet_distance_case({1, 3}, Reduction::none),
                 triplet_distance_case({0, 2}, Reduction::none)},
       .refusals = {refuses<ShapeError>(
           [] { return nn::triplet_margin_with_distance_loss(matrix, ones({3}), matrix, {.distance = taxi}); })}},
      {.call = "nn::info_nce_loss(queries, keys, {.temperature, .normalise, .symmetric, .reduction})",
       .equation = "−log(exp(qᵢ kᵢ / t) / Σ exp(qᵢ kⱼ / t)) of vectors of length 1",
       .cases = {contrast_case({3, 2}, false, Reduction::mean), contrast_case({4, 3}, true, Reduction::none),
                 contrast_case({1, 2}, false, Reduction::sum)},
       .refusals = {refuses<ShapeError>([] { return nn::info_nce_loss(ones({3}), ones({3})); }),
                    refuses<ValueError>([] { return nn::info_nce_loss(matrix, matrix, {.temperature = 0}); }),
                    refuses<ValueError>([] { return nn::info_nce_loss(empty, empty); })},
       .never_empty = no_batch},
      {.call = "nn::mined_triplet_loss(vectors, classes, {.mining, .margin, .p, .reduction})",
       .equation = "max(0, d(anchor, positive) − d(anchor, negative) + margin) of triplets chosen in a batch",
       .cases = {mined_case({4, 3}, Mining::hard), mined_case({6, 3}, Mining::semi_hard),
                 mined_case({5, 3}, Mining::all), mined_case({1, 2}, Mining::hard)},
       .refusals = {refuses<ShapeError>([] {
                      return nn::mined_triplet_loss(ones({3, 2}), labels);
                    }),
                    refuses<DTypeError>([] { return nn::mined_triplet_loss(matrix, ones({2})); }),
                    refuses<ValueError>([] { return nn::mined_triplet_loss(empty, labels(slice(0, 0))); })},
       .never_empty = no_batch},
  };
}

}  // namespace

std::vector<Composition> similarity_compositions() { return all_rows(); }

}  // namespace xgrad::catalogue
