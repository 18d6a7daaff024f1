#include "tests/catalogue.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace xgrad::catalogue {

Real Array::at(const std::vector<std::int64_t>& index) const {
  std::int64_t offset = 0;
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis)
    offset = offset * shape[axis] + index[static_cast<std::size_t>(axis)];
  return elements[static_cast<std::size_t>(offset)];
}

Array build(const Shape& shape, const std::function<Real(const std::vector<std::int64_t>&)>& element) {
  Array array{shape, {}};
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.ndim()));
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    std::int64_t rest = i;
    for (std::int64_t axis = shape.ndim(); axis-- > 0; rest /= shape[axis])
      index[static_cast<std::size_t>(axis)] = rest % shape[axis];
    array.elements.push_back(element(index));
  }
  return array;
}

// Multiples of 2^-10, so that they are the same numbers in float32.
std::vector<Tensor> Case::make_inputs(int variant) const {
  std::vector<Tensor> tensors;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Input& input = inputs[k];
    const auto count = static_cast<std::size_t>(input.shape.numel());
    Rng rng(static_cast<std::uint64_t>(100 * variant) + k + 1);
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), 0u);
    for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
    std::vector<double> numbers;
    for (const std::size_t place : order) {
      const double part = (static_cast<double>(place) + 0.3 + 0.2 * static_cast<double>(k) + 0.05 * (variant % 3)) /
                          static_cast<double>(count);
      const double number = input.low + (input.high - input.low) * part;
      numbers.push_back(is_floating(input.dtype) ? std::round(number * 1024) / 1024 : std::floor(number));
    }
    tensors.push_back(convert(tensor(numbers, input.shape, float64), input.dtype));
  }
  return tensors;
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = [] {
    std::vector<Row> joined;
    for (auto* family : {unary_rows, binary_rows, reduction_rows, movement_rows, index_rows, random_rows, linalg_rows,
                         spectral_rows, special_rows, window_rows})
      for (Row& row : family()) joined.push_back(std::move(row));
    return joined;
  }();
  return all;
}

const Row& row(const std::string& primitive) {
  for (const Row& each : rows())
    if (each.primitive == primitive) return each;
  throw std::out_of_range("the catalogue has no row for " + primitive);
}

Array array_of(const Tensor& tensor) { return {tensor.shape(), tensor.to_vector<Real>()}; }

namespace {
std::vector<Tensor> convert_all(const std::vector<Tensor>& inputs, DType from, DType to) {
  std::vector<Tensor> converted;
  for (const Tensor& input : inputs) converted.push_back(input.dtype() == from ? convert(input, to) : input);
  return converted;
}
}  // namespace

std::vector<Tensor> to_float32(const std::vector<Tensor>& inputs) { return convert_all(inputs, float64, float32); }
std::vector<Tensor> to_float64(const std::vector<Tensor>& inputs) { return convert_all(inputs, float32, float64); }

Tensor numbers_like(const Tensor& x, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double size = 0.5 + static_cast<double>(rng.below(1024)) / 1024;
    numbers.push_back(rng.below(2) ? size : -size);
  }
  return convert(tensor(numbers, x.shape(), float64), x.dtype());
}

Pulled pull(const Case& sample, const std::vector<Tensor>& inputs, std::uint64_t seed) {
  std::vector<Tensor> tracked, floating;
  for (const Tensor& input : inputs) {
    tracked.push_back(is_floating(input.dtype()) ? track(input) : input);
    if (is_floating(input.dtype())) floating.push_back(tracked.back());
  }
  Pulled pulled{sample.function(tracked), std::vector<Tensor>(inputs.size())};
  if (!is_floating(pulled.value.dtype())) return pulled;
  const Tensor g = numbers_like(pulled.value, seed);
  const auto found = differentiate({&pulled.value, 1}, {&g, 1}, floating, {.allow_unused = true});
  for (std::size_t i = 0, next = 0; i < inputs.size(); ++i)
    if (is_floating(inputs[i].dtype())) pulled.cotangents[i] = found[next++];
  return pulled;
}

}  // namespace xgrad::catalogue
