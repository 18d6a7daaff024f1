#include "autograd/ops/spatial.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad {

template <class Value>
std::vector<Value> ForAxes<Value>::of(std::int64_t axes, const char* call, const char* name,
                                      const Location& where) const {
  if (list_.size() == 1) return std::vector<Value>(static_cast<std::size_t>(axes), list_[0]);
  check<ValueError>(list_.size() == static_cast<std::size_t>(axes), where, call, ": ", list_.size(), " numbers for ",
                    name, " of ", axes, " spatial axes");
  return list_;
}

template class ForAxes<std::int64_t>;
template class ForAxes<double>;

namespace grid {

Sizes sizes_of(const Tensor& x, std::int64_t begin) { return {x.shape().begin() + begin, x.shape().end()}; }

Sizes joined(std::initializer_list<Sizes> lists) {
  Sizes all;
  for (const Sizes& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

Tensor plus_each_channel(const Tensor& y, const Tensor& numbers) {
  const std::int64_t samples = y.size(0), channels = y.size(1), each = Shape(sizes_of(y, 2)).numel();
  const Tensor column = broadcast_to(reshape(numbers, {1, channels, 1}), {samples, channels, 1});
  return reshape(reshape(y, {samples, channels, each}) + column, y.shape());
}

std::pair<Tensor, bool> batched(const Operand& operand, std::int64_t axes, const char* call) {
  const Tensor x = operand.tensor();
  check<ShapeError>(x.ndim() == axes + 1 || x.ndim() == axes + 2, operand.where(), call, ": needs [N, C] and ", axes,
                    " spatial axes, or [C] and those, got ", describe(x));
  const bool single = x.ndim() == axes + 1;
  return {single ? unsqueeze(x, 0) : x, single};
}

Sizes counts(const PerAxis& list, std::int64_t axes, std::int64_t least, const char* call, const char* name,
             const Location& where) {
  constexpr std::int64_t most = std::int64_t{1} << 31;
  Sizes numbers = list.of(axes, call, name, where);
  for (const std::int64_t number : numbers)
    check<ValueError>(number >= least && number <= most, where, call, ": the ", name, " is ", number, ", not in ",
                      least, " to ", most);
  return numbers;
}

}  // namespace grid

}  // namespace xgrad
