#include "autograd/engine/cpu/self_check.hpp"

#include <array>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused {

const LaneFunctions& lane_functions(InstructionSet set, DType dtype) {
  switch (set) {
    case InstructionSet::avx2:
      return *avx2_lanes(dtype);
    case InstructionSet::avx512:
      return *avx512_lanes(dtype);
    default:
      return *generic_lanes(dtype);
  }
}

namespace {

constexpr int most_lanes = 16;

template <class T>
void spoil(T& x) {
  unsigned char bytes[sizeof(T)];
  std::memcpy(bytes, &x, sizeof x);
  for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(byte ^ 0x41);
  std::memcpy(&x, bytes, sizeof x);
}

/// Numbers of every class: zeros, denormals, extremes, halves, whole numbers near the last half, infinities, NaN.
template <class T>
std::array<T, 48> samples() {
  using Limits = std::numeric_limits<T>;
  const T last_half = std::ldexp(T{1}, Limits::digits - 1), above_integers = std::ldexp(T{1}, 63);
  const T positive[] = {0,
                        Limits::denorm_min(),
                        Limits::min() / 2,
                        Limits::min(),
                        Limits::epsilon(),
                        T(0.1),
                        T(0.5) - Limits::epsilon() / 4,
                        T(0.5),
                        1,
                        T(1.5),
                        T(2.5),
                        T(3.7),
                        T(1000.25),
                        last_half / 2 - T(0.5),
                        last_half - T(0.5),
                        last_half + 1,
                        2 * last_half - 1,
                        2 * last_half + 2,
                        above_integers,
                        Limits::max() / 2,
                        Limits::max(),
                        Limits::infinity(),
                        Limits::quiet_NaN(),
                        std::sqrt(T(2))};
  std::array<T, 48> all;
  for (std::size_t i = 0; i < std::size(positive); ++i) {
    all[2 * i] = positive[i];
    all[2 * i + 1] = -positive[i];
  }
  return all;
}

/// Lanes from the samples, each operand from another place; masks of changing patterns.
template <class T>
struct Operands {
  T of[3][most_lanes];

  Operands(const std::array<T, 48>& numbers, const LaneOperands& takes, std::size_t round) {
    constexpr std::size_t steps[] = {1, 5, 13};
    T all;
    std::memset(&all, 0xff, sizeof all);
    for (int k = 0; k < 3; ++k)
      for (std::size_t i = 0; i < most_lanes; ++i) {
        const std::size_t at = steps[k] * (i + most_lanes * round) + static_cast<std::size_t>(k) * (1 + round);
        of[k][i] = k < takes.masks ? ((0x9e3779b97f4a7c15 >> (at % 61)) & 1 ? all : T{}) : numbers[at % numbers.size()];
      }
  }
};

template <class T>
bool is_right(InstructionSet set, LaneOperation operation, const std::array<T, 48>& numbers) {
  using Parameter = LaneOperands::Parameter;
  const LaneOperands& takes = operands(operation);
  const int lanes = lane_functions(set, dtype_of<T>).width;
  constexpr int bits = static_cast<int>(sizeof(T)) * 8;
  // 3 rounds of 16 lanes take all 48 samples; further rounds pair them with other second operands.
  const int rounds = takes.numbers > 1 ? 9 : 3;
  for (int round = 0; round < rounds; ++round) {
    const Operands<T> at(numbers, takes, static_cast<std::size_t>(round));
    const int count = takes.parameter == Parameter::length ? lanes + 1
                      : takes.parameter == Parameter::bit  ? bits / 3
                                                           : 1;
    for (int i = 0; i < count; ++i) {
      const int n = takes.parameter == Parameter::bit ? 3 * i + round % 3 : i;
      for (int first = 0; first < most_lanes; first += lanes)
        if (first_wrong_lane(set, operation, at.of[0] + first, at.of[1] + first, at.of[2] + first, n)) return false;
    }
  }
  return true;
}

/// The rounding and denormal modes that programs start with, until the end of the scope.
class DefaultModes {
 public:
  DefaultModes() { std::fegetenv(&before_), std::fesetenv(FE_DFL_ENV); }
  ~DefaultModes() { std::fesetenv(&before_); }
  DefaultModes(const DefaultModes&) = delete;
  DefaultModes& operator=(const DefaultModes&) = delete;

 private:
  std::fenv_t before_;
};

}  // namespace

template <class T>
std::optional<int> first_wrong_lane(InstructionSet set, LaneOperation operation, const T* a, const T* b, const T* c,
                                    int n) {
  const LaneFunctions& functions = lane_functions(set, dtype_of<T>);
  const LaneFunction run = functions.run[static_cast<int>(operation)];
  if (run == nullptr) return {};
  T got[most_lanes];
  run(got, a, b, c, n);
  if (pretence().wrong == set && pretence().operation == operation) spoil(got[functions.width - 1]);
  for (int lane = 0; lane < (planted("the self-check looks at the first lane only") ? 1 : functions.width); ++lane)
    if (!agrees(operation, got[lane], meaning(operation, functions, a, b, c, n, lane))) return lane;
  return {};
}
template std::optional<int> first_wrong_lane(InstructionSet, LaneOperation, const float*, const float*, const float*,
                                             int);
template std::optional<int> first_wrong_lane(InstructionSet, LaneOperation, const double*, const double*, const double*,
                                             int);

std::optional<LaneOperation> self_check(InstructionSet set) {
  const DefaultModes modes;
  const auto floats = samples<float>();
  const auto doubles = samples<double>();
  for (int i = 0; i < lane_operations; ++i) {
    const auto operation = static_cast<LaneOperation>(i);
    if (!is_right(set, operation, floats) || !is_right(set, operation, doubles)) return operation;
  }
  return {};
}

}  // namespace xgrad::fused
