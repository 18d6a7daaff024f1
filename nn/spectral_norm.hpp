#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "autograd/core/random.hpp"
#include "nn/reparametrised.hpp"

namespace xgrad::nn {

namespace detail {
template <int Spatial>
class ConvTranspose;
template <class M>
concept TransposedConvolution = requires(const M& module) {
  []<int Spatial>(const ConvTranspose<Spatial>&) {}(module);
};
}  // namespace detail

struct SpectralNormOptions {
  std::string name = "weight";  ///< of the Parameter
  std::int64_t iterations = 1;  ///< of the power method, in each call
  double eps = 1e-12;           ///< where a vector is divided by its norm, that is at least this
  /// Of the rows of the matrix; all others are columns. That of the results unless given: 0, or 1 of a transposed
  /// convolution.
  std::optional<std::int64_t> axis{};
};

/// w = w_orig / sigma: see spectral_norm.
class SpectralNormRule {
 public:
  static constexpr auto id = "spectral_norm";
  static constexpr auto suffix = "_orig";

  explicit SpectralNormRule(SpectralNormOptions options = {}, Rng& rng = default_rng())
      : options_(std::move(options)), rng_(&rng) {}
  void start(const Tensor& weight, const Location& where);
  Tensor operator()(const Tensor& weight, bool training) const;
  void visit(Visitor& visitor, const std::string& name) {
    visitor(name + "_u", u_);
    visitor(name + "_v", v_);
  }

 private:
  Tensor matrix_of(const Tensor& weight) const;
  SpectralNormOptions options_;
  Rng* rng_;              // until it has drawn
  mutable Tensor u_, v_;  // about the singular vectors
};

/// A module, one of whose Parameters is divided by sigma = u^T W v, where W is that Parameter as a matrix and u and v
/// come close to the singular vectors of its largest singular value, by steps v = W^T u / |W^T u|, u = W v / |W v| of
/// the power method in each call while training. They are constants to derivatives. (Miyato, Kataoka, Koyama, Yoshida,
/// "Spectral normalization for generative adversarial networks", 2018.)
///
///     nn::SpectralNorm<nn::Linear> layer = nn::spectral_norm(nn::Linear(2, 3));
///
/// The Parameter is named `weight_orig` then; u and v, which start at random, are the buffers `weight_u` and
/// `weight_v`.
template <std::derived_from<Module> M>
using SpectralNorm = Reparametrised<M, SpectralNormRule>;

/// ValueError when the module has no such Parameter and for a number of iterations or an eps that is not positive,
/// AxisError when the Parameter has no such axis.
template <std::derived_from<Module> M>
SpectralNorm<M> spectral_norm(M module, SpectralNormOptions options = {}, Rng& rng = default_rng(),
                              const Location& where = Location::current()) {
  if (!options.axis) options.axis = detail::TransposedConvolution<M> ? 1 : 0;
  const std::string name = options.name;
  return SpectralNorm<M>(std::move(module), name, SpectralNormRule(std::move(options), rng), where);
}

}  // namespace xgrad::nn
