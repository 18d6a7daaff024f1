#pragma once

// The common parts of families of primitives.

#include "autograd/core/fail.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

/// Which dtypes an elementwise primitive takes.
enum class Domain { floating, numeric, logical, any };

// Out of line, because code for messages would slow every operation down.
[[noreturn]] void refuse_dtype(Domain domain, const char* operation, const Tensor& x, const Location& where);
[[noreturn]] void refuse_dtypes(const char* operation, const Tensor& a, const Tensor& b, const Location& where);

/// ValueError unless the dtype has this value, so that no number is truncated silently.
void check_value(double value, DType dtype, const char* operation, const Location& where);

inline void check_domain(Domain domain, const char* operation, const Tensor& x, const Location& where) {
  const DType dtype = x.entry()->dtype;  // of an input, which is defined
  const bool ok = domain == Domain::any || (domain == Domain::floating && is_floating(dtype)) ||
                  (domain == Domain::numeric && dtype != boolean) || (domain == Domain::logical && dtype == boolean);
  if (!ok) [[unlikely]]
    refuse_dtype(domain, operation, x, where);
}
inline void check_dtypes(const char* operation, const Tensor& a, const Tensor& b, const Location& where) {
  if (a.entry()->dtype != b.entry()->dtype) [[unlikely]]
    refuse_dtypes(operation, a, b, where);
}

/// y = f(x). Self gives `id`, `instruction` and vjp(g, x, y).
template <class Self>
struct Elementwise1 : Operation<Self> {
  static constexpr Domain domain = Domain::floating;
  static constexpr bool keeps_zero = false;

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    check_domain(Self::domain, Self::id, inputs[0], where);
    return {inputs[0].entry()->shape, inputs[0].entry()->dtype};
  }
  bool differentiable() const override { return true; }
  Tensor pullback(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const override {
    return this->self().vjp(g, inputs[0], y);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::unary(Self::instruction, inputs[0], y);
  }
  Lowering lower() const override { return {Lowering::Kind::elementwise, Self::instruction, Self::keeps_zero}; }
  Tensor batched(const Examples& examples) const override { return record_spread(this->self(), examples); }
};

/// y = f(a, b) for operands of one shape and dtype. Self gives `id`, `instruction`, lhs_vjp and rhs_vjp(g, a, b, y).
template <class Self>
struct Elementwise2 : Operation<Self> {
  static constexpr Domain domain = Domain::floating;
  static constexpr bool keeps_zero = false;

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    const Tensor &a = inputs[0], &b = inputs[1];
    check_dtypes(Self::id, a, b, where);
    check_domain(Self::domain, Self::id, a, where);
    return {a.entry()->shape, a.entry()->dtype};
  }
  bool differentiable() const override { return true; }
  Tensor pullback(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const override {
    return input == 0 ? this->self().lhs_vjp(g, inputs[0], inputs[1], y)
                      : this->self().rhs_vjp(g, inputs[0], inputs[1], y);
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::binary(Self::instruction, inputs[0], inputs[1], y, where);
  }
  Lowering lower() const override { return {Lowering::Kind::elementwise, Self::instruction, Self::keeps_zero}; }
  Tensor batched(const Examples& examples) const override { return record_spread(this->self(), examples); }
};

/// y = a ? b, a relation: bool, and no derivative flows.
template <class Self>
struct Relation : Elementwise2<Self> {
  static constexpr Domain domain = Domain::any;
  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    return {Elementwise2<Self>::infer(inputs, where).shape, boolean};
  }
  Tensor lhs_vjp(const Tensor&, const Tensor&, const Tensor&, const Tensor&) const { return {}; }
  Tensor rhs_vjp(const Tensor&, const Tensor&, const Tensor&, const Tensor&) const { return {}; }
};

/// Whether it is a Tensor of bool.
inline bool is_mask(const Operand& x) {
  const Tensor* tensor = x.defined_tensor();
  return tensor && tensor->entry()->dtype == boolean;
}

/// Both operands as Tensors of one shape: numbers take the other's dtype, a mask beside numbers becomes zeros and ones
/// of their dtype, and shapes broadcast.
std::pair<Tensor, Tensor> broadcast_together(const char* operation, const Operand& a, const Operand& b);

template <class P>
Tensor record_unary(const Operand& x) {
  return record(x.where(), P{}, x.tensor());
}
template <class P>
[[gnu::noinline]] Tensor record_broadcast(const Operand& a, const Operand& b) {
  auto [lhs, rhs] = broadcast_together(P::id, a, b);
  return record(a.where(), P{}, std::move(lhs), std::move(rhs));
}
template <class P>
Tensor record_binary(const Operand& a, const Operand& b) {
  const Tensor *x = a.defined_tensor(), *y = b.defined_tensor();
  if (x && y && x->entry()->dtype == y->entry()->dtype && x->entry()->shape == y->entry()->shape) [[likely]]
    return record(a.where(), P{}, *x, *y);
  return record_broadcast<P>(a, b);
}

}  // namespace xgrad
