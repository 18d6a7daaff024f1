// Views of views, stencils, windows, scans, loops over an axis: what is read where it lies.

#include "tests/autograd/engine/networks/layers.hpp"

namespace xgrad::networks {

namespace {

Var cut_any(Builder& build, const Var& x) {
  const std::int64_t axis = build.between(0, x.ndim() - 1), size = x.size(axis);
  const std::int64_t start = build.between(0, size - 1), stop = build.between(start + 1, size);
  return slice(x, axis, start, stop, build.pick<std::int64_t>({1, 1, 1, 2, 3}));
}

Var move_once(Builder& build, const Var& x) {
  const std::int64_t axis = build.between(0, x.ndim() - 1);
  switch (build.below(5)) {
    case 0:
      return call("flip", xgrad::flip(x.value, axis), x, axis);
    case 1: {
      const std::int64_t before = build.between(0, 2), after = build.between(0, 3);
      const double value = build.pick({0.0, 0.0, 0.5});
      return call("pad", xgrad::pad(x.value, axis, before, after, value), x, axis, before, after, value);
    }
    case 2: {
      const std::int64_t other = build.between(0, x.ndim() - 1);
      return call("transpose", xgrad::transpose(x.value, axis, other), x, axis, other);
    }
    default:
      return cut_any(build, x);
  }
}

// Read by an elementwise operation, by a reduction, by a product, or in several of these ways.
Var views_of_views(Builder& build, const Var& x) {
  Var moved = build.chance(30) ? tanh(x) : build.chance(30) ? -(x * 0.5) : x;
  for (std::int64_t i = build.between(2, 4); i > 0; --i) moved = move_once(build, moved);
  if (build.chance(20)) moved = build.let("view", moved);
  switch (build.below(4)) {
    case 0:
      return build.let("h", moved * 0.5 + mean(moved, {-1}, keep_dims));
    case 1:
      return build.let("h", tanh(linear(build, moved, build.between(1, 12))));
    case 2:
      return build.let("h", gain_and_shift(build, tanh(moved)));
    default:
      return build.let("h", where(off_kink(build, moved) > 0.2, moved, 0.3 * moved));
  }
}

Var stencil(Builder& build, const Var& x) {
  const std::int64_t axis = build.between(0, x.ndim() - 1), size = x.size(axis);
  if (size < 3) return x;
  const Var left = slice(x, axis, 0, size - 2), here = slice(x, axis, 1, size - 1), right = slice(x, axis, 2, size);
  const Var second = left + right - 2.0 * here;
  return build.let("h", build.chance(50) ? here + 0.2 * second : here * tanh(second));
}

// Sums over windows of the last axis, with a weight for each place.
Var over_windows(Builder& build, const Var& x) {
  const std::int64_t axis = x.ndim() - 1, size = x.size(axis), places = build.between(1, 3);
  const std::int64_t stride = build.between(1, 2), dilation = build.between(1, 2);
  if ((places - 1) * dilation + 1 > size || x.value.numel() > 20000) return x;
  const Window window{axis, places, stride, dilation};
  const Var parts = call("unfold", xgrad::unfold(x.value, {window}), x, axis, places, stride, dilation);
  return build.let("h", tanh(sum(parts * build.parameter({places}), {-1})));
}

// The largest or the mean of windows over the last axes, which mostly lie side by side and cover them.
Var tiled(Builder& build, const Var& x) {
  const std::int64_t axes = x.ndim() > 1 && build.chance(70) ? 2 : 1, first = x.ndim() - axes;
  Var whole = x;
  std::vector<Window> windows;
  std::vector<std::int64_t> within;
  for (std::int64_t axis = first; axis < x.ndim(); ++axis) {
    const std::int64_t size = std::min(x.size(axis), build.between(1, 4));
    if (build.chance(80)) whole = slice(whole, axis, 0, x.size(axis) / size * size);
    windows.push_back({axis, size, size});
  }
  const bool last = build.chance(60);
  for (std::int64_t i = 0; i < axes; ++i) within.push_back(i + (last ? x.ndim() : first));
  const Var apart = build.chance(50) ? untied(build, whole) : tanh(whole);
  const Var parts = call("unfold", xgrad::unfold(apart.value, windows, 0, last ? WindowAxes::last : WindowAxes::before),
                         apart, windows.front().size, windows.back().size, last);
  if (build.chance(50)) return build.let("h", mean(parts, within));
  const Var choice = untied(build, parts);
  return build.let("h", call("max", xgrad::max(choice.value, within), choice, within));
}

// Pieces of one value, moved, side by side again; or what is rolled.
Var joined_views(Builder& build, const Var& x) {
  const std::int64_t axis = build.between(0, x.ndim() - 1), size = x.size(axis);
  if (build.chance(40)) {
    const std::int64_t shift = build.between(-size, size);
    return build.let("h", call("roll", xgrad::roll(x.value, shift, axis), x, shift, axis));
  }
  const Var y = build.chance(30) ? tanh(x) : x;
  const std::int64_t at = build.between(0, size - 1);
  std::vector<Var> pieces{slice(y, axis, at, size, build.pick<std::int64_t>({1, 1, 2})),
                          call("flip", xgrad::flip(y.value, axis), y, axis)};
  if (at > 0) pieces.push_back(slice(y, axis, 0, at, 1));
  if (build.chance(20)) pieces.push_back(pieces[0]);
  const Var joined = concat(pieces, axis);
  return build.let("h", build.chance(50) ? joined : 0.5 * tanh(joined));
}

// What several programs compute, side by side: each may write where it is joined.
Var joined_programs(Builder& build, const Var& x) {
  const std::int64_t axis = build.chance(60) ? x.ndim() - 1 : build.between(0, x.ndim() - 1);
  const auto piece = [&]() -> Var {
    switch (build.below(4)) {
      case 0:
        return tanh(x);
      case 1:
        return 0.5 * x;
      case 2:
        return x - mean(x, {x.ndim() - 1}, keep_dims);
      default:
        return tanh(x + build.parameter({x.size(x.ndim() - 1)}));
    }
  };
  std::vector<Var> pieces;
  for (std::int64_t count = build.between(1, 2); count > 0; --count) pieces.push_back(piece());
  if (build.chance(40)) pieces.push_back(slice(x, axis, 0, build.between(1, x.size(axis)), 1));
  if (build.chance(40)) pieces.insert(pieces.begin(), x);
  const bool stacks = pieces.size() == 1 && x.ndim() == 2;  // what follows takes three axes at most
  const Var joined = stacks ? stack({pieces[0], piece()}, axis) : concat(pieces, axis);
  return build.let("h", build.chance(50) ? joined : 0.5 * tanh(joined));
}

Var scanned(Builder& build, const Var& x) {
  const std::int64_t axis = build.between(0, x.ndim() - 1);
  const double count = static_cast<double>(x.size(axis));
  switch (build.below(4)) {
    case 0: {
      const Var part = tanh(x) * (1 / count);
      return build.let("h", call("cumsum", xgrad::cumsum(part.value, axis), part, axis));
    }
    case 1: {
      const Var near_one = 1.0 + 0.5 / count * tanh(x);
      return build.let("h", call("cumprod", xgrad::cumprod(near_one.value, axis), near_one, axis));
    }
    case 2: {
      const Var bounded = tanh(x);
      return build.let("h", call("logcumsumexp", xgrad::logcumsumexp(bounded.value, axis), bounded, axis));
    }
    default: {
      const Var apart = untied(build, x);
      return build.let("h", call("cummax", xgrad::cummax(apart.value, axis), apart, axis));
    }
  }
}

// Rows more than once, and added up where they are put.
Var repeated_rows(Builder& build, const Var& x) {
  const std::int64_t rows = x.size(0), count = build.between(1, 2 * std::min<std::int64_t>(rows, 20));
  const Var index = build.indices({count}, rows);
  const Var picked = call("take", xgrad::take(x.value, index.value, 0), x, index, 0);
  if (build.chance(50)) return build.let("h", tanh(picked));
  const Var weighted = tanh(picked) * 0.3;
  return build.let("h",
                   call("index_add", xgrad::index_add(x.value, 0, index.value, weighted.value), x, 0, index, weighted));
}

// A state that goes over an axis, of which each step reads its part.
Var loop(Builder& build, const Var& x) {
  const std::int64_t axis = x.ndim() == 3 && build.chance(50) ? 1 : 0;
  const std::int64_t steps = std::min<std::int64_t>(x.size(axis), build.between(1, 8));
  const auto at = [&](std::int64_t i) { return call("select", xgrad::select(x.value, axis, i), x, axis, i); };
  Var state = tanh(at(0));
  std::vector<Var> states{state};
  for (std::int64_t i = 1; i < steps; ++i) states.push_back(state = tanh(at(i) + 0.5 * state));
  return build.let("h", build.chance(70) ? stack(states, axis) : stack({state, states[0]}, axis));
}

// What lies between other axes: repeated, or reduced.
Var in_the_middle(Builder& build, const Var& x) {
  if (x.ndim() != 3) return x;
  const Var shift = build.parameter({1, x.size(1), 1}), gain = build.parameter({x.size(0), 1, x.size(2)});
  const Var moved = build.chance(50) ? gain * x + shift : gain * shift + x;
  if (build.chance(30)) return build.let("h", moved);
  return build.let("h", moved - (build.chance(50) ? mean(moved, {1}, keep_dims) : mean(moved, {0, 2}, keep_dims)));
}

constexpr Layer table[] = {
    {"views of views", views_of_views, 8}, {"stencil", stencil, 4},
    {"windows", over_windows, 3},          {"scans", scanned, 4},
    {"repeated rows", repeated_rows, 3},   {"loop over an axis", loop, 3},
    {"in the middle", in_the_middle, 4},   {"tiles", tiled, 4},
    {"joined views", joined_views, 4},     {"joined programs", joined_programs, 8},
};
constexpr std::size_t later_layers = 1;

}  // namespace

std::span<const Layer> movement_layers(std::uint64_t seed) {
  return std::span(table).first(std::size(table) - (seed % 4 == 3 ? 0 : later_layers));
}

}  // namespace xgrad::networks
