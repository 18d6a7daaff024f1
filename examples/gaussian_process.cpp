// A Gaussian process finds its own length scale: the log-determinant keeps it honest.
//
// Of functions f ~ GP(0, k) with k(x, x') = a^2 exp(-(x - x')^2 / (2 l^2)), seen with noise s, the values y at n places
// have the density N(0, K + s^2 I), whose logarithm, the log marginal likelihood, is
//     log p(y) = -1/2 y^T C^-1 y - 1/2 log det C - n/2 log(2 pi),    C = K + s^2 I
// (Rasmussen and Williams, "Gaussian processes for machine learning", 2006, equation 2.30). The first term is how badly
// the data fit, the second how many functions the prior allows: a short length scale fits anything and pays for it.
// Both are differentiated through one Cholesky factor C = L L^T: log det C = 2 sum log diag L.

#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>

#include "autograd/autograd.hpp"

using namespace xgrad;

/// The logarithms of a, l and s: so they stay positive, and a step is a factor.
struct Scales {
  Tensor amplitude, length, noise;
  explicit Scales(const Tensor& logarithms)
      : amplitude(exp(logarithms(0))), length(exp(logarithms(1))), noise(exp(logarithms(2))) {}
};

Tensor kernel(const Scales& scales, const Tensor& x, const Tensor& z) {
  const Tensor distance = (unsqueeze(x, 1) - unsqueeze(z, 0)) / scales.length;
  return square(scales.amplitude) * exp(-0.5 * square(distance));
}

Tensor noisy_factor(const Scales& scales, const Tensor& x) {
  return cholesky(kernel(scales, x, x) + square(scales.noise) * eye(x.size(0), {}, x.dtype()));
}

/// -log p(y)
Tensor surprise(const Tensor& logarithms, const Tensor& x, const Tensor& y) {
  const Tensor factor = noisy_factor(Scales(logarithms), x);
  const Tensor whitened = triangular_solve(factor, y);  // L^-1 y, so y^T C^-1 y is its square
  const double n = static_cast<double>(x.size(0));
  return 0.5 * sum(square(whitened)) + sum(log(diagonal(factor))) + n / 2 * std::log(2 * std::numbers::pi);
}

/// The character of a line of the picture at each place: the data 'o' before the mean '*' before the band '.'.
void print_row(double at, double mean, double deviation, double truth, bool seen, double value) {
  constexpr int width = 61;
  const auto column = [](double v) { return static_cast<int>(std::lround((v + 2) / 4 * (width - 1))); };
  std::string line(width, ' ');
  for (int i = 0; i < width; ++i)
    if (i >= column(mean - 2 * deviation) && i <= column(mean + 2 * deviation)) line[static_cast<std::size_t>(i)] = '.';
  const auto put = [&](double v, char mark) {
    if (const int i = column(v); i >= 0 && i < width) line[static_cast<std::size_t>(i)] = mark;
  };
  put(truth, '+');
  put(mean, '*');
  if (seen) put(value, 'o');
  std::printf("%5.1f |%s|\n", at, line.c_str());
}

Tensor truth(const Tensor& x) { return sin(2 * x) + 0.25 * x; }

/// 40 noisy values of the truth, none of them between 0.5 and 2.
struct Data {
  Tensor x, y;
  explicit Data(Rng& rng)
      : x(concat({uniform({24}, rng, -3, 0.5, float64), uniform({16}, rng, 2, 4, float64)})),
        y(truth(x) + 0.15 * normal({40}, rng, 0, 1, float64)) {}
};

/// The logarithms of the scales with which the data surprise least.
Tensor fit(const Data& data) {
  const auto loss = [&](const Tensor& logarithms) { return surprise(logarithms, data.x, data.y); };
  const Minimum best = minimise(loss, tensor({0.0, 0.0, -1.0}, float64));
  const Scales scales(best.x);
  // Where the length scale is given, the others being what they are in the end, the surprise has its least in between.
  std::printf("-log p(y) by length scale:");
  for (const double length : {0.1, 0.3, scales.length.item(), 3.0, 10.0}) {
    const Tensor moved = stack({best.x(0), tensor(std::log(length), float64), best.x(2)});
    std::printf("  %.1f: %.0f", length, loss(moved).item());
  }
  std::printf("\nL-BFGS %s: amplitude %.1f, length scale %.1f, noise %.2f (put in: 0.15)\n",
              best.converged ? "converged" : "failed", scales.amplitude.item(), scales.length.item(),
              scales.noise.item());

  // The inverse Hessian of -log p(y) says how well the data tell the scales (Laplace's approximation).
  const Tensor deviations = sqrt(diagonal(inverse(hessian(loss)(best.x))));
  std::printf("uncertainty of their logarithms: %.1f, %.1f, %.1f\n", deviations(0).item(), deviations(1).item(),
              deviations(2).item());
  return best.x;
}

/// At new places: mean k^T C^-1 y and variance k(x, x) - k^T C^-1 k.
void predict(const Scales& scales, const Data& data) {
  const Tensor at = linspace(-3, 5, 33, float64);
  const Tensor factor = noisy_factor(scales, data.x), across = kernel(scales, data.x, at);
  const Tensor mean = matmul(transpose(across), cholesky_solve(data.y, factor));
  const Tensor variance = square(scales.amplitude) - sum(square(triangular_solve(factor, across)), 0);
  const Tensor deviation = sqrt(variance);
  std::printf("\n* mean, . two deviations around it, + the truth, o data near by\n");
  for (std::int64_t i = 0; i < at.size(0); ++i) {
    const Tensor distance = abs(data.x - at(i));
    const std::int64_t nearest = argmin(distance).item<std::int64_t>();
    print_row(at(i).item(), mean(i).item(), deviation(i).item(), truth(at(i)).item(), distance(nearest).item() < 0.06,
              data.y(nearest).item());
  }
  const Tensor inside = abs(truth(at) - mean) <= 2 * deviation;
  std::printf("\nthe truth is in the band at %lld of %lld places; the band is widest at %.0f\n",
              static_cast<long long>(sum(inside).item()), static_cast<long long>(at.size(0)),
              at(argmax(deviation)).item());
}

int main() {
  Rng rng(4);
  const Data data(rng);
  predict(Scales(fit(data)), data);
}
