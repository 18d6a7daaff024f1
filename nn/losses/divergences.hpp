#pragma once

// Distances between distributions.

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"
#include "nn/reduction.hpp"

namespace xgrad::nn {

struct KlDivOptions {
  bool log_target = false;                ///< the target holds log-probabilities, too
  Reduction reduction = Reduction::mean;  ///< `batch_mean` is what the mathematics says
};
/// p (log p - output) for a target distribution p; output are log-probabilities (Kullback and Leibler, 1951).
Tensor kl_div(const Operand& output, const Operand& target, KlDivOptions options = {});

struct GaussianKlOptions {
  Tensor prior_mean{}, prior_log_variance{};  ///< of the other distribution, like `mean`; 0 unless given
  Reduction reduction = Reduction::mean;
};
/// sum_j (e^(l - k) - 1 - (l - k) + (mean - m)^2 e^-k) / 2 over the components of each sample (all axes but the first):
/// the divergence of the normal distribution of this mean and log-variance l from that of mean m and log-variance k;
/// then reduced over the samples (Kingma and Welling, 2013). ShapeError, DTypeError.
Tensor gaussian_kl_loss(const Operand& mean, const Operand& log_variance, const GaussianKlOptions& options = {});

struct WassersteinOptions {
  double p = 1;  ///< at least 1
  Reduction reduction = Reduction::mean;
};
/// (integral over q in (0, 1) of |F(q) - G(q)|^p)^(1/p) for the quantiles F and G of samples x [..., n] and y [..., m]
/// of numbers, of which there need not be as many: how far the mass of one lies from that of the other; then reduced
/// over the leading axes, which must be equal. Its derivative is 0 where all quantiles are equal. ShapeError;
/// ValueError for no samples and p < 1.
Tensor wasserstein_loss(const Operand& x, const Operand& y, WassersteinOptions options = {});

}  // namespace xgrad::nn
