#include "autograd/kernels/binary.hpp"
#include "autograd/kernels/map.hpp"

namespace xgrad::kernels {

namespace {

template <class T>
bool compare(Instruction f, std::int64_t n, const T* a, const T* b, bool* y) {
  switch (f) {
    case Instruction::equal:
      return map([](T u, T v) { return u == v; }, n, y, a, b), true;
    case Instruction::not_equal:
      return map([](T u, T v) { return u != v; }, n, y, a, b), true;
    case Instruction::less:
      return map([](T u, T v) { return u < v; }, n, y, a, b), true;
    case Instruction::less_equal:
      return map([](T u, T v) { return u <= v; }, n, y, a, b), true;
    case Instruction::greater:
      return map([](T u, T v) { return u > v; }, n, y, a, b), true;
    case Instruction::greater_equal:
      return map([](T u, T v) { return u >= v; }, n, y, a, b), true;
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
    case Instruction::logical_and:
      return map([](bool u, bool v) { return u && v; }, n, y.as<bool>(), p, q), true;
    case Instruction::logical_or:
      return map([](bool u, bool v) { return u || v; }, n, y.as<bool>(), p, q), true;
    case Instruction::logical_xor:
      return map([](bool u, bool v) { return u != v; }, n, y.as<bool>(), p, q), true;
    default:
      return false;
  }
}

}  // namespace xgrad::kernels
