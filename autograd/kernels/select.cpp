#include <cstring>

#include "autograd/kernels/convert.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/map.hpp"

namespace xgrad::kernels {

void where(const View& condition, const View& a, const View& b, const View& y) {
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *p = a.as<T>(), *q = b.as<T>();
    map([](bool c, T u, T v) { return c ? u : v; }, y.numel(), y.as<T>(), condition.as<const bool>(), p, q);
  });
}

void cast(const View& x, const View& y) {
  dispatch(x.dtype, [&](auto from) {
    dispatch(y.dtype, [&](auto to) {
      using X = decltype(from);
      using Y = decltype(to);
      map([](X v) { return convert<Y>(v); }, x.numel(), y.as<Y>(), x.as<const X>());
    });
  });
}

}  // namespace xgrad::kernels
