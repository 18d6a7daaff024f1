// Which examples made the model what it is? Per-example gradients, and influence functions that find wrong labels.
//
// Where w minimises the mean loss of n examples, leaving out example i moves it by about H^-1 g_i / n, with the
// gradient g_i of its loss and the Hessian H of the mean loss. So the loss on a test set with gradient g changes by
//     influence_i = g^T H^-1 g_i / n
// (Koh and Liang, "Understanding black-box predictions via influence functions", 2017): one linear system tells for all
// examples what would take n trainings. vmap(grad) gives the g_i at once; the Hessian is never formed, for conjugate
// gradients need only its products with vectors.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

using namespace xgrad;

constexpr std::int64_t count = 200, features = 5, wrong = 20;  // examples, of which the first `wrong` are mislabelled

/// Two clouds of points, and which is which (0 or 1).
struct Clouds {
  Tensor x, y;
  Clouds(std::int64_t n, Rng& rng)
      : x(normal({n, features}, rng, 0, 1, float64)), y(cast(remainder(arange(n), 2), float64)) {
    x = x + unsqueeze(2 * y - 1, 1) * tensor({1.0, 0.8, 0.5, 0.0, 0.0}, float64);
  }
};

/// Logistic regression: the loss of one example, with a little weight decay so that the minimum is unique.
Tensor loss_of(const Tensor& w, const Tensor& x, const Tensor& y) {
  const Tensor logit = sum(w(slice(0, features)) * x) + w(features);
  return softplus(logit) - y * logit + 0.005 * sum(square(w));
}

Tensor losses_of(const Tensor& w, const Clouds& clouds, const Tensor& labels) {
  return vmap(loss_of, {unmapped, 0, 0})(w, clouds.x, labels);
}

/// Examples to learn from, some of them with wrong labels, and others for a test.
struct Study {
  Clouds train, test;
  Tensor labels;
  explicit Study(Rng& rng)
      : train(count, rng), test(500, rng), labels(where(arange(count) < wrong, 1 - train.y, train.y)) {}

  Tensor train_loss(const Tensor& w) const { return mean(losses_of(w, train, labels)); }
  Tensor test_loss(const Tensor& w) const { return mean(losses_of(w, test, test.y)); }
  /// What is learned with so much weight for each example.
  Tensor trained(const Tensor& weight) const {
    return minimise([&](const Tensor& w) { return sum(weight * losses_of(w, train, labels)) / double(count); },
                    zeros({features + 1}, float64))
        .x;
  }
  Tensor trained_without(const Tensor& left_out) const { return trained(where(left_out, 0.0, ones({count}, float64))); }
};

/// H^-1 b for a positive definite H, of which only products are known.
Tensor conjugate_gradients(const std::function<Tensor(const Tensor&)>& product, const Tensor& b) {
  Tensor x = zeros_like(b), r = b, p = b;
  for (std::int64_t step = 0; step < 2 * b.numel(); ++step) {
    const Tensor square_r = sum(square(r)), hp = product(p);
    if (square_r.item() < 1e-24) break;
    const Tensor rate = square_r / sum(p * hp);
    x = x + rate * p;
    r = r - rate * hp;
    p = r + sum(square(r)) / square_r * p;
  }
  return x;
}

double correlation(const Tensor& a, const Tensor& b) {
  const Tensor u = a - mean(a), v = b - mean(b);
  return (sum(u * v) / sqrt(sum(square(u)) * sum(square(v)))).item();
}

/// The influence of all examples on the test loss, by one linear system.
Tensor influence_of_all(const Study& study, const Tensor& w) {
  // One gradient for each example; their mean is the gradient of the mean loss, which is 0 at its minimum.
  const Tensor gradients = vmap(grad(loss_of, argnums<0>), {unmapped, 0, 0})(w, study.train.x, study.labels);
  std::printf("gradients of single examples: [%lld, %lld]; their mean is 0: %s\n",
              static_cast<long long>(gradients.size(0)), static_cast<long long>(gradients.size(1)),
              norm(mean(gradients, 0)).item() < 1e-6 ? "yes" : "no");

  const auto train_loss = [&](const Tensor& at) { return study.train_loss(at); };
  const auto test_loss = [&](const Tensor& at) { return study.test_loss(at); };
  const auto product = [&](const Tensor& v) { return hvp(train_loss, w, v); };
  return matmul(gradients, conjugate_gradients(product, grad(test_loss)(w))) / double(count);
}

/// What really happens: 40 of them are left out in turn, and the model is trained anew.
void compare_with_trainings(const Study& study, const Tensor& influence, double before) {
  std::vector<Tensor> changes;
  for (std::int64_t i = 0; i < 40; ++i)
    changes.push_back(study.test_loss(study.trained_without(arange(count) == i)) - before);
  const Tensor real = stop_gradient(stack(changes)), foreseen = influence(slice(0, 40));
  std::printf("change of the test loss without an example, foreseen and real: correlation %.3f\n\n",
              correlation(foreseen, real));
  std::printf("example  label   foreseen      real (in 1e-4)\n");
  for (const std::int64_t i : {0, 1, 2, 3, 30, 31, 32, 33})
    std::printf("%7lld  %-6s %9.1f %9.1f\n", static_cast<long long>(i), i < wrong ? "wrong" : "right",
                1e4 * foreseen(i).item(), 1e4 * real(i).item());
}

/// Those without which the test loss would fall most are the wrong ones.
void leave_out_harmful(const Study& study, const Tensor& influence, double before) {
  const Tensor order = argsort(influence);
  const auto harmful = order(slice(0, wrong)).to_vector<std::int64_t>();
  const auto found = std::count_if(harmful.begin(), harmful.end(), [](std::int64_t i) { return i < wrong; });
  std::printf("\nof the %lld most harmful examples %lld are mislabelled\n", static_cast<long long>(wrong),
              static_cast<long long>(found));
  const Tensor cleaned = study.trained_without(influence < influence(order(wrong)));
  std::printf("test loss with them %.3f, without them %.3f\n", before, study.test_loss(cleaned).item());
}

int main() {
  Rng rng(3);
  const Study study(rng);
  const Tensor w = stop_gradient(study.trained(ones({count}, float64)));
  const Tensor influence = influence_of_all(study, w);
  const double before = study.test_loss(w).item();
  compare_with_trainings(study, influence, before);
  leave_out_harmful(study, influence, before);
}
