#include "autograd/transform/curvature.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/transform/directions.hpp"

namespace xgrad::detail {

Tensor jacobian_trace(const Tensors& ys, const Tensors& xs, const char* name, const Location& place) {
  check<ShapeError>(ys.size() == xs.size(), place, name, ": ", ys.size(), " results for ", xs.size(), " arguments");
  for (std::size_t k = 0; k < xs.size(); ++k)
    check<ShapeError>(!ys[k].defined() || ys[k].shape() == xs[k].shape(), place, name, ": the result is ",
                      describe(ys[k]), ", the argument ", describe(xs[k]));
  check<ValueError>(!xs.empty(), place, name, ": there are no arguments");
  const Pushforward push(ys, xs, name, place);
  const CallScope scope(name, place);
  Tensors none;
  std::int64_t widest = 1;
  for (const Tensor& x : xs) {
    none.push_back(zeros_like(x));
    widest = std::max(widest, x.numel());
  }
  Tensor trace = zeros({}, xs[0].dtype());
  for (std::size_t k = 0; k < xs.size(); ++k) {
    if (xs[k].numel() == 0) continue;
    const auto element = [&](const Tensor& unit) {  // of the diagonal
      Tensors tangents = none;
      tangents[k] = unit;
      return Tensors{sum(where(unit == 1, push(tangents)[k], 0))};
    };
    trace += sum(along_unit_vectors(xs[k], widest, element, place)[0]);
  }
  return trace;
}

Tensor log_partition(const Tensor& z, OutputDistribution distribution) {
  switch (distribution) {
    case OutputDistribution::gaussian:
      return sum(square(z)) / 2;
    case OutputDistribution::bernoulli:
      return sum(logaddexp(z, 0));
    case OutputDistribution::categorical:
      return sum(logsumexp(z, -1));
    case OutputDistribution::poisson:
      return sum(exp(z));
  }
  fail<ValueError>(Location::current(), "fisher_product: there is no such distribution");
}

}  // namespace xgrad::detail
