#include "autograd/transform/curvature.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"

namespace xgrad::detail {

Tensor jacobian_trace(const Tensors& ys, const Tensors& xs, const char* name, const Location& place) {
  check<ShapeError>(ys.size() == xs.size(), place, name, ": ", ys.size(), " results for ", xs.size(), " arguments");
  for (std::size_t k = 0; k < xs.size(); ++k)
    check<ShapeError>(!ys[k].defined() || ys[k].shape() == xs[k].shape(), place, name, ": the result is ",
                      describe(ys[k]), ", the argument ", describe(xs[k]));
  const Pushforward push(ys, xs, name, place);
  const CallScope scope(name, place);
  Tensors tangents, terms;
  for (const Tensor& x : xs) tangents.push_back(zeros_like(x));
  for (std::size_t k = 0; k < xs.size(); ++k) {
    const auto diagonal_element = [&](const Tensor& unit) -> Tensors {
      Tensors along = tangents;
      along[k] = unit;
      return {sum(where(unit == 1, push(along)[k], 0))};
    };
    const Tensors diagonal = along_all(xs[k], xs[k].numel(), diagonal_element, place);
    terms.push_back(diagonal.empty() ? zeros({}, xs[k].dtype()) : sum(diagonal[0]));
  }
  check<ValueError>(!terms.empty(), place, name, ": there are no arguments");
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
