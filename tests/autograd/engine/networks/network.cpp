#include "tests/autograd/engine/networks/network.hpp"

#include "tests/autograd/engine/networks/layers.hpp"
#include "tests/autograd/engine/networks/losses.hpp"

namespace xgrad::networks {

namespace {

const std::vector<std::span<const Layer>>& tables() {
  static const std::vector<std::span<const Layer>> all{dense_layers(), sequence_layers(), shape_layers(),
                                                       arithmetic_layers()};
  return all;
}

/// What networks use besides the tables of layers, losses and updates.
constexpr const char* further_features[] = {
    "linear as in nn",
    "linear x W^T",
    "linear x W",
    "linear (W x^T)^T",
    "linear without bias",
    "bias of a row",
    "bias of one number",
    "bias",
    "gain []",
    "gain [1]",
    "gain [C]",
    "gain [1, C]",
    "gain [R, 1]",
    "gain [R, C]",
    "gain some axes of 1",
    "over columns",
    "over rows",
    "over everything",
    "over other axes",
    "normalisation with gain and shift",
    "nn::Dropout",
    "dropout by a mask times x",
    "dropout by where",
    "causal mask by where",
    "causal mask by addition",
    "mask of a batch",
    "attention of one head",
    "attention of several heads",
    "a gradient inside the network",
    "a tangent inside the network",
    "reduced over 0 of 2 axes",
    "reduced over 1 of 2 axes",
    "reduced over 2 of 2 axes",
    "reduced over 0 of 3 axes",
    "reduced over 1 of 3 axes",
    "reduced over 2 of 3 axes",
    "reduced over 3 of 3 axes",
    "batch of 1",
    "batch below 64",
    "batch of 64 and more",
    "fewer than 64 columns",
    "64 columns and more",
    "more than a block of elements",
    "embedding",
    "input of two axes",
    "input of three axes",
    "gradient penalty",
    "penalty on the loss's gradient",
    "loss after a step inside",
    "backward",
    "gradients added up",
    "product with the Hessian",
    "gradient by the input",
    "cosine decay",
    "exponential decay",
    "linear warmup",
    "step decay",
    "rate in a Tensor",
    "short network",
};

std::string sizes_of(const Var& x) { return x.ndim() == 3 ? "input of three axes" : "input of two axes"; }

}  // namespace

std::int64_t Network::steps() {
  build_.part("steps");
  const std::int64_t steps = build_.pick<std::int64_t>({1, 1, 1, 2, 2, 2, 3, 4});
  return std::min(steps, build_.recipe().most_steps);
}

// A batch of data, or of what an embedding has for indices.
Var Network::start() {
  build_.part("input");
  const std::uint64_t scale = build_.below(100);
  build_.limit_elements(scale < 75 ? 6000 : scale < 97 ? 25000 : 100000);
  const bool large = scale >= 97;  // for several threads
  const std::int64_t rows = large ? build_.pick<std::int64_t>({300, 513, 1000, 1025, 4100}) : build_.size();
  build_.used(rows == 1 ? "batch of 1" : rows < 64 ? "batch below 64" : "batch of 64 and more");
  const std::int64_t columns =
      std::min(large ? build_.pick<std::int64_t>({33, 65, 100, 150}) : build_.size(rows), 100000 / rows);
  build_.used(columns < 64 ? "fewer than 64 columns" : "64 columns and more");
  if (rows * columns > 32768) build_.used("more than a block of elements");
  Var x;
  if (build_.chance(15)) {
    build_.used("embedding");
    const std::int64_t words = build_.between(2, 20);
    const Var table = build_.parameter({words, columns}), index = build_.indices({rows}, words);
    if (build_.chance(50)) {
      x = call("take", take(table.value, index.value, 0), table, index, 0);
    } else {
      const Var picks = call("one_hot", one_hot(index.value, words, build_.dtype()), index, words);
      x = matmul(picks, table);
    }
    if (build_.chance(50)) x = x + build_.parameter({rows, columns});
    input_ = table;
  } else {
    x = build_.constant({rows, columns});
    x.value = track(x.value);
    input_ = x;
  }
  if (build_.chance(35))
    for (const std::int64_t length : {build_.between(2, 6), std::int64_t{4}, std::int64_t{3}})
      if (rows % length == 0 && x.ndim() == 2) x = reshape(x, {rows / length, length, columns});
  build_.used(sizes_of(x));
  return build_.let("x", x);
}

Var Network::layer() {
  const std::uint64_t seed = build_.recipe().seed;
  if (seed >= first_moving && build_.chance(30)) return apply_any(build_, movement_layers(seed), x_);
  const std::uint64_t kind = build_.below(100);
  const std::size_t table = kind < 58 ? 0 : kind < 73 ? 1 : kind < 88 ? 2 : 3;
  return apply_any(build_, tables()[table], x_);
}

Var Network::forward() {
  x_ = start();
  build_.part("layers");
  const bool small = build_.chance(30);
  if (small) build_.used("short network");
  layers_ = 1 + build_.below(small ? 2 : build_.chance(70) ? 4 : 8);
  for (std::size_t i = 0; i < std::min(layers_, build_.recipe().most_layers); ++i) {
    if (build_.recipe().without.contains(i)) continue;
    build_.part("layer", i);
    x_ = small ? block(build_, x_) : layer();
    if (x_.value.numel() > 2 * build_.most_elements()) x_ = build_.let("x", mean(x_, {-2}, keep_dims));
  }
  build_.part("head");
  if (!small && build_.chance(30)) x_ = build_.let("y", linear(build_, x_, build_.pick<std::int64_t>({1, 2, 3, 10})));
  if (!build_.has_parameters()) x_ = build_.let("y", x_ * build_.parameter({x_.size(-1)}, {0.5, 1.5}));
  build_.part("loss");
  if (build_.recipe().plain_loss) return build_.let("loss", mean(square(x_)));
  const Var loss = apply_any(build_, small && build_.chance(60) ? own_losses() : losses(), x_);
  return build_.let("loss", with_penalties(loss, x_));
}

Var Network::with_penalties(const Var& loss, const Var& output) {
  build_.part("penalties");
  if (build_.recipe().no_extras) return loss;
  Var total = loss;
  if (build_.chance(25)) total = total + apply_any(build_, penalties(), output);
  if (!build_.chance(15) || !total.value.tracked()) return total;
  const Var& by = input_;
  const GradOptions twice{.create_graph = true, .allow_unused = true};
  if (build_.chance(60)) {
    build_.used("gradient penalty");
    const Var g = call("grad", grad(mean(output).value, by.value, twice), output, by);
    const Var named = build_.let("g", g), length = sqrt(sum(square(named), {-1}) + 0.1);
    return total + 0.1 * mean(square(length - 1.0));
  }
  build_.used("penalty on the loss's gradient");
  const Var g = call("grad", grad(total.value, by.value, twice), total, by);
  return total + 0.1 * sum(square(g));
}

Tensor Network::loss(std::int64_t step) {
  build_.begin(step);
  Var loss = forward();
  build_.part("inner step");
  if (build_.chance(6) && !build_.recipe().no_extras && loss.value.tracked()) {
    build_.used("loss after a step inside");
    const std::vector<Parameter> parameters = build_.parameters();
    const auto inner = grad(loss.value, parameters, {.create_graph = true, .allow_unused = true});
    std::vector<Tensor> adapted;
    for (std::size_t i = 0; i < parameters.size(); ++i)
      adapted.push_back(parameters[i] - 0.05 * xgrad::tanh(inner[i]));  // or the second pass is lost in rounding errors
    build_.prefix("after_");
    build_.substitute(adapted);
    loss = forward();
    build_.substitute({});
  }
  return loss.value;
}

std::vector<Tensor> Network::gradients(const Tensor& loss) {
  build_.part("gradients");
  const std::vector<Parameter>& parameters = build_.parameters();
  std::vector<Tensor> gradients;
  if (loss.tracked()) gradients = grad(loss, parameters, {.allow_unused = true});
  if (gradients.empty())
    for (const Parameter& parameter : parameters) gradients.push_back(zeros(parameter.shape(), build_.dtype()));
  if (!build_.chance(20)) return gradients;
  build_.used("backward");
  try {
    backward(loss);
    if (build_.chance(30)) {
      build_.used("gradients added up");
      backward(0.5 * loss);
    }
  } catch (const GraphError&) {  // rarely, a loss depends on no parameter
    return gradients;
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Parameter parameter = parameters[i];
    if (parameter.gradient().defined()) gradients[i] = parameter.gradient();
    parameter.zero_gradient();
  }
  return gradients;
}

Named Network::extras(const Tensor& loss) {
  build_.part("extras");
  Named named;
  if (build_.recipe().no_extras || !loss.tracked()) return named;
  const std::uint64_t kind = build_.below(100);
  if (kind < 10) {
    build_.used("product with the Hessian");
    const std::vector<Parameter>& parameters = build_.parameters();
    const auto first = grad(loss, parameters, {.create_graph = true, .allow_unused = true});
    Tensor product = full({}, 0.0, build_.dtype());
    for (const Tensor& g : first) product += sum(g * build_.constant(g.shape()).value);
    if (!product.tracked()) return named;
    const auto second = grad(product, parameters, {.allow_unused = true});
    for (std::size_t i = 0; i < second.size(); ++i) named.emplace_back("Hv of w" + std::to_string(i), second[i]);
  } else if (kind < 20) {
    build_.used("gradient by the input");
    named.emplace_back("gradient of the input", grad(loss, input_.value, {.allow_unused = true}));
  }
  return named;
}

Update& Network::update() {
  if (!update_) update_ = std::make_unique<Update>(build_);
  return *update_;
}

std::string Network::listing() const {
  std::string text = build_.listing();
  if (update_) text += "  update: " + update_->text() + '\n';
  return text;
}

std::vector<std::string> all_features() {
  std::vector<std::string> names = update_names();
  const auto add = [&](std::span<const Layer> table) {
    for (const Layer& layer : table) names.emplace_back(layer.name);
  };
  for (const auto table : tables()) add(table);
  for (const auto table : {movement_layers(), activations(), normalisations(), losses(), penalties()}) add(table);
  for (const char* name : further_features) names.emplace_back(name);
  return names;
}

}  // namespace xgrad::networks
