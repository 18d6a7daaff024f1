#pragma once

#include <cstdint>

namespace xgrad::fused {

/// How a thread rounds and what it does with denormal numbers: the control bits of its vector unit.
using FloatMode = std::uint64_t;

#if defined(__x86_64__)

inline constexpr std::uint32_t float_status = 0x3f;  // flags of what has happened, not modes

inline FloatMode float_mode() { return __builtin_ia32_stmxcsr() & ~float_status; }
/// Sets the mode, unless it is the present one, because writing takes longer than reading.
inline void set_float_mode(FloatMode mode) {
  const std::uint32_t now = __builtin_ia32_stmxcsr();
  if ((now & ~float_status) != mode) [[unlikely]]
    __builtin_ia32_ldmxcsr(static_cast<std::uint32_t>(mode) | (now & float_status));
}

#elif defined(__aarch64__)

inline FloatMode float_mode() {
  FloatMode mode;
  asm volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
inline void set_float_mode(FloatMode mode) {
  if (float_mode() != mode) asm volatile("msr fpcr, %0" ::"r"(mode));
}

#else

inline FloatMode float_mode() { return 0; }
inline void set_float_mode(FloatMode) {}

#endif

}  // namespace xgrad::fused
