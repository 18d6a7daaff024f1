#include "nn/functional_call.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"

namespace xgrad::nn {

namespace {

void check_like(const NamedParameter& named, const Tensor& tensor, const Location& where) {
  const auto& [name, parameter] = named;
  check<GraphError>(tensor.defined(), where, "functional_call: the Tensor for ", name, " is undefined");
  check<ShapeError>(tensor.shape() == parameter.shape(), where, "functional_call: ", name, " is ",
                    describe(parameter.value()), ", its Tensor ", describe(tensor));
  check<DTypeError>(tensor.dtype() == parameter.dtype(), where, "functional_call: ", name, " is ",
                    describe(parameter.value()), ", its Tensor ", describe(tensor));
}

}  // namespace

Substitution substitute(const Module& model, const TensorList& tensors) {
  const std::vector<NamedParameter> named = model.named_parameters();
  const std::vector<Tensor>& values = tensors.tensors();
  check<ValueError>(values.size() == named.size(), tensors.where(), "functional_call: ", values.size(), " Tensors for ",
                    named.size(), " Parameters");
  std::vector<Parameter> parameters;
  for (std::size_t i = 0; i < named.size(); ++i) {
    check_like(named[i], values[i], tensors.where());
    parameters.push_back(named[i].parameter);
  }
  return {parameters, values, tensors.where()};
}

Substitution substitute(const Module& model, const NamedTensorList& tensors) {
  const std::vector<NamedParameter> named = model.named_parameters();
  std::vector<Parameter> parameters;
  std::vector<Tensor> values;
  for (const auto& [name, tensor] : tensors.tensors()) {
    const auto found = std::ranges::find(named, name, &NamedParameter::name);
    check<ValueError>(found != named.end(), tensors.where(), "functional_call: no Parameter is named ", name);
    check<ValueError>(std::ranges::find(parameters, found->parameter) == parameters.end(), tensors.where(),
                      "functional_call: ", name, " is given twice");
    check_like(*found, tensor, tensors.where());
    parameters.push_back(found->parameter);
    values.push_back(tensor);
  }
  return {parameters, values, tensors.where()};
}

}  // namespace xgrad::nn
