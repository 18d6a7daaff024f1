#include "nn/parallel.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

Tensor Parallel::operator()(const Operand& x) const {
  const Call call(*this, "Parallel", x.where());
  check<ValueError>(size() > 0, x.where(), "Parallel: there are no branches");
  std::vector<Tensor> results;
  for (const Step& branch : steps_) results.push_back(branch(x));
  if (options_.join == Join::concat) return call.result(concat(results, options_.axis));
  Tensor sum = results[0];
  for (std::size_t i = 1; i < results.size(); ++i) {
    check<ShapeError>(results[i].shape() == sum.shape(), x.where(), "Parallel: branch 0 makes ", describe(sum),
                      ", branch ", i, " ", describe(results[i]), " of ", describe(x.tensor()));
    sum = sum + results[i];
  }
  return call.result(sum);
}

}  // namespace xgrad::nn
