#pragma once

// Products of several Tensors over named axes, and other products over axes; all are computed by matmul.

#include <concepts>
#include <cstdint>
#include <string_view>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Einstein's sum: each axis has a letter; letters that are not in the output are summed over.
///
///     einsum("ij,jk->ik", {a, b})        // a product of matrices
///     einsum("bhqd,bhkd->bhqk", q, k)    // the scores of attention
///     einsum("ii->i", a)                 // a diagonal: a letter twice in one term
///     einsum("...ij,...j->...i", a, x)   // "..." stands for any axes, which broadcast
///
/// Without "->" the output has the axes of "..." and then, sorted, the letters that occur once. Sizes of one letter are
/// equal, or 1, which broadcasts. Two operands at a time are contracted, in the order that takes the fewest
/// multiplications (with more than 8 operands, the cheapest pair first). ValueError for an invalid equation;
/// ShapeError for operands that do not fit it; DTypeError for bool and for different dtypes.
Tensor einsum(std::string_view equation, const std::vector<Tensor>& operands,
              const Location& where = Location::current());
namespace detail {
/// An equation, and the location of the call.
struct Equation {
  template <std::convertible_to<std::string_view> Text>
  Equation(const Text& written, const Location& place = Location::current()) : text(written), where(place) {}
  std::string_view text;
  Location where;
};
}  // namespace detail
template <std::convertible_to<Tensor>... Tensors>
requires(sizeof...(Tensors) > 0) Tensor einsum(const detail::Equation& equation, const Tensors&... operands) {
  return einsum(equation.text, std::vector<Tensor>{Tensor(operands)...}, equation.where);
}

/// Sums over the last `axes` axes of a and the first of b: [..., k][k, ...] for 1.
Tensor tensordot(const Operand& a, const Operand& b, std::int64_t axes = 2);
/// Sums over these axes of a and of b, in pairs; the other axes of a come before those of b.
Tensor tensordot(const Operand& a, const Operand& b, const std::vector<std::int64_t>& axes_of_a,
                 const std::vector<std::int64_t>& axes_of_b);
/// Sums over the last axis of both; with a number (0-d), the product.
Tensor inner(const Operand& a, const Operand& b);
/// The Kronecker product: each element of a times all of b, as blocks. The operand with fewer axes gets axes of size 1
/// in front.
Tensor kron(const Operand& a, const Operand& b);
/// The vector product of three numbers along an axis; the other axes broadcast.
Tensor cross(const Operand& a, const Operand& b, std::int64_t axis = -1);
/// beta c + alpha a b, with a product of matrices; where beta is 0, c is not read.
Tensor addmm(const Operand& c, const Operand& a, const Operand& b, double beta = 1, double alpha = 1);

}  // namespace xgrad
