#include "autograd/tape/tensor.hpp"

#include "autograd/core/axes.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/tape/entry.hpp"

namespace xgrad {

std::int64_t Tensor::size(std::int64_t axis, const Location& where) const {
  const Shape& sizes = head("size", where).shape;
  return sizes[normalise_axis(axis, sizes.ndim(), "size", where)];
}

void Tensor::refuse_undefined(const char* call, Location where) {
  fail<GraphError>(where, call, ": the Tensor is undefined");
}

void Tensor::evaluate_value(const Location& where) const {
  check<GraphError>(defined(), where, "the value of an undefined Tensor is asked for");
  if (!evaluated()) evaluate(*this, where);
}

double Tensor::item(const Location& where) const {
  evaluate_value(where);
  check<ShapeError>(numel() == 1, where, "item: needs exactly one element, got ", describe(*this));
  return dispatch(dtype(), [&](auto zero) {
    return static_cast<double>(*static_cast<const decltype(zero)*>(entry()->value.data()));
  });
}

std::int64_t Tensor::item_int64(const Location& where) const {
  item(where);
  return *static_cast<const std::int64_t*>(entry()->value.data());
}

const void* Tensor::data_of(DType dtype, const Location& where) const {
  evaluate_value(where);
  check<DTypeError>(dtype == this->dtype(), where, "data: the elements of ", describe(*this), " are not ", dtype);
  return entry()->value.data();
}

std::ostream& operator<<(std::ostream& out, const Description& description) {
  const Tensor& tensor = description.tensor;
  return tensor.defined() ? out << tensor.shape() << ' ' << tensor.dtype() : out << "undefined";
}

std::string Description::str() const {
  Text text;
  text << *this;
  return text.str();
}

}  // namespace xgrad
