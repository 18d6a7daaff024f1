#pragma once

#include "autograd/core/any_number.hpp"
#include "autograd/tape/primitive.hpp"

namespace xgrad {

/// A Tensor whose elements all have one value. ValueError for an int64 Tensor of a value that is no int64 number.
Tensor full(const Shape& shape, AnyNumber value, DType dtype = float32, const Location& where = Location::current());

/// y[...] = value
class Full : public Operation<Full> {
 public:
  static constexpr auto id = "full";
  Full(AnyNumber value, const Shape& shape, DType dtype) : shape_(&shape), value_(value), dtype_(dtype) {}

  Signature infer(std::span<const Tensor>, const Location& where) const override {
    check_shape(*shape_, item_size(dtype_), id, where);
    return {*shape_, dtype_};
  }
  void run(std::span<const View>, const View& output, const Location&) const override {
    dispatch(dtype_, [&]<class T>(T) {
      const T value = dtype_ == int64 ? static_cast<T>(value_.whole_number()) : static_cast<T>(value_.number());
      for (T& element : output.span<T>()) element = value;
    });
  }
  // An int64 number may have no double of the same value.
  Lowering lower() const override {
    if (dtype_ == int64) return {};
    return {.kind = Lowering::Kind::constant, .value = value_.number()};
  }
  void describe(Fields& fields) const override {
    if (dtype_ == int64)
      fields("value", value_.whole_number());
    else
      fields("value", value_.number());
  }

 private:
  const Shape* shape_;  // the caller's, while recording; the entry keeps the shape
  AnyNumber value_;
  DType dtype_;
};

}  // namespace xgrad
