#pragma once

#include "autograd/tape/primitive.hpp"

namespace xgrad {

/// A Tensor whose elements all have one value.
Tensor full(const Shape& shape, double value, DType dtype = float32, const Location& where = Location::current());

/// y[...] = value
class Full : public Operation<Full> {
 public:
  static constexpr auto id = "full";
  Full(double value, const Shape& shape, DType dtype) : shape_(&shape), value_(value), dtype_(dtype) {}

  Signature infer(std::span<const Tensor>, const Location& where) const override {
    check_shape(*shape_, item_size(dtype_), id, where);
    return {*shape_, dtype_};
  }
  void run(std::span<const View>, const View& output, const Location&) const override {
    dispatch(dtype_, [&](auto zero) {
      for (auto& element : output.span<decltype(zero)>()) element = static_cast<decltype(zero)>(value_);
    });
  }
  Lowering lower() const override { return {.kind = Lowering::Kind::constant, .value = value_}; }
  void describe(Fields& fields) const override { fields("value", value_); }

 private:
  const Shape* shape_;  // the caller's, while recording; the entry keeps the shape
  double value_;
  DType dtype_;
};

}  // namespace xgrad
