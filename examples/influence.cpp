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

int main() {
  Rng rng(3);
  const Clouds train(count, rng), test(500, rng);
  const Tensor labels = where(arange(count) < wrong, 1 - train.y, train.y);

  const auto losses = vmap(loss_of, {unmapped, 0, 0});
  const auto trained = [&](const Tensor& weight) {  // with so much weight for each example
    return minimise([&](const Tensor& w) { return sum(weight * losses(w, train.x, labels)) / double(count); },
                    zeros({features + 1}, float64))
        .x;
  };
  const Tensor all_weights = ones({count}, float64), w = stop_gradient(trained(all_weights));
  const auto test_loss = [&](const Tensor& at) { return mean(losses(at, test.x, test.y)); };
  const auto train_loss = [&](const Tensor& at) { return mean(losses(at, train.x, labels)); };

  // One gradient for each example; their mean is the gradient of the mean loss, which is 0 at its minimum.
  const Tensor gradients = vmap(grad(loss_of, argnums<0>), {unmapped, 0, 0})(w, train.x, labels);
  std::printf("gradients of single examples: [%lld, %lld]; their mean is 0: %s\n",
              static_cast<long long>(gradients.size(0)), static_cast<long long>(gradients.size(1)),
              norm(mean(gradients, 0)).item() < 1e-6 ? "yes" : "no");

  // The influence of all of them on the test loss, by one linear system.
  const auto product = [&](const Tensor& v) { return hvp(train_loss, w, v); };
  const Tensor solved = conjugate_gradients(product, grad(test_loss)(w));
  const Tensor influence = matmul(gradients, solved) / double(count);

  // What really happens: 40 of them are left out in turn, and the model is trained anew.
  std::vector<Tensor> changes;
  const double before = test_loss(w).item();
  for (std::int64_t i = 0; i < 40; ++i)
    changes.push_back(test_loss(trained(where(arange(count) == i, 0.0, all_weights))) - before);
  const Tensor real = stop_gradient(stack(changes)), foreseen = influence(slice(0, 40));
  std::printf("change of the test loss without an example, foreseen and real: correlation %.3f\n\n",
              correlation(foreseen, real));
  std::printf("example  label   foreseen      real (in 1e-4)\n");
  for (const std::int64_t i : {0, 1, 2, 3, 30, 31, 32, 33})
    std::printf("%7lld  %-6s %9.1f %9.1f\n", static_cast<long long>(i), i < wrong ? "wrong" : "right",
                1e4 * foreseen(i).item(), 1e4 * real(i).item());

  // Those without which the test loss would fall most are the wrong ones.
  const Tensor order = argsort(influence);
  const auto harmful = order(slice(0, wrong)).to_vector<std::int64_t>();
  const auto found = std::count_if(harmful.begin(), harmful.end(), [](std::int64_t i) { return i < wrong; });
  std::printf("\nof the %lld most harmful examples %lld are mislabelled\n", static_cast<long long>(wrong),
              static_cast<long long>(found));
  const Tensor cleaned = trained(where(influence < influence(order(wrong)), 0.0, all_weights));
  std::printf("test loss with them %.3f, without them %.3f\n", before, test_loss(cleaned).item());
}
