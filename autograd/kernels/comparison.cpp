#include "autograd/kernels/binary.hpp"
#include "autograd/kernels/map.hpp"
#include "autograd/kernels/scalar.hpp"

namespace xgrad::kernels {

namespace {

template <class T>
bool compare(Instruction f, std::int64_t n, const T* a, const T* b, bool* y) {
  switch (f) {
#define XGRAD_MAP(name, form, cost) \
  case Instruction::name:           \
    return map([](T u, T v) { return scalar::name(u, v); }, n, y, a, b), true;
    XGRAD_RELATIONS(XGRAD_MAP)
#undef XGRAD_MAP
    default:
      return false;
  }
}

}  // namespace

bool comparison(Instruction f, const View& a, const View& b, const View& y) {
  return dispatch(a.dtype, [&](auto zero) {
    using T = decltype(zero);
    return compare<T>(f, a.numel(), a.as<T>(), b.as<T>(), y.as<bool>());
  });
}

bool logical(Instruction f, const View& a, const View& b, const View& y) {
  if (a.dtype != boolean) return false;
  const std::int64_t n = a.numel();
  const bool *p = a.as<bool>(), *q = b.as<bool>();
  switch (f) {
#define XGRAD_MAP(name, form, cost) \
  case Instruction::name:           \
    return map([](bool u, bool v) { return scalar::name(u, v); }, n, y.as<bool>(), p, q), true;
    XGRAD_CONNECTIVES(XGRAD_MAP)
#undef XGRAD_MAP
    default:
      return false;
  }
}

}  // namespace xgrad::kernels
