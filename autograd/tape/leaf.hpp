#pragma once

#include "autograd/core/fail.hpp"
#include "autograd/tape/parameter.hpp"
#include "autograd/tape/primitive.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

/// A value that was not computed: data, or the value of a Parameter.
struct Leaf : Operation<Leaf> {
  static constexpr auto id = "leaf";
  static constexpr bool mergeable = false;
  std::weak_ptr<Parameter::Cell> cell;

  Signature infer(std::span<const Tensor>, const Location& where) const override {
    fail<GraphError>(where, "leaf: cannot be recorded");
  }
  void run(std::span<const View>, const View&, const Location& where) const override {
    fail<GraphError>(where, "leaf: has no value");
  }
};

/// y = x: the same elements, under the same shape.
struct Identity : Operation<Identity> {
  static constexpr auto id = "identity";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const { return g; }
  void run(std::span<const View>, const View&, const Location&) const override {}  // shares the input's elements
  Lowering lower() const override { return {.kind = Lowering::Kind::alias, .moves = true}; }
  Tensor batched(const Examples& examples) const override {
    return record(Location::current(), Identity{}, examples.inputs[0]);
  }
};

}  // namespace xgrad
