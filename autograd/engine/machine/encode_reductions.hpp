#pragma once

// How reductions begin and end. Included by the generator only.

#include <limits>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/machine/encode_instructions.hpp"

namespace xgrad::fused::machine {

inline bool is_extreme(Code code) { return code == Code::max || code == Code::min; }

class Reductions : public Body {
 protected:
  using Body::Body;

  /// Vectors of a sum's lanes.
  int parts() const { return 16 * 8 / bytes_; }
  /// And of as many floats.
  int float_parts() const { return 16 * 4 / bytes_; }

  std::uint64_t bits(double x) const {
    return single() ? std::bit_cast<std::uint32_t>(static_cast<float>(x)) : std::bit_cast<std::uint64_t>(x);
  }

  /// `free_register`: a vector that nothing is in yet.
  void start(std::size_t r, int free_register) {
    const Code code = emission_.reductions[r].code;
    const Totals& totals = totals_[r];
    const double infinity = std::numeric_limits<double>::infinity();
    if (is_extreme(code)) {
      for (const int y : totals.registers)
        broadcast_(vector(y), first_of(bits(code == Code::max ? -infinity : infinity)));
      if (wide_)
        kxnorw(Mask(totals.nan), Mask(totals.nan), Mask(totals.nan));
      else
        vxorps(vector(totals.nan), vector(totals.nan), vector(totals.nan));
      return;
    }
    const Register first = vector(totals.registers.empty() ? free_register : totals.registers[0]);
    if (code == Code::prod) {
      mov(rax, std::bit_cast<std::uint64_t>(1.0));
      vmovq(Xbyak::Xmm(first.getIdx()), rax);
      const auto one = Xbyak::Xmm(first.getIdx());
      wide_ ? vbroadcastsd(Xbyak::Zmm(first.getIdx()), one) : vbroadcastsd(Xbyak::Ymm(first.getIdx()), one);
    } else {
      wide_ ? vpxord(first, first, first) : vxorps(first, first, first);
    }
    for (std::size_t i = planted("some lanes of a sum have no start") ? 2 : 1; i < totals.registers.size(); ++i)
      vmovapd(vector(totals.registers[i]), first);
    if (totals.registers.empty())
      for (int i = 0; i < parts(); ++i) vmovupd(ptr[rsp + frame_.totals[r] + i * bytes_], first);
  }

  Address result(std::size_t r) { return ptr[register_(emission_.reductions[r].register_)]; }

  void finish(std::size_t r) {
    if (is_extreme(emission_.reductions[r].code)) return finish_extreme(r);
    const bool product = emission_.reductions[r].code == Code::prod;
    const auto join = [&](const Register& y, const Register& a, const Register& b) {
      product ? vmulpd(y, a, b) : vaddpd(y, a, b);
    };
    const auto part = [&](int k) {
      if (!totals_[r].registers.empty()) return vector(totals_[r].registers[static_cast<std::size_t>(k)]);
      vmovupd(vector(k), ptr[rsp + frame_.totals[r] + k * bytes_]);
      return vector(k);
    };
    using Xbyak::Ymm, Xbyak::Zmm, Xbyak::Xmm;
    const Ymm y0(0), y1(1);
    const Xmm x0(0), x1(1);
    if (wide_) {
      const Register low = part(0), high = part(1);
      join(vector(0), low, high);
      vextractf64x4(y1, Zmm(0), 1);
    } else {
      const Register a = part(0), b = part(1), c = part(2), d = part(3);
      join(y0, a, c);
      join(y1, b, d);
    }
    join(y0, y0, y1);
    vextractf128(x1, y0, 1);
    join(x0, x0, x1);
    vunpckhpd(x1, x0, x0);
    product ? vmulsd(x0, x0, x1) : vaddsd(x0, x0, x1);
    if (single()) {
      vcvtsd2ss(x0, x0, x0);
      vmovss(result(r), x0);
    } else {
      vmovsd(result(r), x0);
    }
  }

  void finish_extreme(std::size_t r) {
    const Totals& totals = totals_[r];
    const bool largest = emission_.reductions[r].code == Code::max;
    const auto join = [&](const Register& y, const Register& a, const Register& b) {
      largest ? max_(y, a, b) : min_(y, a, b);
    };
    using Xbyak::Ymm, Xbyak::Zmm, Xbyak::Xmm;
    const Xmm x0(0), x1(1);
    const int last = totals.registers.back();
    join(vector(0), vector(totals.registers[0]), vector(last));
    if (wide_) {
      vextractf64x4(Ymm(1), Zmm(0), 1);
      join(Ymm(0), Ymm(0), Ymm(1));
    }
    vextractf128(x1, Ymm(0), 1);
    join(x0, x0, x1);
    vunpckhpd(x1, x0, x0);
    join(x0, x0, x1);
    if (single()) {
      vmovshdup(x1, x0);
      join(x0, x0, x1);
    }
    vxorps(x1, x1, x1);
    add_(x0, x0, x1);
    Xbyak::Label numbers;
    if (wide_) {
      single() ? kortestw(Mask(totals.nan), Mask(totals.nan)) : kortestb(Mask(totals.nan), Mask(totals.nan));
      jc(numbers);
    } else {
      vptest(vector(totals.nan), vector(totals.nan));
      jz(numbers);
    }
    const Address nan = first_of(bits(std::numeric_limits<double>::quiet_NaN()));
    single() ? vmovss(x0, nan) : vmovsd(x0, nan);
    L(numbers);
    single() ? vmovss(result(r), x0) : vmovsd(result(r), x0);
  }
};

}  // namespace xgrad::fused::machine
