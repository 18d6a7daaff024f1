#pragma once

// For the kernels' own .cpp files: loops along an axis in which each element depends on the one before.

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "autograd/kernels/groups.hpp"
#include "autograd/kernels/ranges.hpp"

namespace xgrad::kernels {

/// The most lines that a body gets together.
inline constexpr std::int64_t most_lines = 64;

/// Lines side by side, from number `first` on: element k of line j is at begin + k * step + j * apart.
struct Lines {
  std::int64_t begin, step, first;
};

/// Calls body(lines, apart, count) for all lines of an axis, several at a time, so that the processor works on one
/// while another waits for its last element. One of `apart` and `count` is a compile-time constant. On several threads.
template <class Body>
void each_lines(const Panels& shape, bool reverse, Body body) {
  constexpr std::int64_t together = 8;
  const Panels all = shape;
  const std::int64_t step = reverse ? -all.inner : all.inner, first = reverse ? (all.size - 1) * all.inner : 0;
  if (all.inner > 1) {
    const std::int64_t tiles = (all.inner + most_lines - 1) / most_lines;
    return parallel_ranges(all.outer * tiles, all.size * std::min(most_lines, all.inner),
                           [&](std::int64_t i, std::int64_t end) {
                             for (; i < end; ++i) {
                               const std::int64_t outer = i / tiles, j = i % tiles * most_lines;
                               body(Lines{outer * all.size * all.inner + first + j, step, outer * all.inner + j},
                                    std::integral_constant<std::int64_t, 1>(), std::min(most_lines, all.inner - j));
                             }
                           });
  }
  parallel_ranges((all.outer + together - 1) / together, all.size * together, [&](std::int64_t i, std::int64_t end) {
    i *= together;
    end = std::min(all.outer, end * together);
    for (; i + together <= end; i += together)
      body(Lines{i * all.size + first, step, i}, all.size, std::integral_constant<std::int64_t, together>());
    for (; i < end; ++i)
      body(Lines{i * all.size + first, step, i}, all.size, std::integral_constant<std::int64_t, 1>());
  });
}

// An operation along a line has a State, its value `start` before the first element, take(state, x), result(state) and,
// if lines may be divided into parts, joined(before, behind).

/// y_i = the result after x_0, ..., x_i, beginning with these states or `start`; y may share the memory of x.
template <class Op, class T>
void scan_lines(const T* x, const Panels& shape, const typename Op::State* from, T* y) {
  each_lines(shape, false, [=, size = shape.size](Lines lines, auto apart, auto count) {
    typename Op::State state[most_lines];
    for (std::int64_t j = 0; j < count; ++j) state[j] = from == nullptr ? Op::start : from[lines.first + j];
    for (std::int64_t k = 0, at = lines.begin; k < size; ++k, at += lines.step)
      for (std::int64_t j = 0; j < count; ++j) {
        Op::take(state[j], x[at + j * apart]);
        y[at + j * apart] = static_cast<T>(Op::result(state[j]));
      }
  });
}

/// Computes the states after whole lines.
template <class Op, class T>
void fold_lines(const T* x, const Panels& shape, typename Op::State* to) {
  each_lines(shape, false, [=, size = shape.size](Lines lines, auto apart, auto count) {
    typename Op::State state[most_lines];
    for (std::int64_t j = 0; j < count; ++j) state[j] = Op::start;
    for (std::int64_t k = 0, at = lines.begin; k < size; ++k, at += lines.step)
      for (std::int64_t j = 0; j < count; ++j) Op::take(state[j], x[at + j * apart]);
    std::copy_n(state, std::int64_t{count}, to + lines.first);
  });
}

/// scan_lines from `start`. Few long lines are divided into parts, which depend on the shape alone.
template <class Op, class T>
void scan(const T* x, const Panels& shape, T* y) {
  const std::int64_t inner = shape.inner, rows = std::max<std::int64_t>(1, range_elements / inner);
  const std::int64_t parts = shape.size / rows;
  if (parts < 4 || shape.outer * inner >= 16) return scan_lines<Op>(x, shape, nullptr, y);
  using State = typename Op::State;
  std::vector<State> states(static_cast<std::size_t>(parts * inner));
  std::vector<State> before(static_cast<std::size_t>(inner));
  for (std::int64_t i = 0; i < shape.outer; ++i, x += shape.size * inner, y += shape.size * inner) {
    const Panels cut{parts, rows, inner};
    fold_lines<Op>(x, cut, states.data());
    std::ranges::fill(before, Op::start);
    for (std::int64_t at = 0; at < parts * inner; ++at) {
      State& state = states[static_cast<std::size_t>(at)];
      State& sum = before[static_cast<std::size_t>(at % inner)];
      const State next = Op::joined(sum, state);
      state = sum;
      sum = next;
    }
    scan_lines<Op>(x, cut, states.data(), y);
    const std::int64_t rest = parts * rows * inner;
    scan_lines<Op>(x + rest, Panels{1, shape.size - parts * rows, inner}, before.data(), y + rest);
  }
}

}  // namespace xgrad::kernels
