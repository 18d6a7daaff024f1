// What is asked of handles to nothing: of Tensors and Parameters that were never given a value, and of those that were
// moved from. Every call is an error that names it, and the line of the caller where the signature has room for it.
// (The rows of all primitives and compositions are asked the same by the tests of their operands.)

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <sstream>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/xtensor.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "report/report.hpp"

namespace xgrad::undefined_test {
namespace {

struct Row {
  const char* call;
  std::function<void()> body;
  bool placed = true;  // whether the error is to have the place of the call
};

template <class T>
void ignore(const T&) {}

std::vector<Row> of_tensor(const Tensor& none) {
  const Tensor x = ones({2, 3}), index = tensor({{0, 0, 0}});
  return {{"shape", [=] { none.shape(); }},
          {"dtype", [=] { none.dtype(); }},
          {"ndim", [=] { none.ndim(); }},
          {"numel", [=] { none.numel(); }},
          {"size", [=] { none.size(0); }},
          {"item", [=] { none.item(); }},
          {"item<int>", [=] { none.item<int>(); }},
          {"data", [=] { none.data<float>(); }},
          {"to_vector", [=] { none.to_vector(); }},
          {"as_xarray", [=] { as_xarray<float>(none); }},
          {"evaluate", [=] { evaluate(none); }},
          {"evaluate list",
           [=] {
             evaluate(std::vector<Tensor>{x, none});
           }},
          {"Parameter", [=] { Parameter{none}; }},
          {"track", [=] { track(none); }},
          {"+=",
           [=] {
             Tensor y = none;
             y += x;
           }},
          {"+= none",
           [=] {
             Tensor y = x;
             y += none;
           }},
          {"+", [=] { none + x; }},
          {"+ none", [=] { x + none; }},
          {"+ 1", [=] { none + 1; }},
          {"1 -", [=] { 1 - none; }},
          {"- none", [=] { -none; }},
          {"==", [=] { ignore(none == x); }},
          {"!", [=] { ignore(!none); }},
          {"exp", [=] { exp(none); }},
          {"cast", [=] { cast(none, float64); }},
          {"pow", [=] { pow(none, 2); }},
          {"where condition", [=] { where(none, x, x); }},
          {"where branch", [=] { where(x > 0, none, 0); }},
          {"sum", [=] { sum(none); }},
          {"max", [=] { max(none, 0); }},
          {"argmax", [=] { argmax(none); }},
          {"cumsum", [=] { cumsum(none); }},
          {"matmul", [=] { matmul(none, x); }},
          {"matmul none", [=] { matmul(x, none); }},
          {"reshape", [=] { reshape(none, {1}); }},
          {"permute", [=] { permute(none, {0}); }},
          {"transpose", [=] { transpose(none); }},
          {"broadcast_to", [=] { broadcast_to(none, {2}); }},
          {"slice", [=] { slice(none, 0, 0, 1); }},
          {"select", [=] { select(none, 0, 0); }},
          {"pad", [=] { pad(none, 0, 1, 1); }},
          {"flip", [=] { flip(none, 0); }},
          {"concat",
           [=] {
             concat({none, x});
           }},
          {"concat none",
           [=] {
             concat({x, none});
           }},
          {"concat of one", [=] { concat({none}); }},
          {"stack",
           [=] {
             stack({x, none});
           }},
          {"split", [=] { split(none, 1); }},
          {"squeeze", [=] { squeeze(none); }},
          {"unsqueeze", [=] { unsqueeze(none, 0); }},
          {"flatten", [=] { flatten(none); }},
          {"gather", [=] { gather(none, 0, index); }},
          {"gather none", [=] { gather(x, 0, none); }},
          {"scatter_add", [=] { scatter_add(none, 0, index, x); }},
          {"scatter_add none", [=] { scatter_add(x, 0, index, none); }},
          {"take", [=] { take(none, index); }},
          {"take none", [=] { take(x, none); }},
          {"one_hot", [=] { one_hot(none, 3); }},
          {"zeros_like", [=] { zeros_like(none); }},
          {"full_like", [=] { full_like(none, 3); }},
          {"mean", [=] { mean(none); }},
          {"var", [=] { var(none); }},
          {"norm", [=] { norm(none); }},
          {"logsumexp", [=] { logsumexp(none); }},
          {"softmax", [=] { softmax(none); }},
          {"cumprod", [=] { cumprod(none); }},
          {"linear_recurrence", [=] { linear_recurrence(x, none); }},
          {"gammainc", [=] { gammainc(none, x); }},
          {"gammaincc", [=] { gammaincc(x, none); }},
          {"exponential", [=] { exponential({2}, default_rng(), none); }},
          {"gamma", [=] { gamma({2}, default_rng(), x, none); }},
          {"multinomial", [=] { multinomial(none, 1, default_rng()); }},
          {"dot", [=] { dot(none, x); }},
          {"outer", [=] { outer(none, x); }},
          {"tril", [=] { tril(none); }},
          {"hypot", [=] { hypot(none, x); }},
          {"xlogy", [=] { xlogy(x, none); }},
          {"logaddexp", [=] { logaddexp(none, x); }},
          {"logaddexp2", [=] { logaddexp2(x, none); }},
          {"asinh", [=] { asinh(none); }},
          {"acosh", [=] { acosh(none); }},
          {"atanh", [=] { atanh(none); }},
          {"sinc", [=] { sinc(none); }},
          {"trunc", [=] { trunc(none); }},
          {"copysign", [=] { copysign(x, none); }},
          {"nan_to_num", [=] { nan_to_num(none); }},
          {"lerp", [=] { lerp(x, x, none); }},
          {"isinf", [=] { isinf(none); }},
          {"isclose", [=] { isclose(x, none); }},
          {"moveaxis", [=] { moveaxis(none, 0, 0); }},
          {"roll", [=] { roll(none, 1); }},
          {"roll an axis", [=] { roll(none, 1, 0); }},
          {"tile", [=] { tile(none, {2}); }},
          {"repeat_interleave", [=] { repeat_interleave(none, 2, 0); }},
          {"diagonal", [=] { diagonal(none); }},
          {"diag_embed", [=] { diag_embed(none); }},
          {"diag", [=] { diag(none); }},
          {"trace", [=] { trace(none); }},
          {"meshgrid", [=] { meshgrid({none}); }},
          {"einsum", [=] { einsum("i,i->", x, none); }},
          {"tensordot", [=] { tensordot(none, x, 1); }},
          {"tensordot lists", [=] { tensordot(x, none, {0}, {0}); }},
          {"inner", [=] { inner(x, none); }},
          {"kron", [=] { kron(none, x); }},
          {"cross", [=] { cross(x, none); }},
          {"addmm", [=] { addmm(none, x, x); }},
          {"masked_fill", [=] { masked_fill(none, x > 0, 1); }},
          {"masked_select", [=] { masked_select(x, none); }},
          {"masked_scatter", [=] { masked_scatter(x, x > 0, none); }},
          {"nonzero", [=] { nonzero(none); }},
          {"index_select", [=] { index_select(x, 0, none); }},
          {"index_add", [=] { index_add(x, 0, index, none); }},
          {"clamp", [=] { clamp(none, 0, 1); }},
          {"clamp by Tensors", [=] { clamp(x, none, none); }},
          {"isnan", [=] { isnan(none); }},
          {"stop_gradient", [=] { stop_gradient(none); }},
          {"record", [=] { record(Location::current(), Identity{}, none); }}};
}

std::vector<Row> of_transforms(const Tensor& none) {
  const Tensor x = track(ones({2})), loss = sum(x * x);
  const auto f = [](const Tensor& t) { return sum(t * t); };
  const auto gives_none = [](const Tensor&) { return Tensor(); };
  return {{"grad of none", [=] { grad(none, x); }},
          {"grad by none", [=] { grad(loss, none); }},
          {"grad by a list",
           [=] {
             grad(loss, std::vector<Tensor>{x, none});
           }},
          {"backward", [=] { backward(none); }},
          {"differentiate",
           [=] {
             differentiate({&none, 1}, {&none, 1}, {&x, 1});
           }},
          {"grad(f)", [=] { grad(f)(none); }},
          {"grad(none)", [=] { grad(gives_none)(x); }},
          {"value_and_grad(f)", [=] { value_and_grad(f)(none); }},
          {"vjp", [=] { vjp(f, none); }},
          {"vjp of none", [=] { vjp(gives_none, x).second(x); }},
          {"jvp", [=] { jvp(f, none, x); }},
          {"jvp along none", [=] { jvp(f, x, none); }},
          {"jvp of none", [=] { jvp(gives_none, x, x); }},
          {"jacobian", [=] { jacobian(f)(none); }},
          {"jacobian of none", [=] { jacobian(gives_none)(x); }},
          {"hessian", [=] { hessian(f)(none); }},
          {"hvp", [=] { hvp(f, none, x); }},
          {"checkpoint", [=] { checkpoint(f, none); }},
          {"checkpoint of none", [=] { checkpoint(gives_none, x); }, false},
          {"check_finite", [=] { check_finite(none); }},
          {"check_gradient", [=] { check_gradient(f, {none}); }},
          {"tape_dot", [=] { tape_dot(none); }, false},
          {"print_tape", [=] { print_tape(none); }, false}};
}

std::vector<Row> of_parameter(const Parameter& none) {
  const Tensor x = ones({2});
  const Parameter w(x);
  const Tensor loss = sum(w * w);
  return {{"value", [=] { none.value(); }},
          {"shape", [=] { none.shape(); }},
          {"dtype", [=] { none.dtype(); }},
          {"numel", [=] { none.numel(); }},
          {"item", [=] { none.item(); }},
          {"assign", [=] { Parameter(none).assign(x); }},
          {"assign none", [=] { Parameter(w).assign(Tensor()); }},
          {"assign list",
           [=] {
             assign(std::vector{w, none}, std::vector{x, x});
           }},
          {"gradient", [=] { none.gradient(); }},
          {"set_gradient", [=] { Parameter(none).set_gradient(x); }},
          {"zero_gradient", [=] { Parameter(none).zero_gradient(); }},
          {"trainable", [=] { none.trainable(); }},
          {"set_trainable", [=] { Parameter(none).set_trainable(false); }},
          {"clone", [=] { none.clone(); }},
          {"Tensor", [=] { Tensor(none).shape(); }},
          {"+", [=] { none + x; }},
          {"exp", [=] { exp(none); }},
          {"grad", [=] { grad(loss, none); }},
          {"grad by a list",
           [=] {
             grad(loss, std::vector<Parameter>{w, none});
           }},
          {"Optimizer",
           [=] {
             optim::Optimizer({w, none}, optim::sgd(0.1));
           }},
          {"Hyperparameter", [=] { optim::Hyperparameter{none}; }},
          {"Scalar", [=] { optim::Scalar{none}; }}};
}

std::vector<Row> of_the_floors_above(const Tensor& none) {
  using namespace optim;
  const Tensor x = ones({2, 3}), labels = tensor({0, 1});
  const Parameter w(x);
  const nn::Linear linear(3, 2);
  const auto moved = [](auto value) {
    auto taken = std::move(value);
    ignore(taken);
    return value;
  };
  const std::string path = "/tmp/xgrad_undefined_test";
  return {{"Linear", [=] { linear(none); }},
          {"a Linear moved from", [=] { moved(linear)(x); }},
          {"Dropout", [=] { nn::Dropout(0.5)(none); }},
          {"Sequential", [=] { nn::Sequential{linear}(none); }},
          {"relu", [=] { relu(none); }},
          {"sigmoid", [=] { sigmoid(none); }},
          {"gelu", [=] { gelu(none); }},
          {"softplus", [=] { softplus(none); }},
          {"mse_loss", [=] { nn::mse_loss(none, x); }},
          {"mse_loss none", [=] { nn::mse_loss(x, none); }},
          {"huber_loss", [=] { nn::huber_loss(x, none); }},
          {"binary_cross_entropy", [=] { nn::binary_cross_entropy(none, x); }},
          {"with logits", [=] { nn::binary_cross_entropy_with_logits(x, none); }},
          {"kl_div", [=] { nn::kl_div(none, x); }},
          {"hinge_loss", [=] { nn::hinge_loss(none, x); }},
          {"cross_entropy", [=] { nn::cross_entropy(none, labels); }},
          {"cross_entropy none", [=] { nn::cross_entropy(x, none); }},
          {"nll_loss", [=] { nn::nll_loss(none, labels); }},
          {"multi_margin_loss", [=] { nn::multi_margin_loss(none, labels); }},
          {"step", [=] { Optimizer({w}, sgd(0.1)).step({none}); }},
          {"step without gradients", [=] { Optimizer({w}, sgd(0.1)).step(); }},
          {"an Optimizer moved from", [=] { moved(Optimizer({w}, sgd(0.1))).step({x}); }},
          {"a rule moved from", [=] { Optimizer({w}, moved(sgd(0.1))).step({x}); }},
          {"a Schedule moved from", [=] { moved(constant(0.1))(3); }, false},
          {"Hyperparameter", [=] { Hyperparameter{none}; }},
          {"Scalar", [=] { optim::Scalar{none}; }},
          {"clip_gradients",
           [=] {
             clip_gradients({x, none}, 1);
           }},
          {"unroll",
           [=] {
             unroll({{none}, [](const Tensors& t) { return sum(t[0]); }}, sgd(0.1), 1);
           }},
          {"unroll of none",
           [=] {
             unroll({{x}, [](const Tensors&) { return Tensor(); }}, sgd(0.1), 1);
           }},
          {"Dataset size", [] { data::Dataset{}.size(); }},
          {"batches", [] { data::batches(data::Dataset{}); }},
          {"batches without labels",
           [=] {
             data::batches({x, none});
           }},
          {"Batches moved from",
           [=] {
             moved(data::batches({x, labels})).size();
           },
           false},
          {"a pass of Batches moved from",
           [=] {
             moved(data::batches({x, labels})).begin();
           },
           false},
          {"save_npy", [=] { data::save_npy(path, none); }},
          {"save_npz",
           [=] {
             data::save_npz(path, {{"none", none}});
           }},
          {"save",
           [=] {
             data::save(path, {{"none", none}});
           }},
          {"worst_mistakes", [=] { report::worst_mistakes(none, labels, 1); }},
          {"worst_mistakes none", [=] { report::worst_mistakes(x, none, 1); }},
          {"draw_images", [=] { report::draw_images(path, none, {}); }}};
}

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.call);
    try {
      row.body();
      FAIL_CHECK("nothing was thrown");
    } catch (const Error& error) {
      INFO(error.what());
      CHECK((std::strstr(error.what(), "undefined") || std::strstr(error.what(), "moved from") ||
             std::strstr(error.what(), "no parameter has a gradient")));
      CHECK((!row.placed || std::strstr(error.where().file_name(), "undefined_test.cpp")));
    }
  }
}

