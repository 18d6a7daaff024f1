#include "nn/spectral_norm.hpp"

#include "autograd/core/axes.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/init.hpp"

namespace xgrad::nn {

namespace {
Tensor of_length_one(const Tensor& x, double eps) { return x / maximum(norm(x), eps); }
}  // namespace

void SpectralNormRule::start(const Tensor& weight, const Location& where) {
  const CallScope scope(id, where);
  check<ValueError>(options_.iterations > 0, where, "spectral_norm: ", options_.iterations, " iterations");
  check<ValueError>(options_.eps > 0, where, "spectral_norm: eps is ", options_.eps);
  options_.axis = normalise_axis(options_.axis.value_or(0), weight.ndim(), id, where);
  const Shape shape = matrix_of(stop_gradient(weight)).shape();
  u_ = of_length_one(init::normal({shape[0]}, *rng_, {.dtype = weight.dtype()}, where), options_.eps);
  v_ = of_length_one(init::normal({shape[1]}, *rng_, {.dtype = weight.dtype()}, where), options_.eps);
  rng_ = nullptr;
}

Tensor SpectralNormRule::matrix_of(const Tensor& weight) const {
  const Tensor front = moveaxis(weight, *options_.axis, 0);
  return reshape(front, {front.size(0), -1});
}

// What vmap records for one example must not stay in the buffers.
Tensor SpectralNormRule::operator()(const Tensor& weight, bool training) const {
  const Tensor matrix = matrix_of(weight);
  if (training && !Tape::current().tracing) {
    const NoGrad untracked;
    for (std::int64_t i = 0; i < options_.iterations; ++i) {
      v_ = of_length_one(matmul(transpose(matrix), u_), options_.eps);
      u_ = of_length_one(matmul(matrix, v_), options_.eps);
    }
  }
  return weight / sum(u_ * matmul(matrix, v_));
}

}  // namespace xgrad::nn
