#include "autograd/core/mixing.hpp"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <vector>

namespace xgrad::fused::mixing_test {
namespace {

// How many of 2^20 places are taken by so many mixtures, against how many would be by random ones.
double taken(std::size_t count, const std::function<std::uint64_t(std::uint64_t)>& mixture) {
  constexpr std::size_t places = 1 << 20;
  std::vector<bool> there(places);
  for (std::uint64_t i = 0; i < count; ++i) there[scattered(mixture(i)) & (places - 1)] = true;
  const auto found = static_cast<double>(std::ranges::count(there, true));
  return found / (places * (1 - std::exp(-static_cast<double>(count) / places)));
}

std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

}  // namespace

TEST_CASE("mixtures of numbers that lie close together are scattered", "[linear]") {
  constexpr std::size_t count = 300'000;
  const auto last = [](std::uint64_t i) { return mixed(7, i); };
  const auto number = [](std::uint64_t i) { return mixed(7, bits(static_cast<double>(i))); };
  const auto number_and_more = [](std::uint64_t i) { return mixed(mixed(7, bits(static_cast<double>(i))), 1); };
  const auto power = [](std::uint64_t i) {  // of two
    return mixed(mixed(7, bits(std::ldexp(1.0, static_cast<int>(i % 2000) - 1000))), i / 2000);
  };
  const auto address = [](std::uint64_t i) { return mixed(mixed(7, 0x7f0000000000 + 192 * i), 3); };
  CHECK(taken(count, last) > 0.98);
  CHECK(taken(count, number) > 0.98);
  CHECK(taken(count, number_and_more) > 0.98);
  CHECK(taken(count, power) > 0.98);
  CHECK(taken(count, address) > 0.98);
}

}  // namespace xgrad::fused::mixing_test
