#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>

#include "autograd/core/fail.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/draws/draw_functions.hpp"

namespace xgrad::fused {

namespace {

constexpr RandomState first_block{0x0123456789abcdef, 0xffffffd7};  // the upper word of counters comes to count

// As many as take the largest registers several times, and some of a register.
template <class T, class Numbers>
std::array<T, 131> drawn(DrawFunctions::Loop<Numbers, T> loop, const Numbers& numbers) {
  std::array<T, 131> y;
  loop(first_block, numbers, y.data(), y.size());
  return y;
}

template <class T, class Numbers>
bool equal(DrawFunctions::Loop<Numbers, T> a, DrawFunctions::Loop<Numbers, T> b, const Numbers& numbers) {
  const auto x = drawn(a, numbers), y = drawn(b, numbers);
  return std::memcmp(x.data(), y.data(), sizeof x) == 0;
}

// The leading bits of blocks are those that the scalar generator makes.
bool is_philox(const DrawFunctions& functions) {
  const auto y = drawn(functions.uniform, {0, 1, 1});
  for (std::size_t i = 0; i < y.size(); ++i) {
    const auto block = philox(first_block.key, first_block.counter + i / 2);
    const std::uint64_t bits = block[i % 2 * 2] | std::uint64_t{block[i % 2 * 2 + 1]} << 32;
    if (y[i] != static_cast<double>(bits >> 11) * 0x1p-53) return false;
  }
  return true;
}

bool are_right(InstructionSet set) {
  static std::atomic<bool> known[std::size(instruction_sets)]{};
  std::atomic<bool>& right = known[static_cast<int>(set)];
  if (!right) right = draws_right(draw_functions(set));
  return right;
}

const DrawFunctions& functions() { return draw_functions(right_set(instruction_set(), are_right)); }

}  // namespace

const DrawFunctions& draw_functions(InstructionSet set) {
  switch (set) {
    case InstructionSet::avx2:
      return *avx2_draws();
    case InstructionSet::avx512:
      return *avx512_draws();
    default:
      return *generic_draws();
  }
}

InstructionSet right_set(InstructionSet set, bool (*right)(InstructionSet)) {
  if (right(set)) [[likely]]
    return set;
  for (const InstructionSet next : instruction_sets) {
    if (next >= set || !has(next) || !right(next)) continue;
    static std::atomic<bool> said = false;
    if (!said.exchange(true))
      std::fprintf(stderr, "xgrad: %s draws wrong random numbers on this processor; they are left for %s\n", name(set),
                   name(next));
    return next;
  }
  fail<Error>(Location::current(), "self-check: random numbers of ", name(set),
              " are wrong on this processor, and "
              "there is no smaller instruction set whose are right");
}

bool draws_right(const DrawFunctions& f) {
  if (planted("draws are taken unchecked")) return true;
  const DrawFunctions& g = *generic_draws();
  return is_philox(f) && equal(f.uniform_single, g.uniform_single, {-1, 3, 2}) &&
         equal(f.uniform, g.uniform, {-1, 3, 2}) && equal(f.normal_single, g.normal_single, {0.5, 2}) &&
         equal(f.normal, g.normal, {0.5, 2}) && equal(f.whole, g.whole, {-7, 1000003}) &&
         equal(f.whole, g.whole, {-7, std::uint64_t{1} << 40});
}

}  // namespace xgrad::fused

namespace xgrad::kernels {

void draw(RandomState from, const UniformNumbers<float>& numbers, std::span<float> y) {
  fused::functions().uniform_single(from, numbers, y.data(), y.size());
}
void draw(RandomState from, const UniformNumbers<double>& numbers, std::span<double> y) {
  fused::functions().uniform(from, numbers, y.data(), y.size());
}
void draw(RandomState from, const NormalNumbers& numbers, std::span<float> y) {
  fused::functions().normal_single(from, numbers, y.data(), y.size());
}
void draw(RandomState from, const NormalNumbers& numbers, std::span<double> y) {
  fused::functions().normal(from, numbers, y.data(), y.size());
}
void draw(RandomState from, const WholeNumbers& numbers, std::span<std::int64_t> y) {
  fused::functions().whole(from, numbers, y.data(), y.size());
}

}  // namespace xgrad::kernels
