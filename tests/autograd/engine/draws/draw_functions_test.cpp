// The loops that draw, of every instruction set that is there.

#include "autograd/engine/draws/draw_functions.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

#include "autograd/autograd.hpp"
#include "tests/autograd/engine/scopes.hpp"
#include "tests/autograd/engine/sets.hpp"
#include "tests/throws.hpp"
#include "tests/written.hpp"

namespace draw_functions_test {

using namespace xgrad;
using namespace xgrad::fused;
using namespace xgrad::fused::testing;
using namespace xgrad::kernels;

namespace {

// Both words of keys and counters count, and counters come to their ends.
constexpr RandomState states[] = {{0, 0},
                                  {7, 12345},
                                  {0x0123456789abcdef, 0xfffffff0},
                                  {~std::uint64_t{0}, 0x0123456789abcdef},
                                  {std::uint64_t{1} << 63, ~std::uint64_t{0} - 9}};
constexpr std::size_t sizes[] = {0, 1, 2, 3, 7, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000};

/// Half of a block, by the scalar generator.
std::uint64_t half(RandomState from, std::size_t i) {
  const auto block = philox(from.key, from.counter + i / 2);
  return block[i % 2 * 2] | std::uint64_t{block[i % 2 * 2 + 1]} << 32;
}
double fraction(std::uint64_t bits) { return std::ldexp(static_cast<double>(bits >> 11), -53); }

/// `size` elements, in memory of which what stands around them has to stay.
template <class T, class Numbers>
std::vector<T> drawn(DrawFunctions::Loop<Numbers, T> loop, RandomState from, const Numbers& numbers, std::size_t size) {
  constexpr std::size_t around = 5;
  std::vector<T> y(size + 2 * around, T{77});
  loop(from, numbers, y.data() + around, size);
  for (std::size_t i = 0; i < around; ++i)
    if (y[i] != T{77} || y[around + size + i] != T{77}) FAIL("what stands beside the elements was written");
  return {y.begin() + around, y.end() - around};
}

/// Of element i of a range of numbers, exactly as written here.
template <class T, class Numbers, class Element>
void check_elements(DrawFunctions::Loop<Numbers, T> loop, const Numbers& numbers, Element element) {
  for (const RandomState from : states)
    for (const std::size_t size : sizes) {
      const std::vector<T> y = drawn(loop, from, numbers, size);
      for (std::size_t i = 0; i < size; ++i)
        if (y[i] != element(from, i))
          FAIL_CHECK("key " << from.key << ", counter " << from.counter << ", element " << i << " of " << size << ": "
                            << y[i] << " is not " << element(from, i));
    }
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

std::int64_t place(double x) {  // numbers in their order
  std::int64_t bits;
  std::memcpy(&bits, &x, sizeof x);
  return bits < 0 ? std::numeric_limits<std::int64_t>::min() - bits : bits;
}

}  // namespace

// "Random123: a library of counter-based random number generators", known-answer test of philox4x32 with 10 rounds:
// 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
TEST_CASE("every instruction set gives the published numbers of philox", "[draws]") {
  for (const InstructionSet set : sets()) {
    INFO(fused::name(set));
    const auto y = drawn(draw_functions(set).uniform, {0, 0}, {0, 1, 1}, 2);
    CHECK(y[0] == fraction(0xe169c58d6627e8d5));
    CHECK(y[1] == fraction(0x9b00dbd8bc57ac4c));
  }
}

TEST_CASE("uniform numbers have the bits of their blocks on every instruction set", "[draws]") {
  for (const InstructionSet set : sets()) {
    INFO(fused::name(set));
    const DrawFunctions& functions = draw_functions(set);
    check_elements(functions.uniform, {-2, 5, 2.9},
                   [](RandomState from, std::size_t i) { return std::min(-2 + 5 * fraction(half(from, i)), 2.9); });
    check_elements(functions.uniform_single, {-2, 5, 2.9f}, [](RandomState from, std::size_t i) {
      return std::min(-2 + 5 * (static_cast<float>(half(from, i) >> 40) * 0x1p-24f), 2.9f);
    });
  }
}

TEST_CASE("random whole numbers have the bits of their blocks on every instruction set", "[draws]") {
  for (const InstructionSet set : sets())
    for (const std::uint64_t range :
         {std::uint64_t{1}, std::uint64_t{100}, std::uint64_t{0xffffffff}, std::uint64_t{0x100000000},
          std::uint64_t{0x8000000000000001}, ~std::uint64_t{0}}) {
      INFO(fused::name(set) << ", range " << range);
      check_elements(draw_functions(set).whole, {std::numeric_limits<std::int64_t>::min(), range},
                     [=](RandomState from, std::size_t i) {
                       const auto first = static_cast<unsigned __int128>(range) * half(from, 2 * i);
                       const auto second = static_cast<unsigned __int128>(range) * half(from, 2 * i + 1);
                       const auto high = static_cast<std::uint64_t>((first + (second >> 64)) >> 64);
                       return static_cast<std::int64_t>(high + (std::uint64_t{1} << 63));
                     });
    }
}

TEST_CASE("normal numbers are the C library's to some units in the last place of a double", "[draws]") {
  const RandomState from{5, 0xffff0000};
  const auto y = drawn(generic_draws()->normal, from, {0, 1}, 400'000);
  std::int64_t most = 0;
  for (std::size_t i = 0; i < y.size(); i += 2) {
    const double radius = std::sqrt(-2 * std::log(1 - fraction(half(from, i))));
    const double angle = 2 * std::numbers::pi * fraction(half(from, i + 1));
    most = std::max({most, std::abs(place(radius * std::cos(angle)) - place(y[i])),
                     std::abs(place(radius * std::sin(angle)) - place(y[i + 1]))});
  }
  CHECK(most <= 4);
}

TEST_CASE("normal numbers have the same bits on every instruction set", "[draws]") {
  const DrawFunctions& generic = *generic_draws();
  for (const InstructionSet set : sets())
    for (const NormalNumbers& numbers : {NormalNumbers{0, 1}, NormalNumbers{-3, 0.25}, NormalNumbers{2, 0}}) {
      INFO(fused::name(set) << ", mean " << numbers.mean << ", deviation " << numbers.deviation);
      const DrawFunctions& functions = draw_functions(set);
      for (const RandomState from : states)
        for (const std::size_t size : sizes) {
          const auto y = drawn(functions.normal, from, numbers, size);
          const auto single = drawn(functions.normal_single, from, numbers, size);
          CHECK(same_bits(y, drawn(generic.normal, from, numbers, size)));
          CHECK(same_bits(single, std::vector<float>(y.begin(), y.end())));
        }
      CHECK(same_bits(drawn(functions.normal, {3, 0}, numbers, 200'001),
                      drawn(generic.normal, {3, 0}, numbers, 200'001)));
    }
}

TEST_CASE("normal numbers are within rounding of themselves in every rounding mode", "[draws]") {
  for (const InstructionSet set : sets()) {
    const auto nearest = drawn(draw_functions(set).normal, {4, 0}, {0, 1}, 10'000);
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      std::fesetround(mode);
      const auto y = drawn(draw_functions(set).normal, {4, 0}, {0, 1}, 10'000);
      std::fesetround(FE_TONEAREST);
      double most = 0;
      for (std::size_t i = 0; i < y.size(); ++i) most = std::max(most, std::abs(y[i] - nearest[i]));
      CHECK(most < 1e-14);
    }
  }
}

TEST_CASE("what is drawn does not depend on the instruction set, the engine or the threads", "[draws]") {
  using Draw = Tensor (*)(Rng&);
  const std::string before = fused::name(instruction_set());
  for (const Draw draw : {Draw([](Rng& rng) { return normal({30'001}, rng, 1, 2); }),
                          Draw([](Rng& rng) { return normal({30'001}, rng, 1, 2, float64); }),
                          Draw([](Rng& rng) { return uniform({30'001}, rng, -1, 2); }),
                          Draw([](Rng& rng) { return uniform({30'001}, rng, -1, 2, float64); }),
                          Draw([](Rng& rng) { return randint({30'001}, rng, -1, 2'000); }),
                          Draw([](Rng& rng) { return cast(bernoulli({30'001}, rng, 0.3), float64); })}) {
    std::vector<std::vector<double>> all;
    for (const InstructionSet set : sets())
      for (const char* engine : {"fused", "reference"})
        for (const int threads : {1, 2, 8}) {
          set_instruction_set(fused::name(set));
          const InEngine in(engine);
          const Threads on(threads);
          Rng rng(6);
          all.push_back(draw(rng).to_vector());
        }
    for (const auto& other : all) CHECK(same_bits(other, all[0]));
  }
  set_instruction_set(before);
}

TEST_CASE("functions that draw wrong numbers are found, whichever it is", "[draws]") {
  for (const InstructionSet set : sets()) {
    INFO(fused::name(set));
    CHECK(draws_right(draw_functions(set)));
    // Each with its last element a little off.
    DrawFunctions wrong = draw_functions(set);
    wrong.uniform_single = [](RandomState from, const UniformNumbers<float>& numbers, float* y, std::size_t size) {
      generic_draws()->uniform_single(from, numbers, y, size);
      y[size - 1] = std::nextafter(y[size - 1], 9.0f);
    };
    CHECK(!draws_right(wrong));
    wrong = draw_functions(set);
    wrong.uniform = [](RandomState from, const UniformNumbers<double>& numbers, double* y, std::size_t size) {
      generic_draws()->uniform(from, numbers, y, size);
      y[size - 1] = std::nextafter(y[size - 1], 9.0);
    };
    CHECK(!draws_right(wrong));
    wrong = draw_functions(set);
    wrong.normal_single = [](RandomState from, const NormalNumbers& numbers, float* y, std::size_t size) {
      generic_draws()->normal_single(from, numbers, y, size);
      y[size - 1] = std::nextafter(y[size - 1], 9.0f);
    };
    CHECK(!draws_right(wrong));
    wrong = draw_functions(set);
    wrong.normal = [](RandomState from, const NormalNumbers& numbers, double* y, std::size_t size) {
      generic_draws()->normal(from, numbers, y, size);
      y[size - 1] = std::nextafter(y[size - 1], 9.0);
    };
    CHECK(!draws_right(wrong));
    wrong = draw_functions(set);
    wrong.whole = [](RandomState from, const WholeNumbers& numbers, std::int64_t* y, std::size_t size) {
      generic_draws()->whole(from, numbers, y, size);
      ++y[size - 1];
    };
    CHECK(!draws_right(wrong));
  }
}

TEST_CASE("where a set draws wrong numbers the next smaller one is taken, with one line on stderr", "[draws]") {
  for (const InstructionSet set : sets()) CHECK(right_set(set, [](InstructionSet) { return true; }) == set);
  for (const InstructionSet set : sets())
    CHECK_THROWS_WITH(right_set(set, [](InstructionSet) { return false; }),
                      Catch::Contains("self-check: random numbers of " + std::string(fused::name(set)) + " are wrong"));
  const InstructionSet widest = sets().back();
  if (widest == InstructionSet::generic) return skip("there is no set but the generic one");
  const auto only_generic = [](InstructionSet set) { return set == InstructionSet::generic; };
  const std::string line = written([&] { CHECK(right_set(widest, only_generic) == InstructionSet::generic); });
  CHECK(line == "xgrad: " + std::string(fused::name(widest)) +
                    " draws wrong random numbers on this processor; they are left for generic\n");
  CHECK(written([&] { right_set(widest, only_generic); }).empty());
}

}  // namespace draw_functions_test
