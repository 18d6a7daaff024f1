// The random primitives: functions of where a stream of random numbers stands.

#include <cmath>

#include "tests/catalogue.hpp"

namespace xgrad::catalogue {

namespace {

using Xs = std::vector<Tensor>;
using Arrays = std::vector<Array>;

std::size_t u(std::int64_t i) { return static_cast<std::size_t>(i); }

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

}  // namespace

std::vector<Row> random_rows() {
  return {
      random_row("uniform", false),
      random_row("normal", true),
      {"randint", {randint_case({3, 3}, -4, 5), randint_case({}, 0, 1000), randint_case({0}, 0, 2)}, 1, {}, false},
      {"bernoulli", {bernoulli_case({5}), bernoulli_case({2, 3}), bernoulli_case({0})}, 1, {}, false},
      {"categorical", {categorical_case({4}), categorical_case({5, 3}), categorical_case({2, 2, 4})}, 1, {}, false}};
}

}  // namespace xgrad::catalogue
