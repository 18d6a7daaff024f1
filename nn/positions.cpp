#include "nn/positions.hpp"

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "nn/call.hpp"
#include "nn/init.hpp"

namespace xgrad::nn {

namespace {

/// p / base^(2i / features) for `length` places and `pairs` pairs, from double: float32 would be off by whole turns far
/// from the beginning.
Tensor angles(std::int64_t length, std::int64_t pairs, std::int64_t features, double base, std::int64_t first,
              const Location& where) {
  const auto from = static_cast<double>(first);
  const Tensor places = arange(from, from + static_cast<double>(length), 1, float64, where);
  const Tensor exponents = arange(0, static_cast<double>(pairs), 1, float64, where) *
                           (-2 * std::log(base) / static_cast<double>(std::max<std::int64_t>(features, 1)));
  return reshape(places, {length, 1}) * exp(reshape(exponents, {1, pairs}));
}

/// [..., 2 n] from two [..., n], one after the other, element by element.
Tensor interleaved(const Tensor& even, const Tensor& odd) {
  std::vector<std::int64_t> shape(even.shape().begin(), even.shape().end());
  shape.back() *= 2;
  return reshape(stack({even, odd}, -1), shape);
}

}  // namespace

Tensor sinusoidal_positions(std::int64_t length, std::int64_t features, SinusoidalOptions options,
                            const Location& where) {
  const CallScope scope("sinusoidal_positions", where);
  check<ValueError>(length >= 0 && features >= 0, where, "sinusoidal_positions: needs sizes of at least 0, got ",
                    length, " places and ", features, " features");
  check<ValueError>(options.base > 0, where, "sinusoidal_positions: the base ", options.base, " is not above 0");
  check_shape({length, features}, item_size(options.dtype), "sinusoidal_positions", where);
  check<DTypeError>(is_floating(options.dtype), where, "sinusoidal_positions: needs a floating dtype");
  const Tensor angle = angles(length, (features + 1) / 2, features, options.base, options.first, where);
  return cast(slice(interleaved(sin(angle), cos(angle)), 1, 0, features), options.dtype);
}

Tensor rotary(const Operand& operand, const RotaryOptions& options) {
  const Location& where = operand.where();
  const CallScope scope("rotary", where);
  const Tensor x = operand.tensor();
  check<DTypeError>(is_floating(x.dtype()), where, "rotary: needs a floating dtype, got ", describe(x));
  check<ShapeError>(x.ndim() >= 2 && x.shape().back() % 2 == 0, where,
                    "rotary: needs an axis for the places and an even number of features, got ", describe(x));
  check<ValueError>(options.base > 0, where, "rotary: the base ", options.base, " is not above 0");
  const std::int64_t features = x.shape().back(), pairs = features / 2;
  const Tensor angle = angles(x.size(-2), pairs, features, options.base, options.first, where);
  const Tensor c = cast(cos(angle), x.dtype()), s = cast(sin(angle), x.dtype());
  const bool halves = options.pairs == RotaryPairs::halves;
  const Tensor a = halves ? slice(x, -1, 0, pairs) : slice(x, -1, 0, {}, 2),
               b = halves ? slice(x, -1, pairs, {}) : slice(x, -1, 1, {}, 2);
  const Tensor first = a * c - b * s, second = a * s + b * c;
  return halves ? concat({first, second}, -1) : interleaved(first, second);
}

LearnedPositions::LearnedPositions(std::int64_t longest, std::int64_t features, LearnedPositionsOptions options,
                                   Rng& rng, const Location& where) {
  const CallScope scope("LearnedPositions", where);
  check<ValueError>(longest > 0 && features > 0, where, "LearnedPositions: needs positive sizes, got ", longest,
                    " places and ", features, " features");
  weight = Parameter(
      init::normal({longest, features}, rng, {.deviation = options.deviation, .dtype = options.dtype}, where), where);
}

Tensor LearnedPositions::operator()(const Operand& x, std::int64_t first) const {
  const Location& where = x.where();
  const Call call(*this, "LearnedPositions", where);
  const Tensor input = x.tensor();
  check<ShapeError>(input.ndim() >= 2 && input.shape().back() == weight.shape()[1], where,
                    "LearnedPositions: the input ", describe(input), " has no axis for places before one of size ",
                    weight.shape()[1]);
  const std::int64_t length = input.size(-2), longest = weight.shape()[0];
  check<ValueError>(first >= 0 && first <= longest && length <= longest - first, where, "LearnedPositions: ", length,
                    " places from ", first, " on are more than ", longest);
  return call.result(input + slice(weight, 0, first, first + length));
}

void LearnedPositions::visit(Visitor& visitor) { visitor("weight", weight); }

}  // namespace xgrad::nn
