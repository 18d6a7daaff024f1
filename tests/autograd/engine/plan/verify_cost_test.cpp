// What verifying costs, of the time that planning takes. Not part of the suite: timings depend on the machine.

#include <ctime>

#include "autograd/engine/plan/plan.hpp"
#include "autograd/engine/programs/violation.hpp"
#include "autograd/engine/run/plan_key.hpp"
#include "tests/autograd/engine/agreement.hpp"

namespace xgrad::fused::verify_cost_test {
namespace {

double processor_seconds() {
  std::timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Layers of attention and of two products with a gelu between, each normalised and added, and their derivatives.
Roots transformer(int layers) {
  constexpr std::int64_t tokens = 32, width = 64;
  Roots weights;
  const auto weight = [&](std::int64_t rows, std::int64_t columns) {
    weights.push_back(track(numbers({rows, columns}, static_cast<int>(weights.size()))));
    return weights.back();
  };
  const auto normalised = [](const Tensor& x) {
    const Tensor centred = x - mean(x, 1, keep_dims);
    return centred / sqrt(mean(centred * centred, 1, keep_dims) + 1e-5);
  };
  Tensor x = numbers({tokens, width}, 1000);
  for (int layer = 0; layer < layers; ++layer) {
    const Tensor y = normalised(x) * weight(1, width) + weight(1, width);
    const Tensor scores = matmul(matmul(y, weight(width, width)), transpose(matmul(y, weight(width, width)))) * 0.125;
    const Tensor e = exp(scores - max(scores, 1, keep_dims)), share = e / sum(e, 1, keep_dims);
    x = x + matmul(matmul(share, matmul(y, weight(width, width))), weight(width, width));
    const Tensor z = matmul(normalised(x), weight(width, 4 * width)) + weight(1, 4 * width);
    x = x + matmul(z * 0.5 * (1 + erf(z * 0.70710678)), weight(4 * width, width)) + weight(1, width);
  }
  const Tensor loss = mean(x * x);
  Roots roots = grad(loss, weights);
  roots.push_back(loss);
  return roots;
}

TEST_CASE("the cost of verifying plans", "[.][verify-cost]") {
  for (const int layers : {1, 4, 12})
    for (const std::size_t budget : {std::size_t{0}, std::size_t{1} << 20}) {
      const Roots roots = transformer(layers);
      std::vector<Entry*> held;
      for (const Tensor& root : roots) held.push_back(root.entry());
      Numbering numbers;
      std::vector<Entry*> entries =
          reachable(held, numbers, [](const Entry& entry) { return !entry.evaluated.load(); });
      const Pending pending{entries, numbers, held};
      const Key key(pending, budget);
      const auto seconds = [&](Verification verification) {
        set_verification(verification);
        const double start = processor_seconds();
        const Plan plan(pending, key.inputs(), budget);
        const double taken = processor_seconds() - start;
        set_verification(Verification::always);
        return taken;
      };
      // Each pair right after the other, on the same processor as a rule.
      std::vector<double> ratios, all;
      for (int i = 0; i < 400 / layers; ++i) {
        const double without = seconds(Verification::never);
        ratios.push_back(seconds(Verification::always) / without);
        all.push_back(without);
      }
      const auto median = [](std::vector<double>& values) {
        std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
        return values[values.size() / 2];
      };
      const double ratio = median(ratios);
      WARN(entries.size() << " entries, budget " << budget << ": " << 1e6 * median(all) << " us, verified "
                          << 100 * (ratio - 1) << " % more");
      CHECK(ratio < 1.1);
    }
}

}  // namespace
}  // namespace xgrad::fused::verify_cost_test
