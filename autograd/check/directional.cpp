#include "autograd/check/directional.hpp"

#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
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
    const double size = 0.5 + static_cast<double>(rng.below(1024)) / 1024;  // few digits: exact in float32, too
    number = rng.below(2) ? size : -size;
  }
  return tensor(numbers, x.shape(), x.dtype());
}

double inner_product(const Tensor& a, const Tensor& b) {
  const auto x = a.to_vector(), y = b.to_vector();
  long double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<long double>(x[i]) * y[i];
  return static_cast<double>(sum);
}

// `inputs` are tracked where they are floating.
Directional::Contraction Directional::contraction(const std::vector<Tensor>& inputs) const {
  Rng rng(seed_);
  Contraction result;
  const auto weigh = [&] {
    result.weights.clear();
    for (const Tensor& term : result.terms) result.weights.push_back(random_like(term, rng));
  };
  if (const Tensor y = f_(inputs); is_floating(y.dtype())) result.terms.push_back(y);
  weigh();
  for (int level = 1; level < order_; ++level) {
    result.terms = differentiate(result.terms, result.weights, floating(inputs), nested);
    weigh();
  }
  return result;
}

double Directional::value(const std::vector<Tensor>& inputs) const {
  const detail::TapeScope<bool, &Tape::grad> tracking(order_ > 1);
  const Contraction at = contraction(order_ > 1 ? tracked(inputs) : inputs);
  evaluate(at.terms);
  double sum = 0;
  for (std::size_t i = 0; i < at.terms.size(); ++i) sum += inner_product(at.terms[i], at.weights[i]);
  return sum;
}

std::vector<Tensor> Directional::recorded(const std::vector<Tensor>& inputs) const {
  const EnableGrad tracking;
  return contraction(tracked(inputs)).terms;
}

std::vector<Tensor> Directional::gradient(const std::vector<Tensor>& inputs) const {
  const EnableGrad tracking;
  const std::vector<Tensor> at = tracked(inputs);
  const Contraction sum = contraction(at);
  const std::vector<Tensor> gradients =
      differentiate(sum.terms, sum.weights, floating(at), {.create_graph = false, .allow_unused = true});
  evaluate(gradients);
  std::vector<Tensor> result(inputs.size());
  for (std::size_t i = 0, next = 0; i < inputs.size(); ++i)
    if (is_floating(inputs[i].dtype())) result[i] = gradients[next++];
  return result;
}

}  // namespace xgrad