template <class T>
T moved_from(T value) {
  const T taken = std::move(value);
  CHECK(taken.defined());
  return value;
}

}  // namespace

TEST_CASE("whatever is asked of an undefined Tensor is an error that says so", "[undefined]") {
  for (const Tensor& none : {Tensor(), moved_from(ones({2}))}) {
    check_rows(of_tensor(none));
    check_rows(of_transforms(none));
    check_rows(of_the_floors_above(none));
  }
}

TEST_CASE("whatever is asked of an undefined Parameter is an error that says so", "[undefined]") {
  for (const Parameter& none : {Parameter(), moved_from(Parameter(ones({2})))}) check_rows(of_parameter(none));
}

TEST_CASE("an undefined Tensor may be copied, moved, printed and asked whether it is defined", "[undefined]") {
  Tensor none, other = none;
  other = std::move(none);
  std::ostringstream text;
  text << other << ' ' << describe(other);
  CHECK(text.str() == "undefined undefined");
  CHECK_FALSE((other.defined() || other.tracked() || other.evaluated() || Parameter().defined()));
  CHECK_FALSE(Tensor(Parameter()).defined());
  CHECK_FALSE(Parameter::holder(other).defined());
}

TEST_CASE("the error names what was asked, and where", "[undefined]") {
  try {
    Tensor().shape();
    FAIL("nothing was thrown");
  } catch (const GraphError& error) {
    CHECK(std::string(error.what()) ==
          "shape: the Tensor is undefined, at undefined_test.cpp:" + std::to_string(__LINE__ - 4));
  }
  CHECK_THROWS_WITH(Parameter().value(), Catch::Contains("value: the Parameter is undefined, at undefined_test.cpp:"));
  CHECK_THROWS_WITH(data::Dataset{}.size(), Catch::Contains("size: the Tensor is undefined, at undefined_test.cpp:"));
}

}  // namespace xgrad::undefined_test
