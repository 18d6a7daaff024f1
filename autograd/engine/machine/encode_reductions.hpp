#pragma once

// The code before and behind the loops of a reduction: sets its lanes to the neutral element, and joins them to one
// number at the end. Included by the generator only.

#include <limits>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/machine/encode_instructions.hpp"

namespace xgrad::fused::machine {

class Reductions : public Body {
 protected:
  using Body::Body;

  /// The number of vectors that hold the lanes of a sum, which are doubles.
  int parts() const { return 16 * 8 / bytes_; }
  /// The number of vectors that hold as many floats.
  int float_parts() const { return 16 * 4 / bytes_; }

  /// Sets the lanes of reduction r to its neutral element. Vector `free_register` is free.
  void start(std::size_t r, int free_register) {
    const ReductionFacts facts = facts_of(r);
    const Totals& totals = totals_[r];
    if (!facts.in_lanes) {
      for (const int y : totals.registers) broadcast_(vector(y), first_of(bits(facts.start)));
      if (wide_)
        kxnorw(Mask(totals.nan), Mask(totals.nan), Mask(totals.nan));
      else
        vxorps(vector(totals.nan), vector(totals.nan), vector(totals.nan));
      return;
    }
    const Register first = vector(totals.registers.empty() ? free_register : totals.registers[0]);
    if (facts.start != 0) {
      mov(rax, std::bit_cast<std::uint64_t>(facts.start));
      vmovq(Xbyak::Xmm(first.getIdx()), rax);
      const auto number = Xbyak::Xmm(first.getIdx());
      wide_ ? vbroadcastsd(Xbyak::Zmm(first.getIdx()), number) : vbroadcastsd(Xbyak::Ymm(first.getIdx()), number);
    } else {
      wide_ ? vpxord(first, first, first) : vxorps(first, first, first);
    }
    for (std::size_t i = planted("some lanes of a sum have no start") ? 2 : 1; i < totals.registers.size(); ++i)
      vmovapd(vector(totals.registers[i]), first);
    if (totals.registers.empty())
      for (int i = 0; i < parts(); ++i) vmovupd(ptr[rsp + frame_.totals[r] + i * bytes_], first);
  }

  Address result(std::size_t r) { return ptr[register_(code_.reductions[r].register_)]; }

  void finish(std::size_t r) {
    if (!facts_of(r).in_lanes) return finish_extreme(r);
    const auto join = [&](const Register& y, const Register& a, const Register& b) { join_doubles(r, y, a, b); };
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
    facts_of(r).join == Join::product ? vmulsd(x0, x0, x1) : vaddsd(x0, x0, x1);
    if (single()) {
      vcvtsd2ss(x0, x0, x0);
      vmovss(result(r), x0);
    } else {
      vmovsd(result(r), x0);
    }
  }

  void finish_extreme(std::size_t r) {
    const Totals& totals = totals_[r];
    const bool largest = facts_of(r).join == Join::larger;
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
