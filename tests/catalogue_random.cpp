// The random primitives: functions of where a stream of random numbers stands.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "tests/catalogue.hpp"

namespace xgrad::catalogue {

namespace {

using Xs = std::vector<Tensor>;
using Arrays = std::vector<Array>;

// 64 bits of a block of the stream 5, of which every block has two.
std::uint64_t bits(std::uint64_t block, std::size_t half) {
  const auto words = philox(5, block);
  return words[2 * half] | std::uint64_t{words[2 * half + 1]} << 32;
}
// As a fraction in [0, 1).
Real fraction(std::uint64_t block, std::size_t half) { return static_cast<Real>(bits(block, half) >> 11) * 0x1p-53L; }

// The numbers of a stream of blocks, as documented: two elements of each.
Array random_numbers(const Shape& shape, bool normal) {
  Array y{shape, {}};
  for (std::uint64_t block = 0; y.elements.size() < u(shape.numel()); ++block) {
    const Real first = fraction(block, 0), second = fraction(block, 1);
    const Real radius = std::sqrt(-2 * std::log(1 - first)), angle = 2 * 3.14159265358979323846L * second;
    y.elements.push_back(normal ? 1 + 2 * radius * std::cos(angle) : 1 + 2 * first);
    if (y.elements.size() < u(shape.numel()))
      y.elements.push_back(normal ? 1 + 2 * radius * std::sin(angle) : 1 + 2 * second);
  }
  return y;
}

Row random_row(const char* id, bool is_normal) {
  const auto f = [is_normal](const Xs&) {
    Rng rng(5);
    return is_normal ? normal({3, 3}, rng, 1, 2, float64) : uniform({3, 3}, rng, 1, 3, float64);
  };
  return {id, {{f, {}, [is_normal](const Arrays&) { return random_numbers({3, 3}, is_normal); }}}, 1, {}};
}

// One block for each element. A long double holds 64 of the 128 bits, which is enough for small ranges.
Case randint_case(const Shape& shape, std::int64_t low, std::int64_t high) {
  return {[=](const Xs&) {
            Rng rng(5);
            return randint(shape, rng, low, high);
          },
          {},
          [=](const Arrays&) {
            Array y{shape, {}};
            for (std::int64_t i = 0; i < shape.numel(); ++i) {
              const Real leading = static_cast<Real>(bits(static_cast<std::uint64_t>(i), 0)) * 0x1p-64L;
              y.elements.push_back(static_cast<Real>(low) + std::floor(static_cast<Real>(high - low) * leading));
            }
            return y;
          }};
}

Case bernoulli_case(const Shape& shape) {
  return {[](const Xs& x) {
            Rng rng(5);
            return bernoulli(x[0], rng);
          },
          {{shape, 0, 1}},
          [](const Arrays& x) {
            Array y{x[0].shape, {}};
            for (std::size_t i = 0; i < x[0].elements.size(); ++i)
              y.elements.push_back(fraction(i / 2, i % 2) < x[0].elements[i]);
            return y;
          }};
}

// The first index whose sum of probabilities is beyond the fraction of its row.
Case categorical_case(const Shape& shape) {
  return {[](const Xs& x) {
            Rng rng(5);
            return categorical(x[0], rng);
          },
          {{shape, -3, 3}},
          [](const Arrays& x) {
            const std::int64_t classes = x[0].shape.back();
            Array y{Shape(x[0].shape.data(), u(x[0].shape.ndim() - 1)), {}};
            for (std::size_t row = 0; row < u(y.shape.numel()); ++row) {
              const Real* logits = x[0].elements.data() + row * u(classes);
              Real total = 0, sum = 0;
              for (std::int64_t i = 0; i < classes; ++i) total += std::exp(logits[i]);
              std::int64_t drawn = 0;
              while ((sum += std::exp(logits[drawn])) <= fraction(row / 2, row % 2) * total) ++drawn;
              y.elements.push_back(static_cast<Real>(drawn));
            }
            return y;
          }};
}

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min(),
                       highest = std::numeric_limits<std::int64_t>::max();

// The stream of random numbers of one element: the keys come as whole numbers from the stream 5.
class Stream {
 public:
  explicit Stream(std::int64_t key) : key_(static_cast<std::uint64_t>(key)) {}
  std::array<Real, 2> next() {
    const auto words = philox(key_, block_++);
    const auto part = [&](std::size_t i) {
      return static_cast<Real>((words[i] | std::uint64_t{words[i + 1]} << 32) >> 11) * 0x1p-53L;
    };
    return {part(0), part(2)};
  }

