#include "autograd/transform/curvature.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"

namespace xgrad::detail {

Tensor jacobian_trace(const Tensors& ys, const Tensors& xs, const char* name, const Location& where) {
  check<ShapeError>(ys.size() == xs.size(), where, name, ": ", ys.size(), " results for ", xs.size(), " arguments");
  for (std::size_t k = 0; k < xs.size(); ++k)
    check<ShapeError>(!ys[k].defined() || ys[k].shape() == xs[k].shape(), where, name, ": the result is ",
                      describe(ys[k]), ", the argument ", describe(xs[k]));
  const Pushforward push(ys, xs, name, where);
  const CallScope scope(name, where);
  Tensors tangents, terms;
  for (const Tensor& x : xs) tangents.push_back(zeros_like(x));
  for (std::size_t k = 0; k < xs.size(); ++k) {
    const std::int64_t count = xs[k].numel();
    Tensor total = zeros({}, xs[k].dtype());
    const Tensor none = tangents[k];
    for (std::int64_t i = 0; i < count; ++i) {
      tangents[k] = reshape(pad(ones({1}, xs[k].dtype()), 0, i, count - 1 - i), xs[k].shape());
      total += select(reshape(push(tangents)[k], {count}), 0, i);
    }
    tangents[k] = none;
    terms.push_back(total);
  }
  check<ValueError>(!terms.empty(), where, name, ": there are no arguments");
  Tensor trace = terms[0];
  for (std::size_t k = 1; k < terms.size(); ++k) trace += terms[k];
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
