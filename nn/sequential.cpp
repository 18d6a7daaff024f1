#include "nn/sequential.hpp"

#include "nn/call.hpp"

namespace xgrad::nn {

Tensor Sequential::operator()(const Operand& x) const {
  const Call call(*this, "Sequential", x.where());
  Tensor y = x.tensor();
  for (const Step& each : steps_) y = each(Operand(y, x.where()));
  return call.result(std::move(y));
}

}  // namespace xgrad::nn
