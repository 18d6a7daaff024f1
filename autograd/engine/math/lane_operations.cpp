#include "autograd/engine/math/lane_operations.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>
#include <type_traits>

namespace xgrad::fused {

namespace {

using enum LaneOperands::Parameter;
constexpr LaneOperands all[] = {{"number", 0, 0, bit, false},
                                {"bits", 0, 0, bit, false},
                                {"broadcast", 0, 1, none, false},
                                {"load and store", 0, 1, none, false},
                                {"add", 0, 2},
                                {"sub", 0, 2},
                                {"mul", 0, 2},
                                {"div", 0, 2},
                                {"sqrt", 0, 1},
                                {"floor", 0, 1},
                                {"ceil", 0, 1},
                                {"round", 0, 1},
                                {"fma", 0, 3},
                                {"fms", 0, 3},
                                {"fnma", 0, 3},
                                {"fma_once", 0, 3},
                                {"fms_once", 0, 3},
                                {"fnma_once", 0, 3},
                                {"min", 0, 2, none, false},
                                {"max", 0, 2, none, false},
                                {"bit_and", 0, 2, none, false},
                                {"bit_or", 0, 2, none, false},
                                {"bit_xor", 0, 2, none, false},
                                {"bit_clear", 0, 2, none, false},
                                {"shift_left", 0, 1, bit, false},
                                {"shift_right", 0, 1, bit, false},
                                {"integer_add", 0, 2, none, false},
                                {"integer_sub", 0, 2, none, false},
                                {"equal", 0, 2, none, false},
                                {"not_equal", 0, 2, none, false},
                                {"less", 0, 2, none, false},
                                {"less_equal", 0, 2, none, false},
                                {"mask", 0, 1, none, false},
                                {"load_part", 0, 1, length, false},
                                {"store_part", 0, 2, length, false},
                                {"widen", 0, 1},
                                {"mask_and", 2, 0, none, false},
                                {"mask_or", 2, 0, none, false},
                                {"mask_xor", 2, 0, none, false},
                                {"mask_not", 1, 0, none, false},
                                {"select", 1, 2, none, false},
                                {"keep", 1, 1, none, false},
                                {"call_where", 1, 2}};
static_assert(std::size(all) == lane_operations);

}  // namespace

const LaneOperands& operands(LaneOperation operation) { return all[static_cast<int>(operation)]; }

float doubled(float x) { return x + x; }
double doubled(double x) { return x + x; }

namespace {

template <class T>
using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// The result of one lane as a word; a mask is true where its word is not 0.
template <class T>
T of_words(LaneOperation operation, T x, T y, T z, int n) {
  using O = LaneOperation;
  using W = Word<T>;
  const W a = std::bit_cast<W>(x), b = std::bit_cast<W>(y);
  const auto mask = [](bool holds) { return holds ? static_cast<W>(~W{}) : W{}; };
  const auto word = [&]() -> W {
    // clang-format off
    switch (operation) {
      case O::bits: return static_cast<W>(std::uint64_t{0x0123456789abcdef} << n);
      case O::bit_and: return a & b;
      case O::bit_or: return a | b;
      case O::bit_xor: return a ^ b;
      case O::bit_clear: return a & ~b;
      case O::shift_left: return static_cast<W>(a << n);
      case O::shift_right: return a >> n;
      case O::integer_add: return a + b;
      case O::integer_sub: return a - b;
      case O::equal: return mask(x == y);
      case O::not_equal: return mask(x != y);
      case O::less: return mask(x < y);
      case O::less_equal: return mask(x <= y);
      case O::mask: return mask(x != x);
      case O::mask_and: return mask(a && b);
      case O::mask_or: return mask(a || b);
      case O::mask_xor: return mask((a != 0) != (b != 0));
      case O::mask_not: return mask(!a);
      case O::select: return a ? b : std::bit_cast<W>(z);
      case O::keep: return a ? b : W{};
      default: return std::bit_cast<W>(a ? doubled(y) : z);
    }
    // clang-format on
  }();
  return std::bit_cast<T>(word);
}

template <class T>
T of_numbers(LaneOperation operation, bool has_fma, T a, T b, T c, int n) {
  using O = LaneOperation;
  // clang-format off
  switch (operation) {
    case O::number: return static_cast<T>(n / 10.0);
    case O::copy: return a;
    case O::add: return a + b;
    case O::sub: return a - b;
    case O::mul: return a * b;
    case O::div: return a / b;
    case O::sqrt: return std::sqrt(a);
    case O::floor: return std::floor(a);
    case O::ceil: return std::ceil(a);
    case O::round: return std::nearbyint(a);
    case O::fma: return has_fma ? std::fma(a, b, c) : a * b + c;
    case O::fms: return has_fma ? std::fma(a, b, -c) : a * b - c;
    case O::fnma: return has_fma ? std::fma(-a, b, c) : c - a * b;
    case O::fma_once: return std::fma(a, b, c);
    case O::fms_once: return std::fma(a, b, -c);
    case O::fnma_once: return std::fma(-a, b, c);
    case O::min: return a < b ? a : b;
    case O::max: return a > b ? a : b;
    default: return of_words(operation, a, b, c, n);
  }
  // clang-format on
}

}  // namespace

template <class T>
T meaning(LaneOperation operation, const LaneFunctions& functions, const T* a, const T* b, const T* c, int n,
          int lane) {
  switch (operation) {
    case LaneOperation::broadcast:
      return a[0];
    case LaneOperation::load_part:
      return lane < n ? a[lane] : T{};
    case LaneOperation::store_part:
      return lane < n ? a[lane] : b[lane];
    case LaneOperation::widen: {
      float narrow;
      std::memcpy(&narrow, reinterpret_cast<const char*>(a) + 4 * lane, sizeof narrow);
      return static_cast<T>(narrow);
    }
    default:
      return of_numbers(operation, functions.has_fma, a[lane], b[lane], c[lane], n);
  }
}

template <class T>
bool agrees(LaneOperation operation, T got, T wanted) {
  return std::bit_cast<Word<T>>(got) == std::bit_cast<Word<T>>(wanted) ||
         (operands(operation).computes && got != got && wanted != wanted);
}

template float meaning(LaneOperation, const LaneFunctions&, const float*, const float*, const float*, int, int);
template double meaning(LaneOperation, const LaneFunctions&, const double*, const double*, const double*, int, int);
template bool agrees(LaneOperation, float, float);
template bool agrees(LaneOperation, double, double);

}  // namespace xgrad::fused
