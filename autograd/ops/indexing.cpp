#include "autograd/ops/indexing.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad {

namespace {

using Kind = Index::Kind;
using Indices = std::initializer_list<const Index*>;

bool takes_axis(const Index& index) { return index.kind() != Kind::rest && index.kind() != Kind::added; }
bool is_list(const Index& index) { return index.kind() == Kind::list && index.tensor().ndim() > 0; }

// numpy joins an index array with numbers beside it, and moves its axes to the front of the result if another index
// stands between them. Users rarely mean that, and would not expect another order either, so such indices are refused.
void check_lists(const Tensor& x, Indices indices, const Location& where) {
  int lists = 0, groups = 0;
  bool inside = false;
  for (const Index* index : indices) {
    lists += is_list(*index);
    const bool joins = index->kind() == Kind::list || index->kind() == Kind::number;
    groups += joins && !inside;
    inside = joins;
  }
  check<ValueError>(lists <= 1, where, "index: more than one index of ", describe(x), " is a Tensor");
  check<ValueError>(lists == 0 || groups <= 1, where,
                    "index: a number and an index Tensor stand apart, where numpy moves axes to the front; read in "
                    "two steps, the numbers first: x(0)(all, index)");
}

// The whole axes that an ellipsis stands for.
std::int64_t check_axes(const Tensor& x, Indices indices, const Location& where) {
  std::int64_t taken = 0;
  int ellipses = 0;
  for (const Index* index : indices) {
    check<GraphError>(index->kind() != Kind::list || index->tensor().defined(), where,
                      "index: an index is an undefined Tensor");
    taken += takes_axis(*index);
    ellipses += index->kind() == Kind::rest;
  }
  check<ValueError>(ellipses <= 1, where, "index: more than one ellipsis");
  check<AxisError>(taken <= x.ndim(), where, "index: ", taken, " indices for ", describe(x));
  return x.ndim() - taken;
}

Tensor listed(const Tensor& y, std::int64_t axis, const Tensor& list, const Location& where) {
  check<DTypeError>(list.dtype() != boolean, where, "index: ", describe(list),
                    " is a mask, and how many elements it picks only its values tell; where(mask, x, 0) keeps the "
                    "shape");
  return take(y, list, axis);
}

}  // namespace

Tensor detail::pick(const Tensor& x, Indices indices) {
  const Location where = (*indices.begin())->where();
  const CallScope scope("index", where);
  check<GraphError>(x.defined(), where, "index: the Tensor is undefined");
  const std::int64_t whole = check_axes(x, indices, where);
  check_lists(x, indices, where);
  Tensor y = x;
  std::int64_t axis = 0, from = 0;  // of y and of x
  for (const Index* index : indices) {
    if (index->kind() == Kind::number) {
      const std::int64_t size = x.shape()[from], number = index->number();
      check<IndexError>(number >= -size && number < size, where, "index: ", number, " is out of range for axis ", from,
                        " of ", describe(x));
      y = select(y, axis, number);
    } else if (index->kind() == Kind::range) {
      const auto& [start, stop, step] = index->range();
      y = slice(y, axis++, start, stop, step);
    } else if (index->kind() == Kind::added) {
      y = unsqueeze(y, axis++);
    } else if (index->kind() == Kind::list) {
      y = listed(y, axis, index->tensor(), where);
      axis += index->tensor().ndim();
    }
    if (index->kind() == Kind::rest) axis += whole;
    from += takes_axis(*index) ? 1 : index->kind() == Kind::rest ? whole : 0;
  }
  return y;
}

namespace {

// Cuts x into parts of size 1 along an axis, by repeated halving. The derivative of a part is as large as what it is
// cut from, so n parts of the whole would add up n times its elements, and repeated halving only log2(n) times.
std::vector<Tensor> bisected(const Tensor& x, std::int64_t axis) {
  std::vector<Tensor> parts{x};
  for (std::int64_t largest = x.size(axis); largest > 1; largest -= largest / 2) {
    std::vector<Tensor> halves;
    for (const Tensor& part : parts) {
      const std::int64_t half = part.size(axis) / 2;
      if (half > 0) halves.push_back(slice(part, axis, 0, half));
      halves.push_back(slice(part, axis, half, {}));
    }
    parts = std::move(halves);
  }
  return parts;
}

}  // namespace

std::vector<Tensor> unbind(const Operand& x, std::int64_t axis) {
  const Tensor input = x.tensor();
  const CallScope scope("unbind", x.where());
  const std::int64_t count = input.size(axis, x.where());
  std::vector<Tensor> parts;
  if (input.tracked() && count > 0) {
    for (const Tensor& part : bisected(input, axis)) parts.push_back(squeeze(part, axis));
    return parts;
  }
  for (std::int64_t i = 0; i < count; ++i) parts.push_back(select(input, axis, i));
  return parts;
}

}  // namespace xgrad
