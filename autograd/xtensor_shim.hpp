#pragma once

// xtensor's arrays, in a state that works: include this before any other xtensor header.

#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/core/xnoalias.hpp>
#else
#include <xtensor/xexpression_traits.hpp>
#include <xtensor/xtensor_config.hpp>

// Up to 0.24.3, and with g++ in C++20, the temporary of every expression of dynamic rank has rank 4: the
// specialisation that prevents it is guarded by `__cplusplus == 201703L`. This is that specialisation.
#if XTENSOR_VERSION_MAJOR == 0 && XTENSOR_VERSION_MINOR == 24 && XTENSOR_VERSION_PATCH <= 3 && defined(__GNUC__) && \
    __cplusplus > 201703L
namespace xt::detail {
template <template <class, std::size_t, class, bool> class S, class X, std::size_t N, class A, bool Init>
struct xtype_for_shape<S<X, N, A, Init>> {
  template <class T, layout_type L>
  using type = xarray<T, L>;
};
}  // namespace xt::detail
#endif

#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#endif

#include <type_traits>
#include <utility>

static_assert(
    std::is_same_v<decltype(xt::eval(std::declval<xt::xarray<float>&>() + std::declval<xt::xarray<float>&>())),
                   xt::xarray<float>>,
    "xtensor was included before autograd/xtensor_shim.hpp, or needs another shim");
