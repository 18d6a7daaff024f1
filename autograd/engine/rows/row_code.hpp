#pragma once

// The steps between phases of a program, on registers.

#include <cstdint>
#include <vector>

#include "autograd/engine/interpreter/tile_functions.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

/// Steps on registers of `stride` numbers each, of which the first `rows` are computed. A product and a sum that reads
/// it become one instruction, which rounds both: for a row or two the dispatch takes longer than the arithmetic.
class RowCode {
 public:
  RowCode() = default;
  RowCode(const std::vector<RowStep>& steps, const TileFunctions& functions);
  template <class T>
  void run(T* registers, std::int64_t stride, std::int64_t rows) const {
    for (const Instruction& f : instructions_) {
      T *out = registers + f.out * stride, *product = registers + f.product * stride;
      const T *a = registers + f.in[0] * stride, *b = registers + f.in[1] * stride, *c = registers + f.in[2] * stride;
      const auto each = [&](auto&& step) {
        for (std::int64_t i = 0; i < rows; ++i) step(i);
      };
      switch (f.what) {
        case What::add:
          each([&](std::int64_t i) { out[i] = a[i] + b[i]; });
          break;
        case What::sub:
          each([&](std::int64_t i) { out[i] = a[i] - b[i]; });
          break;
        case What::mul:
          each([&](std::int64_t i) { out[i] = a[i] * b[i]; });
          break;
        case What::div:
          each([&](std::int64_t i) { out[i] = a[i] / b[i]; });
          break;
        case What::mul_add:
          each([&](std::int64_t i) { out[i] = (product[i] = a[i] * b[i]) + c[i]; });
          break;
        case What::mul_sub:
          each([&](std::int64_t i) { out[i] = (product[i] = a[i] * b[i]) - c[i]; });
          break;
        case What::sub_mul:
          each([&](std::int64_t i) {
            const T from = c[i];
            out[i] = from - (product[i] = a[i] * b[i]);
          });
          break;
        default:
          f.function(out, a, b, c, rows);
      }
    }
  }

 private:
  enum class What : std::uint8_t { add, sub, mul, div, mul_add, mul_sub, sub_mul, call };
  struct Instruction {
    What what;
    TileFunction function;
    std::uint16_t out, in[3], product = 0;  // product: where mul_add and its like put the product
  };
  static What what_of(Code code);
  /// Joins the step to the last instruction if that is a product which it reads once. Returns whether it did.
  bool join(const RowStep& step);

  std::vector<Instruction> instructions_;
};

}  // namespace xgrad::fused
