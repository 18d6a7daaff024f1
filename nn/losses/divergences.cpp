#include "nn/losses/divergences.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/core/infinity.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/order.hpp"
#include "autograd/ops/reduce.hpp"
#include "nn/losses/inputs.hpp"

namespace xgrad::nn {

namespace {}  // namespace

Tensor kl_div(const Operand& output, const Operand& target, KlDivOptions options) {
  const CallScope scope("kl_div", output.where());
  const Pair pair("kl_div", output, target);
  const Tensor &log_q = pair.output, &p = pair.target;
  // What the target excludes costs nothing, whatever the output says.
  if (options.log_target) return reduce(where(p == -infinity, 0, exp(p) * (p - log_q)), options.reduction);
  const Tensor impossible = logical_and(p == 0, log_q == -infinity);
  return reduce(xlogy(p, p) - where(impossible, 0, p * log_q), options.reduction);
}

Tensor gaussian_kl_loss(const Operand& mean, const Operand& log_variance, const GaussianKlOptions& options) {
  const char* const name = "gaussian_kl_loss";
  const CallScope scope(name, mean.where());
  const Pair pair(name, mean, log_variance);
  Tensor distance = pair.output, ratio = pair.target;
  if (options.prior_mean.defined())
    distance = distance - alike(name, {options.prior_mean, mean.where()}, "the prior mean", distance);
  distance = square(distance);
  if (options.prior_log_variance.defined()) {
    const Tensor prior = alike(name, {options.prior_log_variance, mean.where()}, "the prior log-variance", ratio);
    ratio = ratio - prior;
    distance = distance * exp(-prior);
  }
  return reduce(sum_per_sample(0.5 * (expm1(ratio) - ratio + distance)), options.reduction);
}

namespace {

/// Between two steps of the quantiles of n and m samples both are constant: the sample of each, and how far it goes.
struct Pieces {
  std::vector<std::int64_t> first, second;
  std::vector<double> lengths;

  Pieces(std::int64_t n, std::int64_t m) {
    const double whole = static_cast<double>(n) * static_cast<double>(m);
    // In units of 1 / (n m): sample i of n goes from i m to (i + 1) m.
    for (std::int64_t at = 0, i = 0, k = 0; i < n && k < m;) {
      const std::int64_t end_first = (i + 1) * m, end_second = (k + 1) * n, end = std::min(end_first, end_second);
      first.push_back(i);
      second.push_back(k);
      lengths.push_back(static_cast<double>(end - at) / whole);
      i += end == end_first;
      k += end == end_second;
      at = end;
    }
  }
};

void check_samples(const Tensor& x, const Tensor& y, double p, const Location& where) {
  const char* const name = "wasserstein_loss";
  check<DTypeError>(is_floating(x.dtype()) && x.dtype() == y.dtype(), where, name, ": the samples are ", describe(x),
                    " and ", describe(y));
  const bool batches = x.ndim() > 0 && x.ndim() == y.ndim() &&
                       without_axes(x.shape(), normalise_axes(-1, x.ndim(), name, where)) ==
                           without_axes(y.shape(), normalise_axes(-1, y.ndim(), name, where));
  check<ShapeError>(batches, where, name, ": the samples are ", describe(x), " and ", describe(y));
  check<ValueError>(x.size(-1) > 0 && y.size(-1) > 0, where, name, ": there are no samples: ", describe(x), " and ",
                    describe(y));
  check<ValueError>(p >= 1 && std::isfinite(p), where, name, ": p = ", p, " is below 1 or not finite");
}

}  // namespace

Tensor wasserstein_loss(const Operand& x, const Operand& y, WassersteinOptions options) {
  const CallScope scope("wasserstein_loss", x.where());
  Tensor u = x.tensor(), v = y.tensor();
  const double p = options.p;
  check_samples(u, v, p, x.where());
  Pieces pieces(u.size(-1), v.size(-1));
  u = take(sort(u).values, tensor(pieces.first), -1);
  v = take(sort(v).values, tensor(pieces.second), -1);
  for (double& length : pieces.lengths) length = std::pow(length, 1 / p);
  return reduce(norm((u - v) * tensor(pieces.lengths, u.dtype()), -1, {.p = p}), options.reduction);
}

}  // namespace xgrad::nn
