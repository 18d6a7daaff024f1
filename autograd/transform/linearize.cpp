#include "autograd/transform/linearize.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/transform/grad.hpp"

namespace xgrad::detail {

namespace {

// Transforms can be differentiated again, and a function need not use its argument.
constexpr GradOptions nested{.create_graph = true, .allow_unused = true};

void check_defined(const Tensors& ys, const char* name, const Location& where) {
  for (const Tensor& y : ys) check<GraphError>(y.defined(), where, name, ": the function returned an undefined Tensor");
}

}  // namespace

void check_tangents(const Tensors& xs, const Tensors& tangents, const char* name, const Location& where) {
  check<ValueError>(tangents.size() == xs.size(), where, name, ": ", tangents.size(), " tangents for ", xs.size(),
                    " arguments");
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const std::string which = xs.size() > 1 ? ' ' + std::to_string(i) : "";
    check<ShapeError>(tangents[i].defined() && tangents[i].shape() == xs[i].shape(), where, name, ": the tangent",
                      which, " is ", describe(tangents[i]), ", the argument ", describe(xs[i]));
    check<DTypeError>(tangents[i].dtype() == xs[i].dtype(), where, name, ": the tangent", which, " is ",
                      describe(tangents[i]), ", the argument ", describe(xs[i]));
  }
}

Tensors track_all(std::span<const Tensor> xs, const Location& where) {
  Tensors tracked;
  for (const Tensor& x : xs) tracked.push_back(track(Operand(x, where)));
  return tracked;
}

// A derivative of something that depends on nothing tracked is zero.
Tensors inner_grad(const Tensor& value, const Tensors& xs, const Location& where) {
  check_defined({value}, "grad", where);
  const Tensor one;
  return differentiate({&value, 1}, {&one, 1}, xs, nested, where);
}

Tensors pull(const Tensors& ys, const Tensors& cotangents, const Tensors& xs, const Location& where) {
  const EnableGrad tracking;
  check_defined(ys, "vjp", where);
  check<ValueError>(cotangents.size() == ys.size(), where, "vjp: ", cotangents.size(), " cotangents for ", ys.size(),
                    " results");
  return differentiate(ys, cotangents, xs, nested, where);
}

Pushforward::Pushforward(const Tensors& ys, Tensors xs, const char* name, const Location& where)
    : xs_(std::move(xs)), name_(name), where_(where) {
  const EnableGrad tracking;
  const CallScope scope(name, where);
  check_defined(ys, name, where);
  for (const Tensor& y : ys) cotangents_.push_back(track(zeros_like(y)));
  pulled_ = differentiate(ys, cotangents_, xs_, nested, where);
}

Tensors Pushforward::operator()(const Tensors& tangents) const {
  const EnableGrad tracking;
  check_tangents(xs_, tangents, name_, where_);
  const CallScope scope(name_, where_);
  // The sum of all products is taken as several outputs of one backward pass, because they may have two dtypes.
  Tensors products;
  for (std::size_t i = 0; i < xs_.size(); ++i) products.push_back(sum(pulled_[i] * tangents[i]));
  return differentiate(products, Tensors(products.size()), cotangents_, nested, where_);
}

void refuse_count(std::size_t count, const Location& where) {
  fail<ValueError>(where, "the function does not take ", count, count == 1 ? " Tensor" : " Tensors");
}

}  // namespace xgrad::detail
