#include "nn/reduction.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/count.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"

namespace xgrad::nn {

Tensor reduce(const Tensor& losses, Reduction reduction, const Location& where) {
  const bool averages = reduction == Reduction::mean || reduction == Reduction::batch_mean;
  check<ValueError>(!averages || losses.numel() > 0, where, "reduce: the mean of an empty batch ", describe(losses));
  switch (reduction) {
    case Reduction::none:
      return losses;
    case Reduction::sum:
      return sum(losses);
    case Reduction::mean:
      return mean(losses);
    default:
      return divide_by_count(sum(losses), losses.ndim() == 0 ? 1 : losses.size(0));
  }
}

}  // namespace xgrad::nn
