#include "autograd/transform/vmap.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/core/no_memory.hpp"
#include "autograd/ops/arrange.hpp"

namespace xgrad {

void MapAxes::check_count(std::size_t count, const char* of_what, const Location& where) const {
  check<ValueError>(for_each_ || list_.size() == count, where, "vmap: axes are given for ", list_.size(), " of ", count,
                    ' ', of_what);
}

namespace detail {

Mapping::Mapping(const MapAxes& in_axes, std::size_t arguments, const Location& where) : axes_(in_axes), where_(where) {
  axes_.check_count(arguments, "arguments", where);
}

void Mapping::look_at(const Tensor& x, std::size_t argument) {
  if (!axes_[argument]) return;
  check<GraphError>(x.defined(), where_, "vmap: argument ", argument, " is an undefined Tensor");
  check<ShapeError>(x.ndim() > 0, where_, "vmap: argument ", argument, " is ", describe(x),
                    ", which has no axis of examples; is it `unmapped`?");
  const std::int64_t axis = normalise_axis(*axes_[argument], x.ndim(), "vmap", where_), count = x.shape()[axis];
  check<ShapeError>(!count_ || *count_ == count, where_, "vmap: argument ", argument, " has ", count,
                    " examples along axis ", axis, ": ", describe(x), ", an earlier one has ", count_.value_or(0));
  count_ = count;
}

void Mapping::begin() {
  check<ValueError>(count_.has_value(), where_, "vmap: no argument is mapped");
  batch_.emplace(*count_, where_);
}

Tensor Mapping::example(const Tensor& x, std::size_t argument) try {
  if (!axes_[argument]) return x;
  return batch_->example(moveaxis(Operand(x, where_), *axes_[argument], 0));
} catch (const std::bad_alloc&) {
  no_memory("vmap", where_);
}

void Mapping::finish(const std::vector<Tensor*>& results, const MapAxes& out_axes) try {
  out_axes.check_count(results.size(), "results", where_);
  Tensors of_one;
  for (const Tensor* result : results) of_one.push_back(*result);
  const Tensors of_all = batch_->for_all(of_one);
  for (std::size_t i = 0; i < results.size(); ++i) {
    check<ValueError>(out_axes[i].has_value(), where_, "vmap: a result needs an axis for the examples");
    *results[i] = of_all[i].defined() ? moveaxis(Operand(of_all[i], where_), 0, *out_axes[i]) : Tensor();
  }
} catch (const std::bad_alloc&) {
  no_memory("vmap", where_);
}

}  // namespace detail

}  // namespace xgrad
