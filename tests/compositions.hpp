#pragma once

// One row per composition: per public function that is no primitive. A function without a row fails a test by its name.
//
//     {.call = "hypot(a, b)",
//      .equation = "√(a² + b²)",
//      .cases = elementwise(hypot, {-2, 2}, {1, 3}, [](Real a, Real b) { return std::sqrt(a * a + b * b); }),
//      .refusals = {refuses<ShapeError>([] { return hypot(ones({2}), ones({3})); })}}
//
// in the list of its group (compositions_elementwise.cpp, ...) is all that a function needs.

#include <memory>
#include <string>
#include <typeinfo>
#include <vector>

#include "tests/catalogue.hpp"

namespace xgrad::catalogue {

using Xs = std::vector<Tensor>;
using Arrays = std::vector<Array>;
using Places = std::vector<std::int64_t>;
using List = std::vector<Real>;

inline std::int64_t i64(std::size_t i) { return static_cast<std::int64_t>(i); }

/// A call that must be refused.
struct Refusal {
  std::function<void()> call;
  const std::type_info* error;  ///< exactly
  std::string named;            ///< with which the message begins, where this is not the function's own name
  Location where;
};
template <class E, class F>
Refusal refuses(F call, std::string named = "", const Location& where = Location::current()) {
  return {[call] { call(); }, &typeid(E), std::move(named), where};
}

/// One number everywhere, as given numbers: nothing is left to compute, so that rows may hold it between tests.
inline Tensor known(const Shape& shape, double number = 1) {
  return tensor(std::vector<double>(u(shape.numel()), number), shape);
}

struct Composition {
  std::string call;      ///< as users write it: "log_density::normal(x, mean, deviation)"
  std::string equation;  ///< in a line, as plain text
  std::vector<Case> cases;
  std::vector<Refusal> refusals{};
  int orders = 2;                 ///< of derivatives that numeric ones are compared with; 0 for those of means of draws
  std::string constant{};         ///< why no derivative flows; empty where one does
  std::string reads_values{};     ///< why vmap cannot take it: it looks at values
  std::string never_empty{};      ///< why it has no case without elements
  std::string never_single{};     ///< why it has no case with an axis of size 1
  std::string several_dtypes{};   ///< why operands of different dtypes go together
  std::string refuses_nothing{};  ///< why there are no refusals (undefined Tensors are refused by all)
  std::string drawn{};            ///< of random numbers: the test that compares their distribution, in place of values
  std::string of_whole{};         ///< why int64 gives something else than the reference, where it is not refused
  double epsilons = 8;            ///< how far values are off at most, in units of the dtype beside max(1, |y|)

  /// What stands before the parenthesis.
  std::string name() const { return call.substr(0, call.find('(')); }
};

struct Group {
  std::string title;
  std::vector<Composition> rows;
};
const std::vector<Group>& groups();

std::vector<Composition> elementwise_compositions();
std::vector<Composition> statistics_compositions();
std::vector<Composition> movement_compositions();
std::vector<Composition> shape_compositions();
std::vector<Composition> indexing_compositions();
std::vector<Composition> product_compositions();
std::vector<Composition> window_compositions();
std::vector<Composition> pooling_compositions();
std::vector<Composition> resizing_compositions();
std::vector<Composition> order_compositions();
std::vector<Composition> linalg_compositions();
std::vector<Composition> matrix_compositions();
std::vector<Composition> density_compositions();
std::vector<Composition> creation_compositions();
std::vector<Composition> draw_compositions();
std::vector<Composition> activation_compositions();
std::vector<Composition> normalisation_compositions();
std::vector<Composition> attention_compositions();
std::vector<Composition> loss_compositions();
std::vector<Composition> sample_loss_compositions();
std::vector<Composition> similarity_compositions();

/// What is said of a primitive in docs/operations.md.
struct Equation {
  std::string primitive, group, call, equation;
};
const std::vector<Equation>& equations();

// ---- cases ----------------------------------------------------------------------------------------------------------

/// Where the elements of an input lie.
struct Range {
  double low = -2, high = 2;
  DType dtype = float64;
};

/// A function of each element, of several shapes, which broadcast.
std::vector<Case> elementwise(std::function<Tensor(const Xs&)> f, const std::vector<Range>& ranges,
                              std::function<Real(const List&)> element);
inline std::vector<Case> elementwise(Tensor (*f)(const Operand&), Range a, Real (*element)(Real)) {
  return elementwise([f](const Xs& x) { return f(x[0]); }, std::vector{a},
                     [element](const List& x) { return element(x[0]); });
}
inline std::vector<Case> elementwise(Tensor (*f)(const Operand&, const Operand&), Range a, Range b,
                                     Real (*element)(Real, Real)) {
  return elementwise([f](const Xs& x) { return f(x[0], x[1]); }, std::vector{a, b},
                     [element](const List& x) { return element(x[0], x[1]); });
}
inline std::vector<Case> elementwise(Tensor (*f)(const Operand&, const Operand&, const Operand&), Range a, Range b,
                                     Range c, Real (*element)(Real, Real, Real)) {
  return elementwise([f](const Xs& x) { return f(x[0], x[1], x[2]); }, std::vector{a, b, c},
                     [element](const List& x) { return element(x[0], x[1], x[2]); });
}

/// A function of all elements over axes, with `f(x, axes)` or, where they stay, `f(x, axes, keep_dims)`.
using Reduction = std::function<Tensor(const Tensor&, const Axes&, KeepDims)>;
std::vector<Case> over_axes(const Reduction& f, Range range, const std::function<Real(const List&)>& of_elements,
                            bool of_nothing);

/// A function of the elements along an axis, which gives as many or another number of them.
Case along_axis(std::function<Tensor(const Tensor&)> f, const Shape& shape, std::int64_t axis, Range range,
                std::function<List(const List&)> of_elements);

/// The element at an index of the result, from those of x.
Case moved(std::function<Tensor(const Tensor&)> f, const Shape& from, const Shape& to,
           std::function<Real(const Array&, const Places&)> element, Range range = {});

/// Any function of some inputs.
inline Case any_case(std::function<Tensor(const Xs&)> f, std::vector<Input> inputs, const Shape& to,
                     std::function<Real(const Arrays&, const Places&)> element) {
  return {std::move(f), std::move(inputs),
          [to, element](const Arrays& x) { return build(to, [&](const Places& at) { return element(x, at); }); }};
}

inline std::vector<Case> joined(std::vector<Case> some, const std::vector<Case>& others) {
  some.insert(some.end(), others.begin(), others.end());
  return some;
}

/// The index with another place on an axis.
inline Places with(Places index, std::int64_t axis, std::int64_t place) {
  index[u(axis)] = place;
  return index;
}
/// The index without an axis, and with one more.
inline Places without(Places index, std::int64_t axis) {
  index.erase(index.begin() + axis);
  return index;
}
inline Places inserted(Places index, std::int64_t axis, std::int64_t place) {
  index.insert(index.begin() + axis, place);
  return index;
}

}  // namespace xgrad::catalogue
