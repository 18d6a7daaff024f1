#include "autograd/xtensor.hpp"

#include <catch2/catch.hpp>
#include <xtensor/xview.hpp>

#include "autograd/autograd.hpp"

namespace xtensor_test {

using namespace xgrad;

TEST_CASE("an xtensor array becomes a Tensor of its elements") {
  const xt::xarray<double> array{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}};
  const Tensor x = from_xtensor(array);
  CHECK(x.shape() == Shape{2, 3});
  CHECK(x.dtype() == float64);
  CHECK(x.to_vector() == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(static_cast<const void*>(x.data<double>().data()) != static_cast<const void*>(array.data()));
}

TEST_CASE("any xtensor expression becomes a Tensor: lazy, transposed, column-major, strided, reduced") {
  const xt::xarray<float> a{{1.f, 2.f, 3.f}, {4.f, 5.f, 6.f}};
  CHECK(from_xtensor(a + 1.f).to_vector() == std::vector<double>{2, 3, 4, 5, 6, 7});
  const Tensor transposed = from_xtensor(xt::transpose(a));
  CHECK(transposed.shape() == Shape{3, 2});
  CHECK(transposed.to_vector() == std::vector<double>{1, 4, 2, 5, 3, 6});
  const xt::xarray<float, xt::layout_type::column_major> columns = a;
  CHECK(from_xtensor(columns).to_vector() == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(from_xtensor(xt::view(a, xt::all(), xt::range(0, 3, 2))).to_vector() == std::vector<double>{1, 3, 4, 6});
  CHECK(from_xtensor(xt::sum(a, {1})).to_vector() == std::vector<double>{6, 15});
  const xt::xtensor<float, 1> fixed{7.f, 8.f};
  CHECK(from_xtensor(fixed).to_vector() == std::vector<double>{7, 8});
}

TEST_CASE("element types from xtensor: float and bool stay, integers become int64") {
  CHECK(from_xtensor(xt::xarray<float>{1.f}).dtype() == float32);
  const Tensor whole = from_xtensor(xt::xarray<int>{-3, 4});
  CHECK(whole.dtype() == int64);
  CHECK(whole.to_vector<std::int64_t>() == std::vector<std::int64_t>{-3, 4});
  const xt::xarray<int> ints{1, -1};
  const Tensor mask = from_xtensor(ints > 0);
  CHECK(mask.dtype() == boolean);
  CHECK(mask.to_vector() == std::vector<double>{1, 0});
}

TEST_CASE("an array without axes and one without elements") {
  const xt::xarray<float> one = 2.5f;
  CHECK(from_xtensor(one).shape() == Shape{});
  CHECK(from_xtensor(one).item() == 2.5);
  const auto none = xt::xarray<float>::from_shape({0, 3});
  CHECK(from_xtensor(none).shape() == Shape{0, 3});
  CHECK(from_xtensor(xt::xarray<float>::from_shape({2, 0})).shape() == Shape{2, 0});
  CHECK(as_xarray<float>(from_xtensor(none)).shape()[1] == 3);
}

TEST_CASE("an array that is moved is adopted, not copied") {
  xt::xarray<float> array{{1.f, 2.f}, {3.f, 4.f}};
  const void* elements = array.data();
  const Tensor x = from_xtensor(std::move(array));
  CHECK(static_cast<const void*>(x.data<float>().data()) == elements);
  CHECK(x.to_vector() == std::vector<double>{1, 2, 3, 4});
  CHECK(sum(x * x).item() == 30);
  xt::xtensor<std::int64_t, 2> fixed{{1, 2}};
  const void* whole = fixed.data();
  CHECK(static_cast<const void*>(from_xtensor(std::move(fixed)).data<std::int64_t>().data()) == whole);
}

TEST_CASE("a Tensor is seen by xtensor without a copy, for as long as the view lives") {
  Tensor x = tensor({{1.0, 2.0}, {3.0, 4.0}}) * 2;
  auto view = as_xarray<float>(x);
  CHECK(static_cast<const void*>(view.data()) == static_cast<const void*>(x.data<float>().data()));
  x = Tensor();
  CHECK(view(1, 0) == 6.f);
  const auto copy = view;
  CHECK(copy(1, 1) == 8.f);
  const xt::xarray<float> sums = xt::sum(view, {0});
  CHECK(sums == xt::xarray<float>{8.f, 12.f});
}

TEST_CASE("a view of a Tensor may be a temporary within an expression") {
  const xt::xarray<double> y = as_xarray<double>(tensor({1.0, 2.0}, float64) + 1) * 10.0;
  CHECK(y == xt::xarray<double>{20.0, 30.0});
}

TEST_CASE("asking xtensor for another element type is a DTypeError") {
  CHECK_THROWS_AS(as_xarray<double>(tensor({1.0f})), DTypeError);
}

}  // namespace xtensor_test
