#pragma once

#include <initializer_list>
#include <vector>

#include "autograd/core/location.hpp"
#include "autograd/tape/parameter.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// What functions of several Tensors take: `{x, y}`, a vector of Tensors or the values of a vector of Parameters,
/// together with the caller's place.
class TensorList {
 public:
  TensorList(std::initializer_list<Tensor> tensors, const Location& where = Location::current())
      : tensors_(tensors), where_(where) {}
  TensorList(std::vector<Tensor> tensors, const Location& where = Location::current())
      : tensors_(std::move(tensors)), where_(where) {}
  TensorList(const std::vector<Parameter>& parameters, const Location& where = Location::current())
      : tensors_(parameters.begin(), parameters.end()), where_(where) {}

  const std::vector<Tensor>& tensors() const { return tensors_; }
  const Location& where() const { return where_; }

 private:
  std::vector<Tensor> tensors_;
  Location where_;
};

}  // namespace xgrad
