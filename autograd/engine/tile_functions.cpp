#include "autograd/engine/tile_functions.hpp"

#include <cmath>
#include <cstdlib>
#include <string>

#include "autograd/core/fail.hpp"
#include "autograd/engine/operation.hpp"

namespace xgrad::fused {

namespace {

template <auto function, class T>
void call1(void* out, const void* a, const void*, const void*, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) static_cast<T*>(out)[i] = function(static_cast<const T*>(a)[i]);
}
template <auto function, class T, int single>
void call2(void* out, const void* a, const void* b, const void*, std::int64_t n) {
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
  for (std::int64_t i = 0; i < n; ++i)
    static_cast<T*>(out)[i] = function(single == 1 ? *x : x[i], single == 2 ? *y : y[i]);
}

struct Called {
  TileFunction loops[3];
  const void* address;
};
template <class T, T (*function)(T)>
Called called() {
  return {{call1<function, T>, nullptr, nullptr}, reinterpret_cast<const void*>(function)};
}
template <class T, T (*function)(T, T)>
Called called() {
  return {{call2<function, T, 0>, call2<function, T, 1>, call2<function, T, 2>},
          reinterpret_cast<const void*>(function)};
}

template <class T>
struct Library {
  static T sin(T x) { return std::sin(x); }
  static T cos(T x) { return std::cos(x); }
  static T tan(T x) { return std::tan(x); }
  static T asin(T x) { return std::asin(x); }
  static T acos(T x) { return std::acos(x); }
  static T atan(T x) { return std::atan(x); }
  static T pow(T x, T y) { return std::pow(x, y); }
  static T atan2(T y, T x) { return std::atan2(y, x); }
};

template <class T>
Called library(Code code) {
  using L = Library<T>;
  switch (code) {
    case Code::sin:
      return called<T, L::sin>();
    case Code::cos:
      return called<T, L::cos>();
    case Code::tan:
      return called<T, L::tan>();
    case Code::asin:
      return called<T, L::asin>();
    case Code::acos:
      return called<T, L::acos>();
    case Code::atan:
      return called<T, L::atan>();
    case Code::pow:
      return called<T, L::pow>();
    case Code::atan2:
      return called<T, L::atan2>();
    default:
      return {};
  }
}
Called library(Code code, DType dtype) { return dtype == float32 ? library<float>(code) : library<double>(code); }

bool processor_has([[maybe_unused]] InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

InstructionSet choose() {
  const InstructionSet sets[] = {InstructionSet::avx512, InstructionSet::avx2, InstructionSet::generic};
  const char* names[] = {"avx512", "avx2", "generic"};
  const char* wanted = std::getenv("XGRAD_INSTRUCTION_SET");
  for (int i = 0; i < 3; ++i)
    if (has(sets[i]) && (!wanted || !*wanted || std::string(wanted) == names[i])) return sets[i];
  fail<ValueError>(Location::current(), "XGRAD_INSTRUCTION_SET: this processor has no \"", wanted,
                   "\"; there are generic, avx2 and avx512");
}

}  // namespace

TileFunction called_function(Code code, DType dtype, int single) {
  return single < 3 ? library(code, dtype).loops[single] : nullptr;
}
const void* called_address(Code code, DType dtype) { return library(code, dtype).address; }

bool has(InstructionSet set) {
  if (set == InstructionSet::generic) return true;
  return (set == InstructionSet::avx2 ? avx2_functions(float32) : avx512_functions(float32)) && processor_has(set);
}

InstructionSet instruction_set() {
  static const InstructionSet chosen = choose();
  return chosen;
}

const TileFunctions& tile_functions(InstructionSet set, DType dtype) {
  switch (set) {
    case InstructionSet::avx2:
      return *avx2_functions(dtype);
    case InstructionSet::avx512:
      return *avx512_functions(dtype);
    default:
      return *generic_functions(dtype);
  }
}

}  // namespace xgrad::fused
