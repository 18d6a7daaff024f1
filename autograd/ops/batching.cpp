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

Tensor detail::record_spread(const Primitive& primitive, bool bare, bool mergeable, const Examples& examples,
                             const Location& where) {
  std::vector<Tensor> inputs;
  inputs.reserve(examples.inputs.size());
  for (std::size_t i = 0; i < examples.inputs.size(); ++i) inputs.push_back(spread(examples, i));
  try {
    Recording recording(inputs.size());
    const Primitive& held = recording->emplace_copy(primitive, bare, mergeable);
    for (Tensor& input : inputs) recording->add_input(std::move(input));
    return recording.finish(held, recording->input_span(), where);
  } catch (const std::bad_alloc&) {
    Recording::refuse_memory(primitive.name(), where);
  }
}

}  // namespace xgrad
