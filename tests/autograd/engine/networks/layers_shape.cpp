// What moves, reduces and picks elements between layers.

#include "tests/autograd/engine/networks/layers.hpp"

namespace xgrad::networks {

namespace {

Var turn(Builder& build, const Var& x) {
  const Var turned = transpose(x);
  return build.let("h", build.chance(50) ? turned : gain_and_shift(build, turned));
}

// [R, C] -> [R / k, k, C], or the first two axes into one.
Var regroup(Builder& build, const Var& x) {
  if (x.ndim() == 3) return build.let("h", reshape(x, {x.size(0) * x.size(1), x.size(2)}));
  const std::int64_t rows = x.size(0);
  for (const std::int64_t k : {build.between(2, 6), std::int64_t{2}, std::int64_t{3}, std::int64_t{1}})
    if (rows % k == 0) return build.let("h", reshape(x, {rows / k, k, x.size(1)}));
  return x;
}

Var to_vector_rows(Builder& build, const Var& x) {
  if (x.ndim() == 3) return build.let("h", reshape(x, {x.size(0), x.size(1) * x.size(2)}));
  if (x.size(1) % 2 == 0) return build.let("h", reshape(x, {2 * x.size(0), x.size(1) / 2}));
  return build.let("h", reshape(x, {1, x.value.numel()}));
}

Var join(Builder& build, const Var& x) {
  const std::int64_t axis = build.chance(70) ? -1 : 0;
  const Var other = activate(build, x);
  return build.let("h",
                   concat(build.chance(50) ? std::vector<Var>{x, other} : std::vector<Var>{other, x, x * 0.5}, axis));
}

Var cut(Builder& build, const Var& x) {
  const std::int64_t axis = build.pick<std::int64_t>({-1, -2, 0}), size = x.size(axis);
  if (size < 2) return x;
  const std::int64_t start = build.between(0, 1), step = build.pick<std::int64_t>({1, 1, 2});
  return build.let("h", slice(x, axis, start, build.between(start + 1, size), step));
}

Var surround(Builder& build, const Var& x) {
  const std::int64_t axis = build.pick<std::int64_t>({-1, -2}), before = build.between(0, 2),
                     after = build.between(0, 2);
  const double value = build.pick({0.0, 0.5});
  return build.let("h", call("pad", xgrad::pad(x.value, axis, before, after, value), x, axis, before, after, value));
}

Var reverse(Builder& build, const Var& x) {
  const std::int64_t axis = build.pick<std::int64_t>({-1, 0});
  return build.let("h", x + 0.5 * call("flip", xgrad::flip(x.value, axis), x, axis));
}

// x together with what was summed up of it.
Var pooled(Builder& build, const Var& x) {
  AxisList axes;
  const std::uint64_t share = build.pick<std::uint64_t>({0, 50, 50, 50, 100});
  for (std::int64_t axis = 0; axis < x.ndim(); ++axis)
    if (build.chance(share)) axes.push_back(axis);
  build.used("reduced over " + std::to_string(axes.size()) + " of " + std::to_string(x.ndim()) + " axes");
  const auto reduced = [&]() -> Var {
    switch (build.below(5)) {
      case 0:
        return tanh(sum(x, axes, keep_dims));
      case 1: {  // which is between 1/e and e
        double count = 1;
        for (const std::int64_t axis : axes) count *= static_cast<double>(x.size(axis));
        const Var near_one = 1.0 + 0.5 / count * tanh(x);
        return call("prod", xgrad::prod(near_one.value, axes, keep_dims), near_one, axes, keep_dims);
      }
      case 2: {
        const Var apart = untied(build, x);
        return build.chance(50) ? call("max", xgrad::max(apart.value, axes, keep_dims), apart, axes, keep_dims)
                                : call("min", xgrad::min(apart.value, axes, keep_dims), apart, axes, keep_dims);
      }
      default:
        return mean(x, axes, keep_dims);
    }
  };
  const Var total = build.chance(50) ? build.let("pooled", reduced()) : reduced();
  switch (build.below(4)) {
    case 0:
      return build.let("h", x * sigmoid(total));
    case 1:
      return build.let("h", total * x + total);
    case 2:
      return build.let("h", (x - total) * tanh(total));
    default:
      return build.let("h", x + total);
  }
}

// The mean of neighbours, or the largest of them.
Var pool_columns(Builder& build, const Var& x) {
  const std::int64_t columns = x.size(-1) / 2;
  if (columns == 0) return x;
  const Var even = slice(x, -1, 0, 2 * columns);
  Shape pairs = x.shape();
  std::vector<std::int64_t> sizes(pairs.begin(), pairs.end() - 1);
  sizes.push_back(columns);
  sizes.push_back(2);
  if (build.chance(50)) return build.let("h", mean(reshape(even, sizes), {-1}));
  const Var parts = reshape(untied(build, even), sizes);
  return build.let("h", call("max", xgrad::max(parts.value, -1), parts, -1));
}

Var masked(Builder& build, const Var& x) {
  switch (build.below(4)) {
    case 0:
      return build.let("h", where(build.mask(x.shape()), x, activate(build, x)));
    case 1:
      return build.let("h", where(build.mask({x.size(-1)}), x, 0.0));
    case 2: {
      const Var shifted = off_kink(build, x);
      return build.let("h", where(shifted > 0.3, sqrt(square(shifted) + 0.1), tanh(shifted)));
    }
    default: {
      // The root is infinite on the branch that is not taken.
      const Var shifted = off_kink(build, x), positive = shifted > 0.0;
      return build.let("h", where(positive, sqrt(where(positive, shifted, 1.0) + 0.01), 0.0));
    }
  }
}

// Rows by their indices, as in an embedding, an index that picks one element of each row, or the largest element's.
Var pick_rows(Builder& build, const Var& x) {
  const std::int64_t rows = x.size(0);
  switch (build.below(3)) {
    case 0: {
      const Var index = build.indices({build.between(1, 9)}, rows);
      return build.let("h", call("take", xgrad::take(x.value, index.value, 0), x, index, 0));
    }
    case 1: {
      Shape shape = x.shape();
      shape[shape.ndim() - 1] = 1;
      const Var index = build.indices(shape, x.size(-1));
      const Var picked = call("gather", xgrad::gather(x.value, -1, index.value), x, -1, index);
      return build.let("h", x - 0.5 * build.let("picked", picked));
    }
    default: {
      const Var apart = untied(build, x);
      const Var route = call("one_hot", xgrad::one_hot(xgrad::argmax(apart.value, -1), x.size(-1), build.dtype()),
                             "argmax(" + apart.text + ')', x.size(-1));
      return build.let("h", x + route * activate(build, x));
    }
  }
}

Var precision(Builder& build, const Var& x) {
  if (build.precise()) return x * 0.75;  // what float32 keeps is not what is compared to 1e-9
  const Var wide = call("cast", xgrad::cast(x.value, float64), x, "float64");
  const Var result = tanh(wide) / (1.0 + mean(square(wide), {-1}, keep_dims));
  return build.let("h", call("cast", xgrad::cast(result.value, float32), result, "float32"));
}

constexpr Layer table[] = {
    {"transpose", turn, 4}, {"regroup", regroup, 6},     {"reshape", to_vector_rows, 2},
    {"concat", join, 5},    {"slice", cut, 4},           {"pad", surround, 3},
    {"flip", reverse, 2},   {"pooled", pooled, 14},      {"pool columns", pool_columns, 3},
    {"masked", masked, 5},  {"pick rows", pick_rows, 4}, {"other precision", precision, 2},
};

// Products of what is equal, sums of what cancels: where two roundings and one differ.
Var cancelling(Builder& build, const Var& x) {
  const Var a = tanh(x), b = a * build.parameter({}, {0.5, 1.5});
  switch (build.below(4)) {
    case 0:
      return build.let("h", a * a - b * b);
    case 1: {
      const Var flipped = call("flip", xgrad::flip(a.value, -1), a, -1);
      return build.let("h", a * flipped - b * x);
    }
    case 2:
      return build.let(
          "h", sqrt(mean(a * a, {-1}, keep_dims) - mean(a, {-1}, keep_dims) * mean(a, {-1}, keep_dims) + 0.1) * x);
    default:
      return build.let("h", sqrt(b * b - 4.0 * a * x + 4.0 * square(x) + 5.0));
  }
}

Var polynomial(Builder& build, const Var& x) {
  const Var t = tanh(x);
  const auto coefficient = [&] { return build.parameter(build.chance(50) ? Shape{} : Shape{x.size(-1)}); };
  if (build.chance(50)) {
    Var value = coefficient();
    for (int i = 0; i < 3; ++i) value = value * t + coefficient();
    return build.let("h", value);
  }
  const Var squared = t * t;
  return build.let("h", coefficient() * squared * t + coefficient() * squared + coefficient() * t + x);
}

Var interpolate(Builder& build, const Var& x) {
  const Var other = activate(build, x),
            share = sigmoid(build.parameter(build.chance(50) ? Shape{} : Shape{x.size(-1)}));
  if (build.chance(50)) return build.let("h", share * x + (1.0 - share) * other);
  return build.let("h", x + share * (other - x));
}

Var oscillate(Builder& build, const Var& x) {
  const Var frequency = build.parameter({x.size(-1)}, {0.5, 2}), angle = frequency * x + build.parameter({x.size(-1)});
  const Var s = call("sin", xgrad::sin(angle.value), angle), c = call("cos", xgrad::cos(angle.value), angle);
  return build.let("h", build.chance(50) ? s * x + c : concat({s, c}, -1));
}

Var rotate_halves(Builder& build, const Var& x) {
  const std::int64_t half = x.size(-1) / 2;
  if (half == 0) return x;
  const Var a = slice(x, -1, 0, half), b = slice(x, -1, half, 2 * half), angle = build.parameter({half});
  const Var s = call("sin", xgrad::sin(angle.value), angle), c = call("cos", xgrad::cos(angle.value), angle);
  return build.let("h", concat({a * c - b * s, a * s + b * c}, -1));
}

constexpr Layer arithmetic[] = {
    {"cancelling", cancelling, 5}, {"polynomial", polynomial, 4},       {"interpolate", interpolate, 4},
    {"oscillate", oscillate, 3},   {"rotate halves", rotate_halves, 3},
};

}  // namespace

std::span<const Layer> shape_layers() { return table; }
std::span<const Layer> arithmetic_layers() { return arithmetic; }

}  // namespace xgrad::networks
