#include "autograd/ops/batching.hpp"

#include "autograd/ops/movement.hpp"

namespace xgrad {

Shape with_front(std::int64_t size, const Shape& shape) {
  std::vector<std::int64_t> sizes{size};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  return sizes;
}

Shape Examples::shape() const { return with_front(count, one.shape()); }

Tensor spread(const Examples& examples, std::size_t i) {
  const Tensor& input = examples.inputs[i];
  return examples.mapped[i] ? input : broadcast_to(input, with_front(examples.count, input.shape()));
}

}  // namespace xgrad
