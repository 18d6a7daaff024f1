#pragma once

// Xbyak with the width of numbers and vectors left open. Included by the generator only.

#include <xbyak/xbyak.h>

#include <map>

#include "autograd/engine/machine/register_allocation.hpp"

namespace xgrad::fused::machine {

class Assembler : public Xbyak::CodeGenerator {
 public:
  using Address = Xbyak::Address;
  using Register = Xbyak::Xmm;
  using Source = Xbyak::Operand;
  using Mask = Xbyak::Opmask;

  Assembler(std::uint8_t* memory, std::size_t bytes, std::size_t item, bool wide)
      : Xbyak::CodeGenerator(bytes, memory), item_(static_cast<int>(item)), wide_(wide) {}

 protected:
  bool single() const { return item_ == 4; }
  Register vector(int i) const { return Register(wide_ ? Source::ZMM : Source::YMM, i); }
  Register half(int i) const { return Register(wide_ ? Source::YMM : Source::XMM, i); }
  Register quarter(int i) const { return Register(Source::XMM, i); }

#define XGRAD_BOTH(name, one, two)                    \
  template <class... Arguments>                       \
  void name(const Arguments&... arguments) {          \
    single() ? one(arguments...) : two(arguments...); \
  }
  XGRAD_BOTH(add_, vaddps, vaddpd)
  XGRAD_BOTH(sub_, vsubps, vsubpd)
  XGRAD_BOTH(mul_, vmulps, vmulpd)
  XGRAD_BOTH(div_, vdivps, vdivpd)
  XGRAD_BOTH(min_, vminps, vminpd)
  XGRAD_BOTH(max_, vmaxps, vmaxpd)
  XGRAD_BOTH(and_bits, vandps, vandpd)
  XGRAD_BOTH(or_bits, vorps, vorpd)
  XGRAD_BOTH(xor_bits, vxorps, vxorpd)
  XGRAD_BOTH(clear_bits, vandnps, vandnpd)
  XGRAD_BOTH(integer_add_, vpaddd, vpaddq)
  XGRAD_BOTH(integer_sub_, vpsubd, vpsubq)
  XGRAD_BOTH(scale_, vscalefps, vscalefpd)
  XGRAD_BOTH(sqrt_, vsqrtps, vsqrtpd)
  XGRAD_BOTH(move_, vmovups, vmovupd)
  XGRAD_BOTH(compare_, vcmpps, vcmppd)
  XGRAD_BOTH(test_, vtestps, vtestpd)
  XGRAD_BOTH(blend_mask_, vblendmps, vblendmpd)
  XGRAD_BOTH(blend_vector_, vblendvps, vblendvpd)
  XGRAD_BOTH(part_, vmaskmovps, vmaskmovpd)
  XGRAD_BOTH(fma132, vfmadd132ps, vfmadd132pd)
  XGRAD_BOTH(fma213, vfmadd213ps, vfmadd213pd)
  XGRAD_BOTH(fma231, vfmadd231ps, vfmadd231pd)
  XGRAD_BOTH(fms132, vfmsub132ps, vfmsub132pd)
  XGRAD_BOTH(fms213, vfmsub213ps, vfmsub213pd)
  XGRAD_BOTH(fms231, vfmsub231ps, vfmsub231pd)
  XGRAD_BOTH(fnma132, vfnmadd132ps, vfnmadd132pd)
  XGRAD_BOTH(fnma213, vfnmadd213ps, vfnmadd213pd)
  XGRAD_BOTH(fnma231, vfnmadd231ps, vfnmadd231pd)
#undef XGRAD_BOTH

  void broadcast_(const Register& y, const Source& x) {
    if (single()) return vbroadcastss(y, x);
    Xbyak::Ymm to = wide_ ? static_cast<Xbyak::Ymm>(Xbyak::Zmm(y.getIdx())) : Xbyak::Ymm(y.getIdx());
    if (y.getOpmaskIdx()) to = to | Mask(y.getOpmaskIdx()) | T_z;
    vbroadcastsd(to, x);
  }

  void round_(const Register& y, const Source& x, int mode) {
    const auto how = static_cast<std::uint8_t>(8 + mode);  // suppresses exceptions
    if (wide_)
      single() ? vrndscaleps(y, x, how) : vrndscalepd(y, x, how);
    else
      single() ? vroundps(y, x, how) : vroundpd(y, x, how);
  }
  void shift_(const Register& y, const Register& x, int bits, bool left) {
    const auto by = static_cast<std::uint8_t>(bits);
    if (left)
      single() ? vpslld(y, x, by) : vpsllq(y, x, by);
    else
      single() ? vpsrld(y, x, by) : vpsrlq(y, x, by);
  }
  void fma_(Op op, int form, const Register& d, const Register& x, const Source& y) {
    if (op == Op::fma) form == 132 ? fma132(d, x, y) : form == 213 ? fma213(d, x, y) : fma231(d, x, y);
    if (op == Op::fms) form == 132 ? fms132(d, x, y) : form == 213 ? fms213(d, x, y) : fms231(d, x, y);
    if (op == Op::fnma) form == 132 ? fnma132(d, x, y) : form == 213 ? fnma213(d, x, y) : fnma231(d, x, y);
  }

  /// A constant in all lanes, as an operand: one number that is broadcast, or a whole vector where that cannot be.
  Address constant(std::uint64_t bits) {
    auto& label = constants_[bits];
    return wide_ ? ptr_b[rip + label] : ptr[rip + label];
  }
  /// A constant in the first lane alone, as an operand.
  Address first_of(std::uint64_t bits) { return ptr[rip + constants_[bits]]; }
  /// The numbers of the lanes.
  Address lane_numbers() { return ptr[rip + lane_numbers_]; }
  /// 16 numbers with all bits set, then 16 with none.
  Xbyak::Label& part_table() {
    has_table_ = true;
    return part_table_;
  }

  void put_number(std::uint64_t bits) { single() ? dd(static_cast<std::uint32_t>(bits)) : dq(bits); }
  void put_constants() {
    align(64);
    for (auto& [bits, label] : constants_) {
      L(label);
      for (int i = 0; i < (wide_ ? 1 : 32 / item_); ++i) put_number(bits);
    }
    align(64);
    L(lane_numbers_);
    for (int i = 0; i < (wide_ ? 64 : 32) / item_; ++i)
      put_number(single() ? std::bit_cast<std::uint32_t>(static_cast<float>(i))
                          : std::bit_cast<std::uint64_t>(static_cast<double>(i)));
    if (!has_table_) return;
    L(part_table_);
    for (int i = 0; i < 32; ++i) put_number(i < 16 ? ~std::uint64_t{0} : 0);
  }

  const int item_;
  const bool wide_;

 private:
  std::map<std::uint64_t, Xbyak::Label> constants_;
  Xbyak::Label lane_numbers_, part_table_;
  bool has_table_ = false;
};

}  // namespace xgrad::fused::machine
