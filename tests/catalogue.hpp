#pragma once

// One row per primitive: what the parametrised suites run. A primitive without a row fails a test by its name.

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"

namespace xgrad::catalogue {

using Real = long double;

inline std::size_t u(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Elements with a shape, for naive references.
struct Array {
  Shape shape;
  std::vector<Real> elements;

  /// The element at these indices.
  Real at(const std::vector<std::int64_t>& index) const;
};

/// An array of `shape` whose element at an index is element(index).
Array build(const Shape& shape, const std::function<Real(const std::vector<std::int64_t>&)>& element);

/// An input to be made up: distinct numbers spread over (low, high), never exactly at its ends. For int64 and bool the
/// numbers are rounded down.
struct Input {
  Shape shape;
  double low = -1, high = 1;
  DType dtype = float64;
};

/// A function to be tested at some inputs, and what it computes.
struct Case {
  std::function<Tensor(const std::vector<Tensor>&)> function;
  std::vector<Input> inputs;
  std::function<Array(const std::vector<Array>&)> reference;

  /// The inputs, made up anew for each `variant`.
  std::vector<Tensor> make_inputs(int variant = 0) const;
};

struct Row {
  std::string primitive;
  std::vector<Case> cases;
  int orders = 3;  ///< of derivatives that numeric ones are compared with
  /// Elementwise functions have it: the value of one element.
  std::function<Real(const std::vector<Real>&)> scalar;
  bool gives_float = true;  ///< whether the result is floating at all
};

const std::vector<Row>& rows();
const Row& row(const std::string& primitive);

/// The numbers of the families, joined by rows().
std::vector<Row> unary_rows();
std::vector<Row> binary_rows();
std::vector<Row> reduction_rows();
std::vector<Row> movement_rows();
std::vector<Row> index_rows();
std::vector<Row> random_rows();
std::vector<Row> linalg_rows();
std::vector<Row> spectral_rows();
std::vector<Row> special_rows();
std::vector<Row> window_rows();

/// A Tensor's elements.
Array array_of(const Tensor& tensor);

/// `x` as another dtype, as a value of its own.
inline Tensor convert(const Tensor& x, DType dtype) {
  const Tensor converted = cast(x, dtype);
  evaluate(converted);
  return converted;
}

/// The floating inputs in float32.
std::vector<Tensor> to_float32(const std::vector<Tensor>& inputs);
/// The float32 inputs in float64.
std::vector<Tensor> to_float64(const std::vector<Tensor>& inputs);

/// Fixed numbers of either sign in the shape and dtype of x, in size between 1/2 and 3/2.
Tensor numbers_like(const Tensor& x, std::uint64_t seed);

/// The value at tracked inputs, and the cotangents of the floating ones for the cotangent `g` (undefined for others).
struct Pulled {
  Tensor value;
  std::vector<Tensor> cotangents;
};
Pulled pull(const Case& sample, const std::vector<Tensor>& inputs, std::uint64_t seed = 1);

}  // namespace xgrad::catalogue
