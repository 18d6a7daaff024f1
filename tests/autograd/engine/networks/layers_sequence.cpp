// Attention, recurrence, and what else mixes rows.

#include <cmath>
#include <limits>

#include "tests/autograd/engine/networks/layers.hpp"

namespace xgrad::networks {

namespace {

constexpr std::int64_t longest = 66;  // a sequence that is attended to, or the batch of one that is unrolled

Var shorter(Builder& build, const Var& x, std::int64_t most) {
  return x.size(-2) <= most ? x : build.let("x", slice(x, -2, 0, most));
}

Var masked(Builder& build, const Var& scores) {
  const std::int64_t rows = scores.size(-2), columns = scores.size(-1);
  switch (build.below(5)) {
    case 0: {
      build.used("causal mask by where");
      const Tensor causal = xgrad::tril(xgrad::ones({rows, columns}, build.dtype())) > 0.5;
      const double low = build.pick({-1e9, -std::numeric_limits<double>::infinity()});
      return where({causal, "causal"}, scores, low);
    }
    case 1: {
      build.used("causal mask by addition");
      const Tensor above = xgrad::triu(xgrad::full({rows, columns}, -1e4, build.dtype()), 1);
      return scores + Var{above, "above"};
    }
    case 2: {
      build.used("mask of a batch");
      Var kept = build.mask({rows, columns});
      const Var own{xgrad::eye(rows, columns, build.dtype()) > 0.5, "own"};
      kept = call("logical_or", xgrad::logical_or(kept.value, own.value), kept, own);
      return columns >= rows ? where(kept, scores, -1e9) : scores;
    }
    default:
      return scores;
  }
}

// [.., T, heads d] -> [.., heads, T, d]
Var in_heads(const Var& x, std::int64_t heads) {
  if (heads == 1) return x;
  Shape split = x.shape();
  std::vector<std::int64_t> sizes(split.begin(), split.end() - 1), order{0, 2, 1, 3};
  sizes.push_back(heads);
  sizes.push_back(split.back() / heads);
  if (sizes.size() == 3) order = {1, 0, 2};
  const Var parts = reshape(x, sizes);
  return call("permute", xgrad::permute(parts.value, order), parts, order);
}

Var attention(Builder& build, const Var& input) {
  const Var x = shorter(build, input, longest);
  const std::int64_t heads = build.pick<std::int64_t>({1, 1, 2, 3}), depth = build.pick<std::int64_t>({1, 2, 4, 8, 16});
  build.used(heads == 1 ? "attention of one head" : "attention of several heads");
  const Var q = in_heads(linear(build, x, heads * depth), heads), k = in_heads(linear(build, x, heads * depth), heads),
            v = in_heads(linear(build, x, heads * depth), heads);
  const double root = std::sqrt(static_cast<double>(depth));
  Var scores = matmul(q, transpose(k));
  scores = build.chance(50) ? scores / root : scores * (1 / root);
  if (build.chance(30)) scores = build.let("scores", scores);
  Var weights = softmax(masked(build, scores), -1);
  if (build.chance(30)) weights = build.let("weights", weights);
  if (build.chance(20)) weights = dropout(build, weights);
  Var result = matmul(weights, v);
  if (heads > 1) {
    const std::vector<std::int64_t> back =
        result.ndim() == 4 ? std::vector<std::int64_t>{0, 2, 1, 3} : std::vector<std::int64_t>{1, 0, 2};
    result = call("permute", xgrad::permute(result.value, back), result, back);
    Shape joined = x.shape();
    joined[joined.ndim() - 1] = heads * depth;
    result = reshape(result, joined);
  }
  result = build.let("attended", result);
  if (build.chance(60)) result = x + linear(build, result, x.size(-1));
  return build.let("h", build.chance(40) ? normalise(build, result) : result);
}

// What a recurrent layer sees at each of a few times, [rows, features].
std::vector<Var> times_of(Builder& build, const Var& input) {
  std::vector<Var> times;
  if (input.ndim() == 3 && input.size(1) <= 6) {
    for (std::int64_t t = 0; t < input.size(1); ++t)
      times.push_back(call("select", xgrad::select(input.value, 1, t), input, 1, t));
    return times;
  }
  const Var x = input.ndim() == 3 ? mean(input, {1}) : shorter(build, input, longest);
  const std::int64_t count = build.between(2, 4);
  for (std::int64_t t = 0; t < count; ++t) times.push_back(x);
  return times;
}

Var collect(Builder& build, const std::vector<Var>& states) {
  if (build.chance(50)) return build.let("h", stack(states, 1));
  return states.back();
}

Var recurrent(Builder& build, const Var& x) {
  const std::vector<Var> times = times_of(build, x);
  const std::int64_t inputs = x.size(-1), hidden = std::min<std::int64_t>(build.size(inputs), 66);
  const Var w = build.weight({hidden, inputs}, inputs), u = build.weight({hidden, hidden}, hidden),
            b = build.parameter({hidden});
  Var state = build.chance(50) ? build.parameter({hidden})
                               : Var{xgrad::zeros({times[0].size(0), hidden}, build.dtype()), "zeros"};
  if (state.ndim() == 1)
    state = call("broadcast_to", xgrad::broadcast_to(state.value, {times[0].size(0), hidden}), state, "rows");
  std::vector<Var> states;
  for (const Var& at : times) {
    state = build.let("s", tanh(matmul(at, transpose(w)) + matmul(state, transpose(u)) + b));
    states.push_back(state);
  }
  return collect(build, states);
}

// Cho et al., 2014.
Var gated_recurrent(Builder& build, const Var& x) {
  const std::vector<Var> times = times_of(build, x);
  const std::int64_t inputs = x.size(-1), hidden = std::min<std::int64_t>(build.size(3 * inputs), 33);
  const Var w = build.weight({3 * hidden, inputs}, inputs), u = build.weight({3 * hidden, hidden}, hidden),
            b = build.parameter({3 * hidden});
  Var state{xgrad::zeros({times[0].size(0), hidden}, build.dtype()), "zeros"};
  std::vector<Var> states;
  for (const Var& at : times) {
    const Var from_x = matmul(at, transpose(w)) + b, from_state = matmul(state, transpose(u));
    const auto third = [&](const Var& of, std::int64_t i) { return slice(of, -1, i * hidden, (i + 1) * hidden); };
    const Var r = sigmoid(third(from_x, 0) + third(from_state, 0));
    const Var z = sigmoid(third(from_x, 1) + third(from_state, 1));
    const Var n = tanh(third(from_x, 2) + r * third(from_state, 2));
    state = build.let("s", (1.0 - z) * n + z * state);
    states.push_back(state);
  }
  return collect(build, states);
}

// Hochreiter and Schmidhuber, 1997.
Var long_short_term(Builder& build, const Var& x) {
  const std::vector<Var> times = times_of(build, x);
  const std::int64_t inputs = x.size(-1), hidden = std::min<std::int64_t>(build.size(4 * inputs), 16);
  const Var w = build.weight({4 * hidden, inputs}, inputs), u = build.weight({4 * hidden, hidden}, hidden),
            b = build.parameter({4 * hidden});
  Var state{xgrad::zeros({times[0].size(0), hidden}, build.dtype()), "zeros"}, cell = state;
  std::vector<Var> states;
  for (const Var& at : times) {
    const Var gates = matmul(at, transpose(w)) + matmul(state, transpose(u)) + b;
    std::vector<Var> parts;
    for (const Tensor& part : xgrad::split(gates.value, hidden, -1))
      parts.push_back({part, "split(" + gates.text + ")[" + std::to_string(parts.size()) + ']'});
    cell = build.let("cell", sigmoid(parts[0]) * cell + sigmoid(parts[1]) * tanh(parts[2]));
    state = build.let("s", sigmoid(parts[3]) * tanh(cell));
    states.push_back(state);
  }
  return collect(build, states);
}

Var running_sum(Builder& build, const Var& x) {
  const std::int64_t axis = build.pick<std::int64_t>({-1, 0, -2});
  const bool reverse = build.chance(40);
  const Var bounded = tanh(x);
  if (build.chance(20)) {
    const Var near_one = 1.0 + 0.5 / static_cast<double>(x.size(axis)) * bounded;
    return build.let("h", call("cumprod", xgrad::cumprod(near_one.value, axis), near_one, axis));
  }
  const Var total = call("cumsum", xgrad::cumsum(bounded.value, axis, reverse), bounded, axis, reverse);
  return build.let("h", build.chance(50) ? total / (1.0 + static_cast<double>(x.size(axis))) : tanh(total) + x);
}

// A convolution over rows and columns, of images whose channels are parts of the columns.
Var filters(Builder& build, const Var& input) {
  const Var x = shorter(build, input, 24);
  const std::int64_t rows = x.size(-2), columns = x.size(-1), images = x.value.numel() / (rows * columns);
  const std::int64_t channels = columns % 4 == 0 ? 4 : columns % 3 == 0 ? 3 : columns % 2 == 0 ? 2 : 1;
  const std::int64_t width = columns / channels, outputs = channels * build.between(1, 2);
  const std::vector<std::int64_t> order{0, 2, 1, 3};
  const Var parts = reshape(x, {images, rows, channels, width});
  const Var image =
      call("permute", xgrad::permute(parts.value, order), parts, order);  // [images, channels, rows, width]
  const std::int64_t high = std::min<std::int64_t>(rows, build.between(1, 3)),
                     wide = std::min<std::int64_t>(width, build.between(1, 4)), around = build.between(0, 1),
                     stride = x.value.numel() < 2000 ? build.between(1, 2) : 1,
                     groups = build.chance(25) ? channels : 1;
  const bool back = build.chance(25);
  build.used(back ? "transposed convolution" : "convolution over two axes");
  Var result;
  if (back) {
    const Var w = build.weight({channels, outputs / groups, high, wide}, channels);
    const TransposedConvolutionOptions options{.stride = stride, .groups = groups};
    result =
        call("conv_transpose2d", xgrad::conv_transpose2d(image.value, w.value, {}, options), image, w, stride, groups);
  } else {
    const Var w = build.weight({outputs, channels / groups, high, wide}, channels * high * wide / groups);
    const ConvolutionOptions options{.stride = stride, .padding = around, .groups = groups};
    result = call("conv2d", xgrad::conv2d(image.value, w.value, {}, options), image, w, stride, around, groups);
  }
  if (build.chance(50)) result = activate(build, result);
  const std::int64_t last = result.size(-1);
  return build.let("h", reshape(result, {images, result.value.numel() / (images * last), last}));
}

// A convolution along the columns, as a sum of shifted slices.
Var convolution(Builder& build, const Var& x) {
  if (build.chance(60)) return filters(build, x);
  const std::int64_t columns = x.size(-1), taps = build.between(2, 5);
  const Var padded = call("pad", xgrad::pad(x.value, -1, taps - 1, 0), x, -1, taps - 1, 0);
  const Var w = build.parameter({taps});
  Var total = slice(padded, -1, 0, columns) * slice(w, 0, 0, 1);
  for (std::int64_t i = 1; i < taps; ++i) total = total + slice(padded, -1, i, i + columns) * slice(w, 0, i, i + 1);
  return build.let("h", build.chance(50) ? activate(build, total) : total);
}

// Messages along the edges of a graph whose nodes are the rows.
Var messages(Builder& build, const Var& x) {
  const std::int64_t rows = x.size(0), edges = std::min<std::int64_t>(2 * rows + 1, 200);
  const Var from = build.indices({edges}, rows), to = build.indices({edges}, rows);
  const Var sent = call("take", xgrad::take(x.value, from.value, 0), x, from, 0);
  Shape spread = x.shape();
  spread[0] = edges;
  Shape column = Shape::filled(x.ndim(), 1);
  column[0] = edges;
  const Tensor index = xgrad::broadcast_to(xgrad::reshape(to.value, column), spread);
  const Tensor received = xgrad::scatter_add(xgrad::zeros(x.shape(), build.dtype()), 0, index, xgrad::tanh(sent.value));
  return build.let("h", x + 0.3 * call("received", received, sent, to));
}

// Scores of all rows with all rows, without softmax.
Var similarity(Builder& build, const Var& input) {
  const Var x = shorter(build, input, 33);
  const Var product = matmul(x, transpose(x)) / static_cast<double>(x.size(-1));
  return build.let("h", build.chance(50) ? tanh(product) : matmul(tanh(product), x) / static_cast<double>(x.size(-2)));
}

constexpr Layer table[] = {
    {"attention", attention, 10},
    {"recurrent", recurrent, 4},
    {"gated recurrent", gated_recurrent, 4},
    {"long short-term", long_short_term, 2},
    {"running sum", running_sum, 4},
    {"convolution", convolution, 4},
    {"messages", messages, 3},
    {"similarity", similarity, 3},
};

}  // namespace

std::span<const Layer> sequence_layers() { return table; }

}  // namespace xgrad::networks
