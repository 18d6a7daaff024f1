#include "autograd/check/directional.hpp"

#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/transform/grad.hpp"

namespace xgrad {

namespace {

constexpr GradOptions nested{.create_graph = true, .allow_unused = true};

std::vector<Tensor> tracked(const std::vector<Tensor>& inputs) {
  std::vector<Tensor> result;
  for (const Tensor& input : inputs) result.push_back(is_floating(input.dtype()) ? track(input) : input);
  return result;
}

std::vector<Tensor> floating(const std::vector<Tensor>& inputs) {
  std::vector<Tensor> result;
  for (const Tensor& input : inputs)
    if (is_floating(input.dtype())) result.push_back(input);
  return result;
}

}  // namespace

Tensor random_like(const Tensor& x, Rng& rng) {
  std::vector<double> numbers(static_cast<std::size_t>(x.numel()));
  for (double& number : numbers) {
    const std::uint64_t bits = rng.bits();
    number = (0.5 + static_cast<double>(bits >> 11) * 0x1p-53) * (bits & 1 ? 1 : -1);
  }
  return cast(tensor(numbers, x.shape()), x.dtype());
}

// `inputs` are tracked where they are floating.
Tensor Directional::operator()(const std::vector<Tensor>& inputs) const {
  Rng rng(seed_);
  const Tensor y = f_(inputs);
  Tensor value = is_floating(y.dtype()) ? sum(y * random_like(y, rng)) : zeros({}, float64);
  for (int level = 1; level < order_; ++level) {
    const std::vector<Tensor> gradients = grad(value, floating(inputs), nested);
    value = Tensor();
    for (const Tensor& gradient : gradients) {
      const Tensor term = sum(gradient * random_like(gradient, rng));
      value = value.defined() ? value + term : term;
    }
  }
  return value;
}

double Directional::value(const std::vector<Tensor>& inputs) const {
  if (order_ > 1) return recorded(inputs).item();
  const NoGrad untracked;
  return (*this)(inputs).item();
}

Tensor Directional::recorded(const std::vector<Tensor>& inputs) const {
  const EnableGrad tracking;
  return (*this)(tracked(inputs));
}

std::vector<Tensor> Directional::gradient(const std::vector<Tensor>& inputs) const {
  const EnableGrad tracking;
  const std::vector<Tensor> at = tracked(inputs);
  std::vector<Tensor> gradients = grad((*this)(at), floating(at), {.allow_unused = true}), result(inputs.size());
  evaluate(gradients);
  for (std::size_t i = 0, next = 0; i < inputs.size(); ++i)
    if (is_floating(inputs[i].dtype())) result[i] = gradients[next++];
  return result;
}

}  // namespace xgrad
