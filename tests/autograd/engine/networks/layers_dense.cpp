// Linear layers in all the ways in which they are written, and what is built of them.

#include "nn/nn.hpp"
#include "tests/autograd/engine/networks/layers.hpp"

namespace xgrad::networks {

namespace {

/// A width for the result of a layer that takes x.
std::int64_t width(Builder& build, const Var& x) {
  const std::int64_t rows = x.value.numel() / x.size(-1);
  std::int64_t size = build.size(rows);
  while (size > 1 && size * x.size(-1) > build.most_elements()) size = (size + 1) / 2;
  return size;
}

Var with_bias(Builder& build, const Var& product) {
  const std::int64_t outputs = product.size(-1);
  switch (build.below(5)) {
    case 0:
      build.used("linear without bias");
      return product;
    case 1:
      build.used("bias of a row");
      return product + build.parameter({1, outputs});
    case 2:
      build.used("bias of one number");
      return product + build.parameter({});
    default:
      build.used("bias");
      return product + build.parameter({outputs});
  }
}

// nn::Linear itself, or what it does where other Tensors stand for its Parameters.
Var library_linear(Builder& build, const Var& x, std::int64_t outputs) {
  const bool biased = build.chance(70);
  const Var weight = build.weight({outputs, x.size(-1)}, x.size(-1));
  const Var bias = biased ? build.parameter({outputs}) : Var{Tensor(), "no bias"};
  nn::Linear layer(1, 1, {.bias = biased, .dtype = build.dtype()});
  layer.weight = Parameter::holder(weight.value);
  if (biased) layer.bias = Parameter::holder(bias.value);
  if (layer.weight.defined()) return call("nn::linear", layer(x.value), x, weight, bias);
  const Tensor product = xgrad::matmul(x.value, xgrad::transpose(weight.value));
  return call("nn::linear", biased ? product + bias.value : product, x, weight, bias);
}

Var plain_linear(Builder& build, const Var& x) { return build.let("h", linear(build, x, width(build, x))); }

Var dense(Builder& build, const Var& x) { return build.let("h", activate(build, linear(build, x, width(build, x)))); }

Var only_activation(Builder& build, const Var& x) { return build.let("h", activate(build, x)); }

Var only_gain(Builder& build, const Var& x) { return build.let("h", gain_and_shift(build, x)); }

// Attention is all you need's: x + f(normalised x), with f of two layers.
Var residual(Builder& build, const Var& x) {
  Var h = build.chance(50) ? normalise(build, x) : x;
  h = activate(build, linear(build, h, width(build, x)));
  h = linear(build, h, x.size(-1));
  if (build.chance(30)) h = dropout(build, h);
  if (build.chance(20)) h = build.parameter({x.size(-1)}, {0.05, 0.2}) * h;
  h = x + h;
  return build.let("h", build.chance(40) ? normalise(build, h) : h);
}

Var gate(Builder& build, const Var& x) {
  const std::int64_t outputs = width(build, x);
  const Var a = linear(build, x, outputs), b = linear(build, x, outputs);
  switch (build.below(4)) {
    case 0:
      return build.let("h", a * sigmoid(b));
    case 1:
      return build.let("h", tanh(a) * sigmoid(b));
    case 2:
      return build.let("h", activate(build, a) * b);
    default: {
      const Var z = build.let("z", sigmoid(b));
      return build.let("h", z * tanh(a) + (1.0 - z) * build.parameter({outputs}));
    }
  }
}

// Dauphin, Fan, Auli and Grangier, 2017: the halves of one product.
Var halves(Builder& build, const Var& x) {
  const std::int64_t half = (width(build, x) + 1) / 2;
  const Var both = build.let("both", linear(build, x, 2 * half));
  const Var a = slice(both, -1, 0, half), b = slice(both, -1, half, 2 * half);
  return build.let("h", build.chance(50) ? a * sigmoid(b) : tanh(a) * call("silu", silu(b.value), b));
}

Var highway(Builder& build, const Var& x) {
  if (x.size(-1) > 1024) return x;  // its square is the size of a weight
  const Var t = build.let("t", sigmoid(linear(build, x, x.size(-1))));
  return build.let("h", t * activate(build, linear(build, x, x.size(-1))) + (1.0 - t) * x);
}

// The same weight again: twice the same layer, or there and back.
Var shared(Builder& build, const Var& x) {
  const std::int64_t inputs = x.size(-1);
  if (build.chance(50) && inputs * inputs <= build.most_elements()) {
    const Var w = build.weight({inputs, inputs}, inputs), b = build.parameter({inputs});
    const Var first = build.let("h", tanh(matmul(x, transpose(w)) + b));
    return build.let("h", tanh(matmul(first, build.chance(50) ? transpose(w) : w) + b));
  }
  const std::int64_t hidden = width(build, x);
  const Var w = build.weight({hidden, inputs}, inputs);
  const Var code = build.let("code", tanh(matmul(x, transpose(w))));
  return build.let("h", tanh(matmul(code, w)) + build.parameter({inputs}));
}

Var experts(Builder& build, const Var& x) {
  const std::int64_t count = build.between(2, 4), outputs = width(build, x);
  const Var scores = softmax(linear(build, x, count), -1);
  Var total = slice(scores, -1, 0, 1) * tanh(linear(build, x, outputs));
  for (std::int64_t i = 1; i < count; ++i)
    total = total + slice(scores, -1, i, i + 1) * activate(build, linear(build, x, outputs));
  return build.let("h", total);
}

Var checkpointed(Builder& build, const Var& x) {
  Var result{Tensor(), {}};
  result.value = checkpoint(
      [&](const Tensor& input) {
        Var h{input, x.text};
        const std::uint64_t count = 1 + build.below(3);
        for (std::uint64_t i = 0; i < count; ++i) {
          h = build.chance(50) ? activate(build, linear(build, h, width(build, h)))
                               : normalise(build, gain_and_shift(build, h));
          if (i + 1 < count) h = build.let("inner", h);
        }
        result.text = "checkpointed(" + h.text + ')';
        return h.value;
      },
      x.value);
  return build.let("h", result);
}

Var modulated(Builder& build, const Var& x) {
  const Var condition = build.constant({x.ndim() == 3 ? x.size(1) : x.size(0), build.between(1, 8)});
  const Var scale = linear(build, condition, x.size(-1)), shift = linear(build, condition, x.size(-1));
  return build.let("h", (1.0 + scale) * normalise(build, x) + shift);
}

Var variational(Builder& build, const Var& x) {
  const std::int64_t outputs = width(build, x);
  const Var mu = build.let("mu", linear(build, x, outputs));
  const Var spread = build.let("spread", tanh(linear(build, x, outputs)));
  return build.let("h", mu + exp(0.5 * spread) * build.constant(mu.shape()));
}

Var normal_weights(Builder& build, const Var& x) {
  const std::int64_t outputs = width(build, x);
  const Var v = build.parameter({outputs, x.size(-1)}), g = build.parameter({outputs, 1}, {0.5, 1.5});
  const Var w = build.let("weight", g * v / sqrt(sum(square(v), {1}, keep_dims) + 1e-3));
  return build.let("h", with_bias(build, matmul(x, transpose(w))));
}

Var dropped(Builder& build, const Var& x) {
  const Var h = build.let("h", dropout(build, x));
  return build.chance(50) ? build.let("h", linear(build, h, width(build, h))) : h;
}

// The gradient of an energy by the input, as in a network of forces; the derivative in a direction.
Var differentiated(Builder& build, const Var& x) {
  Var input{x.value.tracked() ? x.value : track(x.value), x.text};
  const std::int64_t outputs = width(build, x);
  if (build.chance(50)) {
    build.used("a gradient inside the network");
    const Var energy = sum(tanh(linear(build, input, outputs)) * build.parameter({outputs}));
    const Tensor force = grad(energy.value, input.value, {.create_graph = true});
    return build.let("h", x - 0.5 * call("grad", force, energy, input));
  }
  build.used("a tangent inside the network");
  Var inside;
  const auto [value, tangent] = jvp(
      [&](const Tensor& at) {
        inside = activate(build, linear(build, {at, x.text}, outputs));
        return inside.value;
      },
      x.value, build.constant(x.shape()).value);
  return build.let("h", Var{value, inside.text} + Var{tangent, "tangent(" + inside.text + ')'});
}

constexpr Layer table[] = {
    {"linear", plain_linear, 8},
    {"dense", dense, 14},
    {"activation", only_activation, 8},
    {"gain", only_gain, 8},
    {"block", block, 18},
    {"residual", residual, 8},
    {"gate", gate, 6},
    {"halves", halves, 4},
    {"highway", highway, 3},
    {"shared", shared, 6},
    {"experts", experts, 3},
    {"checkpointed", checkpointed, 6},
    {"modulated", modulated, 3},
    {"variational", variational, 3},
    {"normal weights", normal_weights, 3},
    {"dropped", dropped, 6},
    {"differentiated", differentiated, 4},
};

}  // namespace

Var block(Builder& build, const Var& x) {
  Var h = build.chance(60) ? linear(build, x, width(build, x)) : x;
  if (build.chance(80)) h = activate(build, h);
  if (build.chance(20)) h = build.let("h", h);
  if (build.chance(60)) h = gain_and_shift(build, h);
  if (build.chance(20)) h = build.let("h", h);
  if (build.chance(85)) h = normalise(build, h);
  if (build.chance(20)) h = activate(build, h);
  return build.let("h", h);
}

std::span<const Layer> dense_layers() { return table; }

Var linear(Builder& build, const Var& x, std::int64_t outputs) {
  const std::int64_t inputs = x.size(-1);
  switch (build.below(5)) {
    case 0:
    case 1:
      build.used("linear as in nn");
      return library_linear(build, x, outputs);
    case 2:
      build.used("linear x W^T");
      return with_bias(build, matmul(x, transpose(build.weight({outputs, inputs}, inputs))));
    case 3:
      build.used("linear x W");
      return with_bias(build, matmul(x, build.weight({inputs, outputs}, inputs)));
    default: {
      build.used("linear (W x^T)^T");
      const Var product = matmul(build.weight({outputs, inputs}, inputs), transpose(x));
      return with_bias(build, transpose(product));
    }
  }
}

Var gain_and_shift(Builder& build, const Var& x) {
  const auto shape = [&] {
    Shape full = x.shape();
    const std::string names[] = {"[]", "[1]", "[C]", "[1, C]", "[R, 1]", "[R, C]", "some axes of 1"};
    const std::uint64_t kind = build.below(7);
    build.used("gain " + names[kind]);
    if (kind == 0) return Shape{};
    if (kind == 1) return Shape{1};
    if (kind == 2) return Shape{full.back()};
    if (kind == 3) return Shape{1, full.back()};
    if (kind == 4) return Shape{full[full.ndim() - 2], 1};
    if (kind == 5) return full;
    for (std::int64_t axis = 0; axis < full.ndim(); ++axis)
      if (build.chance(50)) full[axis] = 1;
    return full;
  };
  switch (build.below(3)) {
    case 0:
      return x * build.parameter(shape(), {0.5, 1.5});
    case 1:
      return x + build.parameter(shape());
    default: {
      const Var scaled = build.parameter(shape(), {0.5, 1.5}) * x;
      return scaled + build.parameter(shape());
    }
  }
}

Var dropout(Builder& build, const Var& x) {
  const double p = build.pick({0.1, 0.3, 0.5});
  if (build.chance(60)) {
    build.used("nn::Dropout");
    Rng& source = build.source();
    const nn::Dropout layer(p, source.split());
    return call("dropout", layer(x.value), x, p);
  }
  if (build.chance(50)) {
    build.used("dropout by a mask times x");
    const Tensor draw = uniform(x.shape(), build.source(), 0, 1, float32);
    const Var mask{cast(draw >= p, build.dtype()), "cast(uniform(...) >= " + written(p) + ')'};
    return mask * x * (1 / (1 - p));
  }
  build.used("dropout by where");
  return where(build.mask(x.shape(), 1 - p), x / (1 - p), 0.0);
}

}  // namespace xgrad::networks
