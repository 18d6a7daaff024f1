// How the arguments of reductions are read.

#include <catch2/catch.hpp>
#include <limits>

#include "autograd/autograd.hpp"

namespace xgrad::reduce_test {
namespace {

const Tensor x = tensor({{1.0, 2.0, 2.0}, {3.0, 4.0, 0.0}}, float64);

TEST_CASE("keep_dims after any other argument of a reduction keeps the axes") {
  CHECK(sum(x, keep_dims).shape() == Shape{1, 1});
  CHECK(sum(x, keep_dims).to_vector() == std::vector<double>{12});
  CHECK(prod(x, keep_dims).shape() == Shape{1, 1});
  CHECK(max(x, keep_dims).to_vector() == std::vector<double>{4});
  CHECK(min(x, keep_dims).shape() == Shape{1, 1});
  CHECK(mean(x, keep_dims).to_vector() == std::vector<double>{2});
  CHECK(logsumexp(x, keep_dims).shape() == Shape{1, 1});
  CHECK(sum(x, -1, keep_dims).to_vector() == std::vector<double>{5, 7});
  CHECK(sum(x, {0, 1}, keep_dims).shape() == Shape{1, 1});
  CHECK(argmax(x, 1, keep_dims).shape() == Shape{2, 1});
  for (const Axes& axes : {Axes(-1), Axes{0, 1}, all_axes}) {
    CHECK(var(x, axes, keep_dims).to_vector() == var(x, axes, 1, keep_dims).to_vector());
    CHECK(var(x, axes, keep_dims).shape() == sum(x, axes, keep_dims).shape());
    CHECK(xgrad::std(x, axes, keep_dims).to_vector() == xgrad::std(x, axes, 1, keep_dims).to_vector());
    CHECK(norm(x, axes, keep_dims).shape() == sum(x, axes, keep_dims).shape());
  }
  CHECK(var(x, keep_dims).to_vector() == var(x).to_vector());
  CHECK(xgrad::std(x, keep_dims).shape() == Shape{1, 1});
  CHECK(norm(x, keep_dims).shape() == Shape{1, 1});
}

TEST_CASE("a number after the Tensor is an axis in every reduction, and norms have an order of their own") {
  CHECK(norm(x, -1, keep_dims).shape() == Shape{2, 1});
  CHECK(norm(x, -1).to_vector() == std::vector<double>{3, 5});
  CHECK(norm(x, 0, {.p = 1}).to_vector() == std::vector<double>{4, 6, 2});
  CHECK(norm(x, all_axes, {.p = 1}, keep_dims).to_vector() == std::vector<double>{12});
  CHECK(norm(x, -1, {std::numeric_limits<double>::infinity()}).to_vector() == std::vector<double>{2, 4});
}

TEST_CASE("no axes at all are not keep_dims") {
  CHECK(sum(x, {}).entry() == x.entry());
  CHECK(max(x, Axes()).entry() == x.entry());
  CHECK(sum(x, {}, keep_dims).entry() == x.entry());
}

TEST_CASE("whether axes are kept may be decided by the program") {
  for (const bool keep : {false, true}) CHECK(sum(x, 1, KeepDims{keep}).ndim() == (keep ? 2 : 1));
}

// What could be read in two ways does not compile. (A template, for what is not there is an error outside one.)
template <class T, class Bool>
constexpr bool takes_bools() {
  return requires(T t, Bool b) { sum(t, b); }
  || requires(T t, Bool b) { sum(t, -1, b); }
  || requires(T t, Bool b) { max(t, b); }
  || requires(T t, Bool b) { mean(t, -1, b); }
  || requires(T t, Bool b) { var(t, b); }
  || requires(T t, Bool b) { var(t, -1, b); }
  || requires(T t, Bool b) { xgrad::std(t, -1, b); }
  || requires(T t, Bool b) { var(t, -1, 1, b); }
  || requires(T t, Bool b) { norm(t, b); }
  || requires(T t, Bool b) { norm(t, -1, b); }
  || requires(T t, Bool b) { norm(t, 2, -1, b); }
  || requires(T t, Bool b) { logsumexp(t, b); }
  || requires(T t, Bool b) { argmax(t, b); }
  || requires(T t, Bool b) { argmin(t, -1, b); };
}
template <class T, class Keep>
constexpr bool takes_keep_dims_for_something_else() {
  return requires(T t, Keep k) { softmax(t, k); }
  || requires(T t, Keep k) { cumsum(t, 0, k); }
  || requires(T t, Keep k) { t* k; }
  || requires(T t, Keep k) { argmax(t, k); }
  || requires(T t, Keep k) { norm(t, k, -1); }
  || requires(T t, Keep k) { sum(t, {0, k}); }
  || requires(T t, Keep k) { var(t, k, 1); };
}
template <class T, class Number>
constexpr bool takes_orders_as_axes() {
  return requires(T t, Number n) { norm(t, n); }
  || requires(T t, Number n) { sum(t, n); }
  || requires(T t, Number n) { norm(t, n, -1); };
}
static_assert(!takes_bools<Tensor, bool>());
static_assert(!takes_bools<Parameter, bool>());
static_assert(!takes_keep_dims_for_something_else<Tensor, KeepDims>());
static_assert(!takes_orders_as_axes<Tensor, double>());
static_assert(takes_orders_as_axes<Tensor, int>());  // so that the ones above are not false for another reason

}  // namespace
}  // namespace xgrad::reduce_test
