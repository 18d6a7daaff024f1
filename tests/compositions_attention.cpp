// Attention, and where in a sequence something stands.

#include "nn/attention.hpp"
#include "nn/positions.hpp"
#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor matrix = known({2, 3}), whole = tensor({{1, 2}, {3, 4}});

// Whether a key takes part, and what is added to its score.
struct Seen {
  bool part;
  Real bias = 0;
};
using Sees = std::function<Seen(const Arrays&, const Places& at)>;  // of [..., L, S]

// The index of an operand with fewer leading axes.
Places last_of(const Array& x, const Places& at) { return {at.end() - x.shape.ndim(), at.end()}; }

// The weights of one query, which is at[..., i].
List weights_at(const Arrays& x, const Places& at, std::int64_t axis, const Sees& sees) {
  const std::int64_t keys = x[1].shape[x[1].shape.ndim() - 2], features = x[1].shape.back();
  List scores, weights;
  Real highest = -INFINITY, total = 0;
  for (std::int64_t j = 0; j < keys; ++j) {
    const Places place = with(at, axis, j);
    Real score = 0;
    for (std::int64_t e = 0; e < features; ++e) {
      const Places query = with(place, axis, e), key = with(with(place, axis - 1, j), axis, e);
      score += x[0].at(last_of(x[0], query)) * x[1].at(last_of(x[1], key));
    }
    const Seen seen = sees(x, place);
    scores.push_back(seen.part ? score / std::sqrt(static_cast<Real>(features)) + seen.bias : -INFINITY);
    highest = std::max(highest, scores.back());
  }
  for (const Real score : scores) {
    weights.push_back(std::isinf(score) ? 0 : std::exp(score - highest));
    total += weights.back();
  }
  for (Real& weight : weights) weight = total > 0 ? weight / total : 0;
  return weights;
}

struct Sizes {
  Shape front;
  std::int64_t queries, keys, features, values;
};
Shape shape_of(const Shape& front, std::int64_t a, std::int64_t b) {
  std::vector<std::int64_t> sizes(front.begin(), front.end());
  sizes.insert(sizes.end(), {a, b});
  return sizes;
}

using Options = std::function<nn::AttentionOptions(const Xs&)>;

// Inputs are q, k, v and perhaps a mask; attention_weights does not read v.
std::vector<Input> inputs_of(const Sizes& sizes, bool with_values, const std::vector<Input>& more) {
  std::vector<Input> inputs{{shape_of(sizes.front, sizes.queries, sizes.features)},
                            {shape_of(sizes.front, sizes.keys, sizes.features)}};
  if (with_values) inputs.push_back({shape_of(sizes.front, sizes.keys, sizes.values)});
  inputs.insert(inputs.end(), more.begin(), more.end());
  return inputs;
}

Case weights_case(const Sizes& sizes, const Options& options, const Sees& sees, const std::vector<Input>& more) {
  return any_case(
      [=](const Xs& x) { return nn::attention_weights(x[0], x[1], options(x)); }, inputs_of(sizes, false, more),
      shape_of(sizes.front, sizes.queries, sizes.keys),
      [=](const Arrays& x, const Places& at) { return weights_at(x, at, i64(at.size()) - 1, sees)[u(at.back())]; });
}

Case product_case(const Sizes& sizes, const Options& options, const Sees& sees, const std::vector<Input>& more) {
  return any_case([=](const Xs& x) { return nn::scaled_dot_product_attention(x[0], x[1], x[2], options(x)); },
                  inputs_of(sizes, true, more), shape_of(sizes.front, sizes.queries, sizes.values),
                  [=](const Arrays& x, const Places& at) {
                    const std::int64_t axis = i64(at.size()) - 1;
                    const List weights = weights_at(x, at, axis, sees);
                    Real y = 0;
                    for (std::int64_t j = 0; j < sizes.keys; ++j)
                      y += weights[u(j)] * x[2].at(last_of(x[2], with(at, axis - 1, j)));
                    return y;
                  });
}

// All the ways, with q, k and perhaps v before a mask. Of the bools, two in eight are true: some queries have no key.
using MakeCase = Case (*)(const Sizes&, const Options&, const Sees&, const std::vector<Input>&);
std::vector<Case> all_ways(MakeCase make, std::size_t mask) {
  const auto plain = [](const Xs&) { return nn::AttentionOptions{}; };
  const auto masked = [mask](const Xs& x) { return nn::AttentionOptions{.mask = x[mask]}; };
  const auto all = [](const Arrays&, const Places&) { return Seen{true}; };
  const auto by_mask = [mask](const Arrays& x, const Places& at) {
    return Seen{x[mask].at(last_of(x[mask], at)) != 0};
  };
  const auto added = [mask](const Arrays& x, const Places& at) { return Seen{true, x[mask].at(last_of(x[mask], at))}; };
  const auto earlier = [](const Arrays&, const Places& at) { return Seen{at.back() <= at[at.size() - 2] + 1}; };
  return {
      make({{}, 2, 3, 2, 2}, plain, all, {}),
      make({{2, 1}, 3, 2, 3, 1}, plain, all, {}),
      make({{2}, 3, 4, 2, 2}, [](const Xs&) { return nn::AttentionOptions{.causal = true, .offset = 1}; }, earlier, {}),
      make({{2}, 4, 2, 2, 3}, masked, by_mask, {{{4, 2}, 0, 1.3, boolean}}),
      make({{2}, 2, 2, 2, 1}, masked, added, {{{2, 2, 2}}}),
      make({{}, 2, 0, 2, 2}, plain, all, {}),
      make({{0}, 2, 3, 2, 1}, plain, all, {})};
}

