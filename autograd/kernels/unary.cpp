#include <concepts>

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/map.hpp"
#include "autograd/kernels/scalar.hpp"

namespace xgrad::kernels {

namespace {

[[noreturn]] void unknown(const View& x) {
  fail<DTypeError>(Location::current(), "unary: there is no such function of ", x.dtype, " elements");
}

// Each of these returns whether the instruction is a function of such elements.
template <std::floating_point T>
bool apply(Instruction f, std::int64_t n, const T* x, T* y) {
  switch (f) {
#define XGRAD_MAP(name, form, cost) \
  case Instruction::name:           \
    return map([](T v) { return static_cast<T>(scalar::name(v)); }, n, y, x), true;
    XGRAD_UNARY_INSTRUCTIONS(XGRAD_MAP)
#undef XGRAD_MAP
    default:
      return false;
  }
}
bool apply(Instruction f, std::int64_t n, const std::int64_t* x, std::int64_t* y) {
  switch (f) {
    case Instruction::neg:
      return map([](std::int64_t v) { return scalar::neg(v); }, n, y, x), true;
    case Instruction::abs:
      return map([](std::int64_t v) { return scalar::abs(v); }, n, y, x), true;
    case Instruction::sign:
      return map([](std::int64_t v) { return scalar::sign(v); }, n, y, x), true;
    case Instruction::floor:
    case Instruction::ceil:
    case Instruction::round:
    case Instruction::trunc:
      return map([](std::int64_t v) { return v; }, n, y, x), true;
    default:
      return false;
  }
}
bool apply(Instruction f, std::int64_t n, const bool* x, bool* y) {
  if (f != Instruction::logical_not) return false;
  map([](bool v) { return !v; }, n, y, x);
  return true;
}

}  // namespace

void unary(Instruction f, const View& x, const View& y) {
  if (f == Instruction::cast) return cast(x, y);
  const bool known = dispatch(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    return apply(f, x.numel(), static_cast<const T*>(x.as<T>()), y.as<T>());
  });
  if (!known) unknown(x);
}

}  // namespace xgrad::kernels
