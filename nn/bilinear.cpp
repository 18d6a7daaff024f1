#include "nn/bilinear.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/einsum.hpp"
#include "autograd/ops/elementwise.hpp"
#include "nn/call.hpp"
#include "nn/init.hpp"

namespace xgrad::nn {

Bilinear::Bilinear(std::int64_t first, std::int64_t second, std::int64_t outputs, BilinearOptions options, Rng& rng,
                   const Location& where) {
  const CallScope scope("Bilinear", where);
  check<ValueError>(first > 0 && second > 0 && outputs > 0, where, "Bilinear: needs positive sizes, got ", first,
                    " and ", second, " inputs and ", outputs, " outputs");
  const init::ScaledOptions scaled{.fan_in = first, .dtype = options.dtype};
  weight = Parameter(init::scaled({outputs, first, second}, rng, scaled, where), where);
  if (options.bias) bias = Parameter(init::scaled({outputs}, rng, scaled, where), where);
}

Tensor Bilinear::operator()(const Operand& x1, const Operand& x2) const {
  const Call call(*this, "Bilinear", x1.where());
  const Tensor first = x1.tensor(), second = x2.tensor();
  bool fits = first.ndim() > 0 && second.ndim() == first.ndim() && first.size(-1) == weight.shape()[1] &&
              second.size(-1) == weight.shape()[2];
  for (std::int64_t i = 0; fits && i + 1 < first.ndim(); ++i) fits = first.size(i) == second.size(i);
  check<ShapeError>(fits, x1.where(), "Bilinear: the inputs are ", describe(first), " and ", describe(second),
                    ", the weight ", describe(weight.value()));
  const Tensor product = einsum("...i,oij,...j->...o", {first, weight, second});
  return call.result(bias.defined() ? product + bias : product);
}

void Bilinear::visit(Visitor& visitor) {
  visitor("weight", weight);
  visitor("bias", bias);
}

}  // namespace xgrad::nn