 private:
  std::uint64_t key_, block_ = 0;
};
std::vector<std::int64_t> keys_of(const Shape& shape) {
  Rng rng(5);
  return randint(shape, rng, lowest, highest).to_vector<std::int64_t>();
}

// Marsaglia and Tsang, 2000, without the quick acceptance.
Real gamma_of(Real a, Stream stream) {
  const Real d = (a < 1 ? a + 1 : a) - 1 / 3.0L, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const auto [r, angle] = stream.next();
    const Real x = std::sqrt(-2 * std::log(1 - r)) * std::cos(2 * 3.14159265358979323846L * angle);
    if (1 + c * x <= 0) continue;
    const Real v = std::pow(1 + c * x, 3.0L);
    const auto [u, lower] = stream.next();
    if (std::log(1 - u) >= x * x / 2 + d * (1 - v + std::log(v))) continue;
    return a < 1 ? d * v * std::pow(1 - lower, 1 / a) : d * v;
  }
}

// Of given concentrations: as a function of them, what is rejected jumps, and the derivative is that of gamma_quantile.
Case gamma_case(const Shape& shape, double low, double high) {
  const auto concentrations = [=] { return linspace(low, high, shape.numel(), float64); };
  return {[=](const Xs&) {
            Rng rng(5);
            return gamma(shape, rng, reshape(concentrations(), shape), 1);
          },
          {},
          [=](const Arrays&) {
            const auto keys = keys_of(shape);
            const std::vector<double> a = concentrations().to_vector();
            Array y{shape, {}};
            for (std::size_t i = 0; i < keys.size(); ++i) y.elements.push_back(gamma_of(a[i], Stream(keys[i])));
            return y;
          }};
}

// By counting factors; the rates are small here.
Case poisson_case(const Shape& shape) {
  return {[](const Xs& x) {
            Rng rng(5);
            return poisson(x[0].shape(), rng, x[0]);
          },
          {{shape, 0, 9}},
          [](const Arrays& x) {
            const auto keys = keys_of(x[0].shape);
            Array y{x[0].shape, {}};
            for (std::size_t i = 0; i < keys.size(); ++i) {
              Stream stream(keys[i]);
              Real product = 1;
              int count = 0;
              for (std::array<Real, 2> u = stream.next();; ++count) {
                product *= 1 - u[count % 2];
                if (product < std::exp(-x[0].elements[i])) break;
                if (count % 2 == 1) u = stream.next();
              }
              y.elements.push_back(count);
            }
            return y;
          }};
}

Real above_of(Real x) { return std::erfc(x / std::sqrt(2.0L)) / 2; }

// The place between the bounds at which so much of the probability is below, by bisection.
Real truncated_of(Real low, Real high, Real u) {
  Real from = low, to = high;
  for (int i = 0; i < 100; ++i) {
    const Real middle = (from + to) / 2;
    const Real below = (above_of(low) - above_of(middle)) / (above_of(low) - above_of(high));
    (below < u ? from : to) = middle;
  }
  return from;
}

Case truncated_case(const Shape& shape, double low, double high) {
  return {[](const Xs& x) {
            Rng rng(5);
            return truncated_normal(x[0].shape(), rng, 0, 1, x[0], x[1]);
          },
          {{shape, low - 0.5, low}, {shape, high, high + 0.5}},
          [](const Arrays& x) {
            Array y{x[0].shape, {}};
            for (std::size_t i = 0; i < x[0].elements.size(); ++i)
              y.elements.push_back(truncated_of(x[0].elements[i], x[1].elements[i], fraction(i / 2, i % 2)));
            return y;
          }};
}

// The indices in the order of logit - log(-log(1 - u)).
Case without_replacement_case(const Shape& shape, std::int64_t count) {
  return {[count](const Xs& x) {
            Rng rng(5);
            return multinomial(x[0], count, rng);
          },
          {{shape, -3, 3}},
          [count](const Arrays& x) {
            const std::int64_t classes = x[0].shape.back();
            Shape shape_of_result = x[0].shape;
            shape_of_result[shape_of_result.ndim() - 1] = count;
            Array y{shape_of_result, {}};
            for (std::int64_t row = 0; row < x[0].shape.numel() / classes; ++row) {
              std::vector<std::pair<Real, std::int64_t>> keys;
              for (std::int64_t i = 0; i < classes; ++i) {
                const std::size_t at = u(row * classes + i);
                keys.emplace_back(-x[0].elements[at] + std::log(-std::log(1 - fraction(at / 2, at % 2))), i);
              }
              std::sort(keys.begin(), keys.end());
              for (std::int64_t i = 0; i < count; ++i) y.elements.push_back(static_cast<Real>(keys[u(i)].second));
            }
            return y;
          }};
}

// Of an exponentially distributed number, whose rate is checked.
Case above_case(const Shape& shape) {
  return {[](const Xs& x) {
            Rng rng(5);
            return exponential(x[0].shape(), rng, x[0]);
          },
          {{shape, 0.5, 2}},
          [](const Arrays& x) {
            Array y{x[0].shape, {}};
            for (std::size_t i = 0; i < x[0].elements.size(); ++i)
              y.elements.push_back(-std::log(1 - fraction(i / 2, i % 2)) / x[0].elements[i]);
            return y;
          }};
}

}  // namespace

std::vector<Row> random_rows() {
  return {
      random_row("uniform", false),
      random_row("normal", true),
      {"randint", {randint_case({3, 3}, -4, 5), randint_case({}, 0, 1000), randint_case({0}, 0, 2)}, 1, {}, false},
      {"bernoulli", {bernoulli_case({5}), bernoulli_case({2, 3}), bernoulli_case({0})}, 1, {}, false},
      {"categorical", {categorical_case({4}), categorical_case({5, 3}), categorical_case({2, 2, 4})}, 1, {}, false},
      {"gamma_draw", {gamma_case({5}, 0.2, 1), gamma_case({2, 3}, 1, 30), gamma_case({0}, 1, 2)}, 1, {}},
      {"poisson_draw", {poisson_case({5}), poisson_case({2, 3}), poisson_case({0})}, 1, {}, false},
      {"truncated_normal_draw",
       {truncated_case({5}, -1, 0.5), truncated_case({2, 3}, 1, 2), truncated_case({}, -3, -1),
        truncated_case({0}, 0, 1)},
       3,
       {}},
      {"draw_without_replacement",
       {without_replacement_case({4}, 4), without_replacement_case({5, 3}, 2), without_replacement_case({2, 2, 4}, 0)},
       1,
       {},
       false},
      {"above", {above_case({5}), above_case({2, 3}), above_case({}), above_case({0})}, 3, {}}};
}

}  // namespace xgrad::catalogue