Case rotary_case(const Shape& shape, nn::RotaryPairs pairs) {
  const auto f = [=](const Tensor& x) { return nn::rotary(x, {.base = 100, .first = 2, .pairs = pairs}); };
  return moved(f, shape, shape, [=](const Array& x, const Places& at) {
    const std::int64_t axis = i64(at.size()) - 1, features = x.shape.back(), place = at.back();
    const bool halves = pairs == nn::RotaryPairs::halves;
    const std::int64_t pair = halves ? place % (features / 2) : place / 2;
    const bool second = halves ? place >= features / 2 : place % 2 == 1;
    const Real angle = static_cast<Real>(at[u(axis - 1)] + 2) /
                       std::pow(Real{100}, static_cast<Real>(2 * pair) / static_cast<Real>(features));
    const Real a = x.at(with(at, axis, halves ? pair : 2 * pair)),
               b = x.at(with(at, axis, halves ? pair + features / 2 : 2 * pair + 1));
    return second ? a * std::sin(angle) + b * std::cos(angle) : a * std::cos(angle) - b * std::sin(angle);
  });
}

Case sinusoidal_case(std::int64_t length, std::int64_t features) {
  return any_case([=](const Xs&) { return nn::sinusoidal_positions(length, features, {.first = 3, .dtype = float64}); },
                  {}, {length, features},
                  [=](const Arrays&, const Places& at) {
                    const Real angle =
                        static_cast<Real>(at[0] + 3) /
                        std::pow(Real{10000}, static_cast<Real>(at[1] / 2 * 2) / static_cast<Real>(features));
                    return at[1] % 2 == 0 ? std::sin(angle) : std::cos(angle);
                  });
}

}  // namespace

std::vector<Composition> attention_compositions() {
  return {
      {.call = "nn::attention_weights(q, k, {.mask, .causal, .offset, .dropout, .scale}, rng)",
       .equation = "softmax(scale q kᵀ + mask) over the keys; 0 for a query without keys",
       .cases = all_ways(weights_case, 2),
       .refusals = {refuses<DTypeError>([] { return nn::attention_weights(whole, whole); }), refuses<ShapeError>([] {
                      return nn::attention_weights(matrix, known({2, 2}));
                    }),
                    refuses<ShapeError>([] {
                      return nn::attention_weights(matrix, matrix, {.mask = known({3, 3})});
                    }),
                    refuses<DTypeError>([] { return nn::attention_weights(matrix, matrix, {.mask = whole}); }),
                    refuses<ValueError>([] { return nn::attention_weights(matrix, matrix, {.dropout = 2}); })}},
      {.call = "nn::scaled_dot_product_attention(q, k, v, {.mask, .causal, .offset, .dropout, .scale}, rng)",
       .equation = "softmax(scale q kᵀ + mask) v; 0 for a query without keys",
       .cases = all_ways(product_case, 3),
       .refusals = {refuses<ShapeError>([] {
                      return nn::scaled_dot_product_attention(matrix, matrix, known({3, 3}));
                    }),
                    refuses<DTypeError>([] { return nn::scaled_dot_product_attention(whole, whole, whole); })}},
      {.call = "nn::rotary(x, {.base, .first, .pairs})",
       .equation = "(a cos φ − b sin φ, a sin φ + b cos φ) of pairs of features, φ = place / base^(2i / features)",
       .cases = {rotary_case({3, 4}, nn::RotaryPairs::neighbours), rotary_case({2, 1, 6}, nn::RotaryPairs::halves),
                 rotary_case({0, 2}, nn::RotaryPairs::halves), rotary_case({2, 3, 2}, nn::RotaryPairs::neighbours)},
       .refusals = {refuses<ShapeError>([] { return nn::rotary(matrix); }),
                    refuses<DTypeError>([] { return nn::rotary(whole); }), refuses<ValueError>([] {
                      return nn::rotary(known({2, 2}), {.base = 0});
                    })}},
      {.call = "nn::sinusoidal_positions(length, features, {.base, .first, .dtype})",
       .equation = "sin and cos, in turns, of place / base^(2i / features)",
       .cases = {sinusoidal_case(5, 4), sinusoidal_case(3, 5), sinusoidal_case(0, 2)},
       .refusals = {refuses<ValueError>([] { return nn::sinusoidal_positions(-1, 2); }),
                    refuses<ValueError>([] { return nn::sinusoidal_positions(2, 2, {.base = -1}); })},
       .constant = "given numbers",
       .never_empty = "it has no Tensors as arguments",
       .never_single = "it has no Tensors as arguments"},
  };
}

}  // namespace xgrad::catalogue
