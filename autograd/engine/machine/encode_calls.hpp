#pragma once

// Calls of the C library for some lanes of a vector. Their code stands behind the loops, which jump there and back, so
// that a loop without such lanes is not slower. Included by the generator only.

#include <list>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/machine/assembler.hpp"

namespace xgrad::fused::machine {

/// y[i] = function(x[i]) where bit i of `lanes` is set.
template <class T>
void call_for_lanes(T* y, const T* x, T (*function)(T), std::uint32_t lanes) {
  for (int i = 0; lanes >> i; ++i)
    if (lanes >> i & 1) y[i] = function(x[i]);
}

class Calls : public Assembler {
 protected:
  using Assembler::Assembler;

  /// out = mask ? function(x) : y. Jumps to the call and back only if the mask holds for any lane.
  void call_where(const Register& out, const Register& y, const Register& x, int mask, std::uint64_t function) {
    Call& call = calls_.emplace_back(Call{out.getIdx(), y.getIdx(), x.getIdx(), mask, function, {}, {}});
    if (wide_)
      single() ? kortestw(Mask(mask), Mask(mask)) : kortestb(Mask(mask), Mask(mask));
    else
      test_(vector(mask), vector(mask));
    jnz(call.away, T_NEAR);
    if (call.out != call.y) move_(out, y);
    L(call.back);
  }

  /// The bytes of the frame that calls need: for x, for y, then for all vector and mask registers.
  int call_bytes() const { return (2 + registers()) * vector_bytes() + 64; }

  /// Emits the code that call_where jumps to.
  void put_calls() {
    if (calls_.empty()) return;
    Xbyak::Label common;
    for (Call& call : calls_) {
      L(call.away);
      move_(ptr[rsp + call_frame_], vector(call.x));
      move_(ptr[rsp + call_frame_ + vector_bytes()], vector(call.y));
      if (!wide_)
        single() ? vmovmskps(ecx, Xbyak::Ymm(call.mask)) : vmovmskpd(ecx, Xbyak::Ymm(call.mask));
      else
        single() ? kmovw(ecx, Mask(call.mask)) : kmovb(ecx, Mask(call.mask));
      mov(rax, call.function);
      Xbyak::CodeGenerator::call(common);
      move_(vector(call.out), ptr[rsp + call_frame_ + vector_bytes()]);
      jmp(call.back, T_NEAR);
    }
    L(common);
    put_common();
  }

  int call_frame_ = -1;  // the offset of so many bytes from rsp, where there are calls

 private:
  struct Call {
    int out, y, x, mask;
    std::uint64_t function;
    Xbyak::Label away, back;
  };

  int vector_bytes() const { return wide_ ? 64 : 32; }
  int registers() const { return wide_ ? 32 : 16; }

  /// Emits the call itself. rax has the function, ecx the lanes. Keeps all registers but rax and rcx.
  void put_common() {
    const Xbyak::Reg64 general[] = {rdx, rsi, rdi, r8, r9, r10, r11};
    for (const auto& r : general) push(r);
    // Eight words lie above the frame, the return address among them.
    const int arguments = call_frame_ + 8 * 8, kept = arguments + 2 * vector_bytes();
    const auto all = [&](auto&& vectors, auto&& masks) {
      for (int i = 0; i < registers(); ++i) vectors(vector(i), ptr[rsp + kept + i * vector_bytes()]);
      for (int i = 1; i < 8 && wide_; ++i) masks(Mask(i), ptr[rsp + kept + registers() * vector_bytes() + i * 8]);
    };
    all([&](const Register& r, const Address& to) { move_(to, r); },
        [&](const Mask& m, const Address& to) { kmovw(to, m); });
    lea(rsi, ptr[rsp + arguments]);
    lea(rdi, ptr[rsp + arguments + vector_bytes()]);
    mov(rdx, rax);
    mov(rax, single() ? reinterpret_cast<std::uint64_t>(&call_for_lanes<float>)
                      : reinterpret_cast<std::uint64_t>(&call_for_lanes<double>));
    vzeroupper();
    Xbyak::CodeGenerator::call(rax);
    all(
        [&](const Register& r, const Address& from) {
          if (r.getIdx() != 5 || !planted("a call of the C library does not keep all registers")) move_(r, from);
        },
        [&](const Mask& m, const Address& from) { kmovw(m, from); });
    for (int i = static_cast<int>(std::size(general)); i-- > 0;) pop(general[i]);
    ret();
  }

  std::list<Call> calls_;
};

}  // namespace xgrad::fused::machine
